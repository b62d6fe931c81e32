"""Evidently's DataDriftPreset with its defaults, as a process: a JSON request a line in, a JSON answer a line out.

Requests: ``{"fit": PARQUET, "numeric": [...], "categorical": [...]}`` and ``{"judge": PARQUET}``. The answer to the
latter has, per field, how many times its threshold it reached (for a p-value: threshold / p; 1 and more is drift), and
whether the preset says that the whole set drifted. Runs alone: it imports nothing of this project.
"""

import json
import os
import sys
import warnings
from typing import Any

SMALLEST_P = 1e-300


def main() -> None:
    """Answers until its input ends; whatever libraries print goes to the error stream."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    warnings.simplefilter("ignore")
    import pandas as pd
    from evidently import DataDefinition, Dataset, Report
    from evidently.presets import DataDriftPreset

    definition: Any = None
    reference: Any = None
    for line in sys.stdin:
        request = json.loads(line)
        if "fit" in request:
            definition = DataDefinition(
                numerical_columns=request["numeric"], categorical_columns=request["categorical"]
            )
            reference = Dataset.from_pandas(pd.read_parquet(request["fit"]), data_definition=definition)
            answer: dict[str, Any] = {}
        else:
            current = Dataset.from_pandas(pd.read_parquet(request["judge"]), data_definition=definition)
            answer = told(Report([DataDriftPreset()]).run(current, reference).dict())
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def told(snapshot: dict[str, Any]) -> dict[str, Any]:
    """What a report comes to."""
    ratios: dict[str, float] = {}
    drifted, needed = 0.0, 0.5
    for metric in snapshot["metrics"]:
        config = metric["config"]
        if config["type"].endswith("DriftedColumnsCount"):
            drifted, needed = float(metric["value"]["share"]), float(config["drift_share"])
        else:
            value, limit = float(metric["value"]), float(config["threshold"])
            is_p = (
                "p_value" in config["method"] or config["method"].endswith("test") or "p_value" in metric["metric_name"]
            )
            ratios[config["column"]] = limit / max(value, SMALLEST_P) if is_p else value / limit
    return {"ratios": ratios, "dataset": drifted >= needed}


if __name__ == "__main__":
    main()
