"""Rows for the logs, with everything a test does not speak about filled in."""

from store.records import LabelRow, PredictionRow


def prediction_row(
    model_id: int,
    version_id: int,
    prediction_id: str,
    *,
    ts: int = 1_777_629_600_000_000,
    received_at: int = 1_777_629_601_000_000,
    prediction: str | None = "1",
    score: str | None = "0.83",
    features: str = '{"income":51000,"region":"north"}',
    tags: str | None = None,
) -> PredictionRow:
    return PredictionRow(model_id, version_id, ts, received_at, prediction_id, prediction, score, features, tags)


def label_row(
    model_id: int, prediction_id: str, label: str, *, ts: int = 1, received_at: int = 2, chance: float | None = None
) -> LabelRow:
    return LabelRow(model_id, prediction_id, label, ts, received_at, chance)
