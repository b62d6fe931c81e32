"""How far labels have come, as the recorded performance results tell it."""

import pandas as pd

from dashboard import frames
from dashboard.facts import Labels


def known(results: pd.DataFrame) -> Labels | None:
    """Up to when performance is known, and how many later windows have rows but too few labels.

    None for a model without performance results.
    """
    measured = frames.of_segment(frames.of_kinds(results, "performance"), "")
    if measured.empty:
        return None
    judged = measured[measured["status"].isin(["ok", "warning", "critical"])]
    last = judged["window_end"].max() if len(judged) else None
    open_windows = measured[measured["status"] == "insufficient"]
    if last is not None:
        open_windows = open_windows[open_windows["window_end"] > last]
    return Labels(None if last is None else last.to_pydatetime(), int(open_windows["window_end"].nunique()))
