"""``modelwatch check``: two files compared, without a store."""

from pathlib import Path

import numpy as np
import pytest

from tests.modelwatch.command_line import MODEL_FILE, Command, rows

pytestmark = pytest.mark.slow


def test_check_says_whether_the_data_changed(folder: Path, command: Command) -> None:
    Path("credit.yaml").write_text(MODEL_FILE)
    rows(2000, "2026-01-01").to_csv("reference.csv", index=False)
    rows(2000, "2026-02-01", 0.0, 1).to_parquet("same.parquet")
    rows(2000, "2026-03-01", 1.0, 2).to_json("moved.jsonl", orient="records", lines=True, date_format="iso")
    same = command("check", "--reference", "reference.csv", "--current", "same.parquet", "--model-file", "credit.yaml")
    assert (same.status, same.err) == (0, "")
    moved = command("check", "--reference", "reference.csv", "--current", "moved.jsonl", "--json")
    assert moved.status == 1
    assert moved.json["drift"] is True
    assert "x" in moved.json["changed_fields"]
    assert "region" not in moved.json["changed_fields"]
    assert not {"id", "ts"} & {each["field"] for each in moved.json["findings"]}
    assert "column 'id' differs from row to row like an id" in moved.err
    assert not Path("modelwatch-data").exists()


def test_check_sees_what_is_missing_and_what_lacks_altogether(folder: Path, command: Command) -> None:
    frame = rows(2000, "2026-01-01")[["x", "region"]]
    frame.to_csv("reference.csv", index=False)
    holes = rows(2000, "2026-01-01", 0.0, 1)[["x", "region"]]
    holes.loc[::3, "x"] = np.nan
    holes.to_csv("holes.csv", index=False)
    found = command("check", "--reference", "reference.csv", "--current", "holes.csv", "--json")
    assert found.status == 1
    assert [each["method"] for each in found.json["findings"] if each["status"] == "critical"] == ["missing"]
    frame[["x"]].to_csv("half.csv", index=False)
    lacking = command("check", "--reference", "reference.csv", "--current", "half.csv")
    assert lacking.status == 1
    assert "the current file lacks region" in lacking.err


def test_check_of_too_few_rows_is_neither_yes_nor_no(folder: Path, command: Command) -> None:
    rows(20, "2026-01-01")[["x"]].to_csv("few.csv", index=False)
    found = command("check", "--reference", "few.csv", "--current", "few.csv")
    assert found.status == 2
    assert "too few rows" in found.err
