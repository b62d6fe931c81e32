"""The protocol that peers are spoken to, with a process that answers what it was told."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.quality.peers.contenders import any_field, estimated, whole_set
from benchmarks.quality.peers.process import PeerProcess
from tests.benchmarks.streams import KINDS, rows_of

ECHO = """
import json, sys
import pandas
for count, line in enumerate(sys.stdin):
    request = json.loads(line)
    if count == 3:
        raise SystemExit("had enough")
    rows = pandas.read_parquet(request.get("fit") or request["judge"])
    kinds = [request.get("numeric"), request.get("categorical")]
    print(json.dumps({"count": count, "rows": len(rows), "place": rows["place"][0], "kinds": kinds}), flush=True)
"""


def test_frames_reach_a_peer_and_a_repeated_question_is_not_asked_again(tmp_path: Path) -> None:
    (tmp_path / "echo.py").write_text(ECHO)
    peer = PeerProcess(Path(sys.executable), str(tmp_path / "echo.py"))
    baseline, window = rows_of(50, 1), rows_of(20, 2)
    try:
        peer.fit(baseline, KINDS)
        assert peer.judge(baseline)["kinds"] == [["first", "second", "score"], ["place"]]
        answer = peer.judge(window)
        assert (answer["count"], answer["rows"], answer["place"]) == (1, 20, window["place"][0])
        assert peer.judge(window) is answer
        assert peer.judge(rows_of(20, 3))["count"] == 2
        with pytest.raises(OSError, match="had enough"):
            peer.judge(rows_of(20, 4))
    finally:
        peer.close()


# Both ways on the same rows: the preset's whole report, and the tests alone.
BOTH = """
import json, sys, warnings
warnings.simplefilter("ignore")
import pandas
from evidently import DataDefinition, Dataset, Report
from evidently.presets import DataDriftPreset
from benchmarks.quality.peers.evidently_peer import judged
before, now = pandas.read_parquet(sys.argv[1]), pandas.read_parquet(sys.argv[2])
parts = DataDefinition(numerical_columns=["first", "second", "score"], categorical_columns=["place"])
one, other = (Dataset.from_pandas(rows, data_definition=parts) for rows in (now, before))
kinds = {"first": "num", "second": "num", "score": "num", "place": "cat"}
report = Report([DataDriftPreset()]).run(one, other).dict()["metrics"]
print(json.dumps([report, judged(before, now, kinds)], default=str))
"""


@pytest.mark.slow
@pytest.mark.parametrize("rows", [400, 3_000])
def test_evidently_s_tests_are_those_of_its_preset(tmp_path: Path, rows: int) -> None:
    before, now = rows_of(rows, 1), rows_of(rows, 2).assign(second=lambda frame: frame["second"] * 1.2)
    for name, frame in (("before", before), ("now", now)):
        frame.astype({"place": object}).drop(columns=["label", "prediction"]).to_parquet(tmp_path / name)
    command = [sys.executable, "-c", BOTH, str(tmp_path / "before"), str(tmp_path / "now")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    report, answer = json.loads(done.stdout.strip().splitlines()[-1])
    count, *fields = report
    for metric in fields:
        config, value = metric["config"], float(metric["value"])
        limit = float(config["threshold"])
        expected = limit / value if "p_value" in config["method"] else value / limit
        assert answer["ratios"][config["column"]] == pytest.approx(expected), config
    assert len(answer["ratios"]) == len(fields) == 4
    assert answer["dataset"] == (float(count["value"]["share"]) >= 0.5)
    assert answer["ratios"]["second"] >= 1


def test_answers_are_read_as_verdicts() -> None:
    answer = {"ratios": {"a": 2.0, "b": 1.5, "c": 0.1}, "dataset": True}
    assert any_field(answer).fields == ("a", "b")
    assert any_field(answer).statistic == 2.0
    # Two of three fields are at least half: the second largest ratio decides.
    assert whole_set(answer).statistic == 1.5
    fallen = {"ratios": {}, "alerts": [], "estimate": 0.8, "left": 1.2, "fallen": 1.2, "alert": True}
    assert (estimated(fallen).alarm, estimated(fallen).estimate, estimated(fallen).severity) == (True, 0.8, 1.2)
