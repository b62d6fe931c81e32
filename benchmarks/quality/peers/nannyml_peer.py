"""NannyML's univariate drift and CBPE with their defaults, as a process: see ``evidently_peer`` for the protocol.

Answers per field how many times its threshold it reached; of binary models the estimated accuracy, by how much of
its margin it left the reference's usual accuracy, and whether that is an alert. Thresholds come from chunks of the
reference as large as the first window that is judged. Runs alone, in an environment of its own.
"""

import json
import os
import sys
import warnings
from typing import Any


def main() -> None:
    """Answers until its input ends; whatever libraries print goes to the error stream."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    warnings.simplefilter("ignore")
    import pandas as pd

    request: dict[str, Any] = {}
    drift: Any = None
    estimator: Any = None
    for line in sys.stdin:
        asked = json.loads(line)
        answer: dict[str, Any] = {}
        if "fit" in asked:
            request, drift = asked, None
        else:
            window = pd.read_parquet(asked["judge"])
            if drift is None:
                drift, estimator = fitted(pd.read_parquet(request["fit"]), request, len(window))
            answer = judged(drift, estimator, window, [*request["numeric"], *request["categorical"]])
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def fitted(reference: Any, request: dict[str, Any], size: int) -> tuple[Any, Any]:
    """Both calculators; no estimator where there is no score."""
    import nannyml  # type: ignore[import-not-found]

    drift = nannyml.UnivariateDriftCalculator(
        column_names=[*request["numeric"], *request["categorical"]],
        treat_as_categorical=request["categorical"],
        chunk_size=size,
    ).fit(reference)
    if "score" not in reference.columns:
        return drift, None
    estimator = nannyml.CBPE(
        metrics=["accuracy"],
        y_true="label",
        y_pred="prediction",
        y_pred_proba="score",
        problem_type="classification_binary",
        chunk_size=size,
    ).fit(reference)
    return drift, estimator


def judged(drift: Any, estimator: Any, window: Any, fields: list[str]) -> dict[str, Any]:
    """What both say; of a window of several chunks the loudest one counts."""
    table = drift.calculate(window).filter(period="analysis").to_df()
    ratios = {field: ratio(table[field]["jensen_shannon"]) for field in fields}
    alerts = [field for field in fields if bool(table[field]["jensen_shannon"]["alert"].any())]
    answer: dict[str, Any] = {"ratios": ratios, "alerts": alerts}
    if estimator is not None:
        found = estimator.estimate(window).filter(period="analysis").to_df()["accuracy"]
        low, high = float(found["lower_threshold"].iloc[0]), float(found["upper_threshold"].iloc[0])
        margin = max((high - low) / 2, 1e-9)
        answer["estimate"] = float(found["value"].mean())
        answer["left"] = float(abs(found["value"] - (high + low) / 2).max()) / margin
        answer["fallen"] = ((high + low) / 2 - answer["estimate"]) / margin
        answer["alert"] = bool(found["alert"].any())
    return answer


def ratio(of_field: Any) -> float:
    """The value over its upper threshold; 0 where the value is not there."""
    value, limit = float(of_field["value"].max()), float(of_field["upper_threshold"].iloc[0])
    return value / max(limit, 1e-9) if value == value else 0.0


if __name__ == "__main__":
    main()
