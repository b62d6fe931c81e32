"""The tests that Evidently's DataDriftPreset makes by default, as a process: a JSON request a line in, an answer out.

Requests: ``{"fit": PARQUET, "numeric": [...], "categorical": [...]}`` and ``{"judge": PARQUET}``. The answer to the
latter has, per field, how many times its threshold it reached (for a p-value: threshold / p; 1 and more is drift), and
whether the set as a whole drifted, which by the preset is half of its fields. The tests are called as the preset calls
them, without its report: drawing that takes nine tenths of the time. Runs alone: it imports nothing of this project.
"""

import json
import os
import sys
import warnings
from typing import Any

SMALLEST_P = 1e-300
DRIFT_SHARE = 0.5
_DISTANCES = ("wasserstein", "jensenshannon", "psi", "kl_div", "hellinger", "ed", "TVD")


def main() -> None:
    """Answers until its input ends; whatever libraries print goes to the error stream."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    warnings.simplefilter("ignore")
    import pandas as pd

    kinds: dict[str, str] = {}
    reference: Any = None
    for line in sys.stdin:
        request = json.loads(line)
        answer: dict[str, Any] = {}
        if "fit" in request:
            kinds = dict.fromkeys(request["numeric"], "num") | dict.fromkeys(request["categorical"], "cat")
            reference = pd.read_parquet(request["fit"])
        else:
            answer = judged(reference, pd.read_parquet(request["judge"]), kinds)
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def judged(reference: Any, current: Any, kinds: dict[str, str]) -> dict[str, Any]:
    """The ratio of every field, and the verdict on the whole."""
    ratios = {name: field_ratio(reference[name], current[name], kind) for name, kind in kinds.items()}
    drifted = sum(ratio >= 1 for ratio in ratios.values())
    return {"ratios": ratios, "dataset": drifted >= DRIFT_SHARE * len(ratios)}


def field_ratio(reference: Any, current: Any, kind: str) -> float:
    """How many times its threshold a field reached, by the test that Evidently chooses for it."""
    import numpy as np
    from evidently.legacy.calculations.stattests import get_stattest
    from evidently.legacy.core import ColumnType

    column_type = ColumnType.Numerical if kind == "num" else ColumnType.Categorical
    before, now = (values.replace([-np.inf, np.inf], np.nan).dropna() for values in (reference, current))
    test = get_stattest(before, now, column_type, None)
    found = test(before, now, column_type, None)
    value, limit = float(found.drift_score), float(found.actual_threshold)
    if test.name in _DISTANCES:
        # A value at the threshold is drift.
        return value / limit
    return limit / max(value, SMALLEST_P)


if __name__ == "__main__":
    main()
