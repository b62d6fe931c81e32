"""The commands, from a model file to results, and what they say when something is wrong."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from modelwatch.commands.watch import RESULT_KEYS
from store.engine import migrate, open_engine
from tests.modelwatch.command_line import MODEL_FILE, Command, rows

pytestmark = pytest.mark.slow


def test_from_a_model_file_to_results_and_alerts(credit: Command) -> None:
    rows(1440, "2026-02-01", 0.0, 1).to_csv("monday.csv", index=False)
    rows(1440, "2026-02-02", 1.0, 2).to_csv("tuesday.csv", index=False)
    for file in ("monday.csv", "tuesday.csv"):
        done = credit("ingest", "credit", file, "--json")
        assert (done.status, done.json["accepted"], done.json["rejected_total"]) == (0, 1440, 0)
        assert credit("labels", "credit", file, "--json").json["accepted"] == 1440
    summary = credit("cycle", "--once", "--now", "2026-02-03T00:00:00Z").json
    assert (summary["rows_profiled"], summary["windows"], summary["errors"]) == (2880, 4, [])

    results = credit("results", "credit", "--json").lines
    assert {tuple(result) for result in results} == {RESULT_KEYS}
    drift = {(each["window_end"], each["field"]): each["status"] for each in results if each["kind"] == "drift"}
    chosen = next(each for each in results if each["status"] in ("warning", "critical") and each["field"] == "x")
    said = credit("explain", str(chosen["id"]))
    assert (said.status, said.out.startswith("Model credit, monitor drift: ks of 'x'")) == (0, True)
    assert credit("explain", str(chosen["id"]), "--json").json["result"] == chosen
    unknown = credit("explain", "123456")
    assert (unknown.status, unknown.out) == (2, "")
    assert "there is no result 123456" in unknown.err
    assert drift["2026-02-02T00:00:00Z", "x"] == "ok"
    assert drift["2026-02-03T00:00:00Z", "x"] == "critical"
    assert drift["2026-02-03T00:00:00Z", "region"] == "ok"
    assert {each["version"] for each in results} == {"3"}
    later = credit("results", "credit", "--json", "--since", "2026-02-02T00:00:00Z", "--kind", "drift").lines
    assert {(each["window_end"], each["kind"]) for each in later} == {("2026-02-03T00:00:00Z", "drift")}
    assert "critical" in credit("results", "credit").out
    bad = credit("results", "credit", "--json", "--bad").lines
    assert bad == [each for each in results if each["status"] in ("warning", "critical")]
    assert bad == credit("results", "credit", "--json", "--status", "warning", "--status", "critical").lines
    named = credit("results", "credit", "--json", "--monitor", "drift", "--field", "x", "--field", "region").lines
    assert named == [each for each in results if each["monitor"] == "drift" and each["field"] in ("x", "region")]
    assert len(credit("results", "credit", "--bad", "--field", "x").out.splitlines()) < len(bad) + 1
    none = credit("results", "credit", "--field", "nothing")
    assert (none.status, none.out) == (0, "")
    assert "no result of model credit is like that" in none.err
    assert "--monitor 'tuesday' is not known: use drift, " in credit("results", "credit", "--monitor", "tuesday").err
    assert credit("results", "credit", "--json", "--as-of", "2026-02-02T23:59:59Z").lines == []
    assert credit("results", "credit", "--json", "--as-of", "2026-02-03T00:00:00Z").lines == results

    firing = {each["field"] for each in credit("alerts", "credit", "--json").lines if each["state"] == "firing"}
    assert "x" in firing
    assert "region" not in firing
    shown = credit("alerts", "credit")
    assert " firing " in shown.out
    assert " inactive " not in shown.out
    assert "more are inactive: --all lists them" in shown.err
    assert " inactive " in credit("alerts", "credit", "--all").out
    again = credit("cycle", "--once", "--now", "2026-02-03T00:00:00Z").json
    assert (again["rows_profiled"], again["windows"], again["alerts_fired"]) == (0, 0, 0)


def test_the_same_file_twice_counts_once_and_other_content_is_refused(credit: Command) -> None:
    frame = rows(50, "2026-02-01")
    frame.to_csv("day.csv", index=False)
    assert credit("ingest", "credit", "day.csv", "--json").json["accepted"] == 50
    assert credit("ingest", "credit", "day.csv", "--json").json["duplicates"] == 50
    frame.loc[3, "x"] = 99.0
    frame.to_csv("day.csv", index=False)
    done = credit("ingest", "credit", "day.csv", "--json").json
    assert (done["duplicates"], done["rejected_total"]) == (49, 1)
    assert done["rejected"][0]["index"] == 3
    assert done["rejected"][0]["field"] == "prediction_id"


def test_a_bad_row_is_named_and_its_neighbours_are_kept(credit: Command) -> None:
    frame = rows(6, "2026-02-01").astype({"ts": "str", "id": "str"})
    frame.loc[1, "ts"] = "yesterday"
    frame.loc[2, "ts"] = "2999-01-01T00:00:00Z"
    frame.loc[3, "id"] = ""
    frame.loc[4, "region"] = "x" * 10_001
    frame.to_csv("day.csv", index=False)
    done = credit("ingest", "credit", "day.csv", "--json").json
    assert done["accepted"] == 2
    assert [(each["index"], each["field"]) for each in done["rejected"]] == [
        (1, "timestamp"),
        (2, "timestamp"),
        (3, "prediction_id"),
        (4, "features.region"),
    ]
    told = credit("ingest", "credit", "day.csv")
    assert told.out == "predictions: 0 accepted, 2 duplicates, 4 rejected\n"
    assert "row 2: timestamp is missing or not an RFC 3339 instant" in told.err


def test_labels_that_are_not_there_are_passed_over(credit: Command) -> None:
    Path("labels.csv").write_text("id,repaid\na,1\nb,\nc,0\n")
    done = credit("labels", "credit", "labels.csv", "--json").json
    assert (done["accepted"], done["unlabelled"], done["rejected_total"]) == (2, 1, 0)


def test_importance_is_measured_with_the_function_that_is_named(credit: Command) -> None:
    Path("scoring.py").write_text("def predict(features):\n    return (features['x'] >= 0).astype(int)\n")
    done = credit("baseline", "credit", "baseline.csv", "--version", "3", "--predict", "scoring:predict")
    assert done.status == 0
    # The model lives on x alone: what is lost without it is what the outputs dealt at random lose, but for luck.
    assert re.search(r"importance of x: (1|0\.9\d*); 0\.\d+ \(\+- 0\.00\d+\) is lost", done.err)
    assert "importance of region: 0; 0 (+- 0) is lost when it is shuffled" in done.err
    rows(1440, "2026-02-01", 1.0, 1).to_csv("monday.csv", index=False)
    assert credit("ingest", "credit", "monday.csv").status == 0
    credit("cycle", "--once", "--now", "2026-02-02T00:00:00Z")
    drift = [each for each in credit("results", "credit", "--json").lines if each["method"] == "drift"]
    assert [bool(re.search(r"importance (1|0\.9\d*) \(permutation\)", each["reason"])) for each in drift] == [True]


@pytest.mark.parametrize(
    ("named", "module", "complaint"),
    [
        ("scoring", "", "names no function: write it like package.module:function"),
        ("nowhere:predict", "", "module nowhere cannot be imported: ModuleNotFoundError"),
        ("broken_a:predict", "1 / 0", "module broken_a cannot be imported: ZeroDivisionError: division by zero"),
        ("broken_b:predict", "", "module broken_b has no 'predict'"),
        ("broken_c:predict", "predict = 3", "is not a function, it is a int"),
        ("broken_d:predict", "def predict(f): return f['y']", "failed on 2,000 rows: KeyError: 'y'"),
        ("broken_e:predict", "def predict(f): return [1]", "one value for each of 2,000 rows, not shape (1,)"),
        ("broken_f:predict", "def predict(f): return ['maybe'] * len(f)", "'maybe', which is no class of the model"),
        ("broken_g:predict", "def predict(f): return [1] * len(f)", "the model does no better than chance"),
    ],
)
def test_a_function_that_will_not_do_is_named(credit: Command, named: str, module: str, complaint: str) -> None:
    if named.startswith("broken"):
        Path(f"{named.partition(':')[0]}.py").write_text(f"{module}\n")
    done = credit("baseline", "credit", "baseline.csv", "--predict", named)
    assert done.status == 2
    assert complaint in done.err


def test_a_plan_changes_nothing(credit: Command) -> None:
    Path("credit.yaml").write_text(MODEL_FILE.replace("window: 1d}\n  - {kind: perf", "window: 7d}\n  - {kind: perf"))
    planned = credit("apply", "credit.yaml", "--plan")
    assert "7d" in planned.out
    assert credit("apply", "credit.yaml", "--plan").out == planned.out
    assert credit("apply", "credit.yaml").out == planned.out
    assert credit("apply", "credit.yaml").out == ""


def test_a_key_is_shown_once(command: Command) -> None:
    token = command("keys", "create", "ci", "--model", "credit", "--scope", "read", "--scope", "write").out.strip()
    (key,) = command("keys", "list", "--json").lines
    assert token.startswith(f"mw_{key['prefix']}_")
    assert (key["scopes"], key["models"], key["in_force"]) == (["read", "write"], ["credit"], True)
    assert command("keys", "revoke", key["prefix"]).status == 0
    assert command("keys", "list", "--json").lines[0]["in_force"] is False
    assert command("keys", "revoke", key["prefix"]).status == 2
    assert Path("modelwatch-data/key-pepper").stat().st_mode & 0o077 == 0


def test_keys_of_a_shared_store_need_a_pepper_that_is_set(
    command: Command, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODELWATCH_DATABASE_URL", f"sqlite:///{folder}/shared.db")
    assert "MODELWATCH_KEY_PEPPER" in command("keys", "create", "ci").err
    monkeypatch.setenv("MODELWATCH_KEY_PEPPER", "a long random text")
    assert command("keys", "create", "ci").status == 0


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["ingest", "nobody", "x.csv"], "there is no model 'nobody'"),
        (["results", "nobody"], "there is no model 'nobody'"),
        (["apply", "nothing.yaml"], "nothing.yaml cannot be read: No such file"),
        (["cycle"], "say --once"),
        (["cycle", "--once", "--now", "2026-05-01T00:00:00"], "has no time zone: write it like 2026-05-01T00:00:00Z"),
        (["cycle", "--once", "--now", "soon"], "'soon' is not an instant"),
        (["results", "credit", "--kind", "weather"], "--kind 'weather' is not known: use drift"),
        (["results", "credit", "--status", "bad"], "--status 'bad' is not known: use ok, warning, critical"),
        (["results", "credit", "--bad", "--status", "ok"], "--bad is short for --status warning --status critical"),
        (["check", "--reference", "no.csv", "--current", "no.csv"], "there is no file no.csv"),
        (["keys", "create", " "], "name: a key needs one"),
        (["bogus"], "No such command 'bogus'"),
        (["results"], "Missing argument 'MODEL'"),
        (["collector", "--port", "99999"], "65535"),
    ],
)
def test_what_users_get_wrong_ends_in_a_sentence(command: Command, arguments: list[str], told: str) -> None:
    answer = command(*arguments)
    assert (answer.status, answer.out) == (2, "")
    assert told in answer.err
    assert "Traceback" not in answer.err


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("model: [", "is not valid YAML: line 1"),
        ("3", "holds no model"),
        ("model: a\ntask: binary\nwindow: 1d", "unknown field `window`"),
        ("model: a\ntask: binary\nmonitors: [{kind: drift, window: soon}]", "'soon' is not a duration"),
        ("task: binary", "missing required field `model`"),
    ],
)
def test_a_wrong_model_file_is_explained(command: Command, text: str, told: str) -> None:
    Path("wrong.yaml").write_text(text)
    answer = command("apply", "wrong.yaml")
    assert answer.status == 2
    assert answer.err.startswith("modelwatch: wrong.yaml")
    assert told in answer.err


def test_a_store_that_cannot_be_opened_is_named(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODELWATCH_DATABASE_URL", "postgresql://user:secret@127.0.0.1:1/none")
    answer = command("alerts")
    assert answer.status == 2
    assert answer.err.startswith("modelwatch: the store postgresql://127.0.0.1:1/none cannot be opened")
    assert "secret" not in answer.err


def test_settings_that_are_wrong_are_named(command: Command) -> None:
    Path("modelwatch.toml").write_text("colector_port = 1")
    answer = command("alerts")
    assert answer.status == 2
    assert "did you mean collector_port?" in answer.err


def test_debug_lets_the_cause_through(command: Command) -> None:
    with pytest.raises(Exception, match="there is no model"):
        command("results", "nobody", "--debug")


def test_an_empty_shared_store_is_made_ready_and_one_that_is_behind_is_not(
    command: Command, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODELWATCH_DATABASE_URL", postgres_url)
    engine = open_engine(postgres_url)
    with engine.begin() as conn:
        conn.exec_driver_sql("DROP SCHEMA public CASCADE")
        conn.exec_driver_sql("CREATE SCHEMA public")
    engine.dispose()
    answer = command("alerts")
    assert (answer.status, answer.err) == (0, "there are no alerts\n")
    migrate(postgres_url)
    engine = open_engine(postgres_url)
    with engine.begin() as conn:
        conn.exec_driver_sql("UPDATE alembic_version SET version_num = 'r9999'")
    engine.dispose()
    assert "newer release" in command("alerts").err


@pytest.mark.slow
def test_a_report_of_a_window_is_one_page(credit: Command) -> None:
    rows(1440, "2026-02-01", 0.5, 1).rename(columns={"region": "<b>region</b>"}).to_csv("day.csv", index=False)
    rows(2000, "2026-01-01").rename(columns={"region": "<b>region</b>"}).to_csv("baseline.csv", index=False)
    assert credit("baseline", "credit", "baseline.csv").status == 0
    assert credit("ingest", "credit", "day.csv").status == 0
    made = credit("report", "credit", "--window", "last", "--out", "report.html")
    assert (made.status, made.out) == (0, "report.html\n")
    assert "comparing 1,440 of 1,440 rows of the window, 2,000 of 2,000 rows of the baseline" in made.err
    page = Path("report.html").read_text()
    assert "<h1>credit: 2026-02-01 00:00 UTC to 2026-02-02 00:00 UTC</h1>" in page
    assert "\\u003cb\\u003eregion" in page
    assert "<b>region" not in page


def test_a_report_says_what_is_not_there(credit: Command) -> None:
    def told(*arguments: str) -> str:
        answer = credit("report", "credit", "--out", "report.html", "--window", *arguments)
        assert (answer.status, answer.out) == (2, "")
        assert not Path("report.html").exists()
        return answer.err

    assert "has no rows yet" in told("last")
    rows(100, "2026-02-01").to_csv("day.csv", index=False)
    credit("ingest", "credit", "day.csv")
    january = "2026-01-01T00:00:00Z/2026-01-02T00:00:00Z"
    assert "has no rows from 2026-01-01 00:00 UTC to 2026-01-02 00:00 UTC" in told(january)
    assert "in the segment region=east" in told("last", "--segment", "region=east")
    for window in ("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z/2026-01-01T00:00:00Z"):
        assert "is no span: write START/END, or last" in told(window)
    assert "no time zone" in told("2026-01-01/2026-01-02")
    away = credit("report", "credit", "--window", "last", "--out", "no/folder/report.html")
    assert "there is no folder no/folder" in away.err
    with open_engine("sqlite:///modelwatch-data/modelwatch.db").begin() as conn:
        conn.exec_driver_sql("DELETE FROM baseline_rows")
    assert "no rows were kept of baseline 1" in told("last")
    Path("other.yaml").write_text(MODEL_FILE.replace("credit", "other"))
    credit("apply", "other.yaml")
    other = credit("report", "other", "--window", january, "--out", "report.html")
    assert "model other has no baseline yet" in other.err


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys, modelwatch.cli\n"
        "heavy = {'numpy', 'pandas', 'pyarrow', 'scipy', 'pydantic', 'sqlalchemy', 'msgspec', 'streamlit'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout == "[]\n"


def test_it_runs_as_a_module() -> None:
    answer = subprocess.run([sys.executable, "-m", "modelwatch", "--help"], capture_output=True, text=True, check=True)
    assert "baseline" in answer.stdout


def test_a_reader_that_leaves_early_is_no_failure(credit: Command) -> None:
    rows(1440, "2026-02-01", 0.0, 1).to_csv("monday.csv", index=False)
    credit("ingest", "credit", "monday.csv")
    credit("cycle", "--once", "--now", "2026-02-02T00:00:00Z")
    shown = [sys.executable, "-m", "modelwatch", "results", "credit", "--json"]
    with subprocess.Popen(shown, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        told = process.stderr.read()
    assert (process.returncode, told) == (1, b"")


def test_segments_that_the_baseline_cannot_serve_are_told(command: Command, folder: Path) -> None:
    document = MODEL_FILE + "segments: [region, [region, shop], colour]\n"
    (folder / "model.yaml").write_text(document)
    frame = rows(3000, "2026-05-01")
    frame.assign(shop=[f"shop{number % 60}" for number in range(len(frame))]).to_csv("base.csv", index=False)
    assert command("apply", "model.yaml").status == 0
    told = command("baseline", "credit", "base.csv")
    assert told.status == 0
    colour = "segments: colour is no field with categories at the baseline, so it has no segments"
    pairs = "segments: the pair region & shop has 120 pairs of values at the baseline, the 50 most frequent are judged"
    assert colour in told.err
    assert pairs in told.err
    (folder / "model.yaml").write_text(document.replace(", colour", ", [region, brand]"))
    again = command("apply", "model.yaml", "--plan")
    assert again.out == ("segments: [region, [region, shop], colour] -> [region, [region, shop], [region, brand]]\n")
    assert "the pair region & brand is not judged until the baseline is set again" in again.err
