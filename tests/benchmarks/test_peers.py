"""The protocol that peers are spoken to, with a process that answers what it was told."""

import sys
from pathlib import Path

import pytest

from benchmarks.quality.peers.contenders import any_field, estimated, whole_set
from benchmarks.quality.peers.evidently_peer import told
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


def test_evidently_s_distances_and_p_values_become_ratios() -> None:
    def drift(column: str, method: str, value: float, threshold: float) -> dict[str, object]:
        config = {"type": "evidently:metric_v2:ValueDrift", "column": column, "method": method, "threshold": threshold}
        return {"metric_name": f"ValueDrift({column})", "config": config, "value": value}

    count = {
        "metric_name": "DriftedColumnsCount",
        "config": {"type": "evidently:metric_v2:DriftedColumnsCount", "drift_share": 0.5},
        "value": {"count": 2.0, "share": 2 / 3},
    }
    answer = told(
        {
            "metrics": [
                count,
                drift("a", "Wasserstein distance (normed)", 0.2, 0.1),
                drift("b", "K-S p_value", 0.01, 0.05),
                drift("c", "chi-square p_value", 0.5, 0.05),
            ]
        }
    )
    assert answer == {"ratios": pytest.approx({"a": 2.0, "b": 5.0, "c": 0.1}), "dataset": True}


def test_answers_are_read_as_verdicts() -> None:
    answer = {"ratios": {"a": 2.0, "b": 1.5, "c": 0.1}, "dataset": True}
    assert any_field(answer).fields == ("a", "b")
    assert any_field(answer).statistic == 2.0
    # Two of three fields are at least half: the second largest ratio decides.
    assert whole_set(answer).statistic == 1.5
    fallen = {"ratios": {}, "alerts": [], "estimate": 0.8, "left": 1.2, "fallen": 1.2, "alert": True}
    assert (estimated(fallen).alarm, estimated(fallen).estimate, estimated(fallen).severity) == (True, 0.8, 1.2)
