"""Every table of the store. The migrations must arrive at exactly this; a test holds that they do."""

from store.schema.counted import (
    baseline,
    baseline_block,
    baseline_companion,
    baseline_importance,
    baseline_profile,
    baseline_rows,
    baseline_sample,
    binning,
    calibration,
    profile,
    profile_companion,
)
from store.schema.delivered import channel, delivery_attempt, outbox
from store.schema.judged import alert, fleet_test, monitor, result, run, transition, window_evidence
from store.schema.parts import metadata
from store.schema.watched import api_key, deploy, field, label_log, model, model_version, prediction_log

__all__ = [
    "alert",
    "api_key",
    "baseline",
    "baseline_block",
    "baseline_companion",
    "baseline_importance",
    "baseline_profile",
    "baseline_rows",
    "baseline_sample",
    "binning",
    "calibration",
    "channel",
    "delivery_attempt",
    "deploy",
    "field",
    "fleet_test",
    "label_log",
    "metadata",
    "model",
    "model_version",
    "monitor",
    "outbox",
    "prediction_log",
    "profile",
    "profile_companion",
    "result",
    "run",
    "transition",
    "window_evidence",
]
