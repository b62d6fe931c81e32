"""The calibration of a monitor's thresholds: read where it is known, else drawn from what the baseline left behind.

It is drawn once for a (baseline, segment, length of window, choice of fields and methods), with a seed that follows
from these names. Whoever is first keeps it; two workers that draw it at once draw the same.
"""

import hashlib
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
from sqlalchemy import Engine

from detectors.calibration import Calibration, calibrate
from detectors.confidence import confidence_in
from detectors.drift_scale import DriftScale, count_matrix
from detectors.encoding import total_encoded
from detectors.findings import Confidence
from detectors.profile import Profile
from detectors.slot_sample import SlotSample
from modelwatch.baseline_blocks import seed_of
from modelwatch.calibration_payload import METHOD_VERSION, from_bytes, to_bytes
from modelwatch.windows import WindowPlan
from store.calibrations import read_blocks, read_calibration, read_sample, save_calibration
from store.engine import writing
from store.records import Baseline, Model, StoredCalibration

# Blocks that are looked at, the last of the baseline: enough to know how they move.
_MOST_BLOCKS = 512
# A baseline without a clock is cut into so many blocks.
_BLOCKS_WITHOUT_CLOCK = 32
MONTH = timedelta(days=30.4375)
_HOUR = timedelta(hours=1)
# A window never has more than this chance of a false alarm, however rarely windows come.
_MOST_SHARE = 0.25


def false_alarm_share(budget: float, step: timedelta, n_families: int) -> float:
    """The probability of a false alarm that one window may have.

    ``budget`` are the false alarms a month that a model may cause, ``step`` is the distance between its windows, and
    ``n_families`` how many monitors and segments share the budget alike.
    """
    return min(budget * (step / MONTH) / n_families, _MOST_SHARE)


def calibration_for(
    engine: Engine,
    model: Model,
    baseline: Baseline,
    segment: str,
    length: timedelta,
    scale: DriftScale,
    reference: Profile,
    now: datetime,
) -> Calibration | None:
    """What chance looks like for windows of this length; None where the baseline is too small to tell, or left nothing.

    Called outside of transactions: what had to be drawn is stored in one of its own.
    """
    subject = calibration_subject(model, length, scale)
    with engine.connect() as conn:
        known = read_calibration(conn, baseline.id, segment, subject)
        if known is not None:
            return from_bytes(known.payload)
        slots = read_sample(conn, baseline.id, segment)
        blocks = read_blocks(conn, baseline.id, segment)
    if slots is None:
        return None
    sample = SlotSample.from_bytes(scale.binning, slots)
    windows = [
        total_encoded(scale.binning, [block.fields for block in blocks[run]])
        for run in block_windows(model, [block.start for block in blocks], length)
    ]
    seed = seed_of(baseline.content_hash, segment, subject)
    found = calibrate(scale, sample, count_matrix(windows, scale.binning), reference.counts, seed)
    payload = to_bytes(found)
    with writing(engine) as conn:
        save_calibration(conn, baseline.id, segment, subject, StoredCalibration(seed, payload), now)
    # As it will be read by everybody else.
    return from_bytes(payload)


def confidence_of(n_windows: int, baseline: Baseline, length: timedelta) -> Confidence:
    """How far limits for windows of this length can be relied on, of which the baseline holds so many."""
    start, end = baseline.start, baseline.end
    covered = None if start is None or end is None else (end - start) / _HOUR
    return confidence_in(n_windows, covered, length / _HOUR)


def calibration_subject(model: Model, length: timedelta, scale: DriftScale) -> str:
    """What is calibrated, in one short line: the fields and methods by a hash."""
    measured = "\n".join(f"{name}={method}" for name, method in zip(scale.fields, scale.methods, strict=True))
    digest = hashlib.sha256(measured.encode()).hexdigest()[:16]
    zone = model.definition.time_zone
    return f"v{METHOD_VERSION} {int(length.total_seconds())}s {zone} {len(scale.fields)} fields {digest}"


def block_windows(model: Model, starts: Sequence[datetime | None], length: timedelta) -> Iterator[slice]:
    """Which blocks make up each whole window that the baseline holds, in order; windows without rows are left out.

    ``starts`` are where blocks begin. Without a clock about 32 runs of equally many rows stand for windows.
    """
    if not starts or starts[0] is None:
        yield from (slice(first, until) for first, until in pairwise(_cuts(len(starts), _BLOCKS_WITHOUT_CLOCK)))
        return
    known = [start for start in starts if start is not None]
    plan = WindowPlan(length, length, ZoneInfo(model.definition.time_zone))
    windows = list(plan.windows(plan.ceiling(known[0]), known[-1] + min(length, timedelta(days=1))))[-_MOST_BLOCKS:]
    for window in windows:
        inside = slice(bisect_left(known, window.start), bisect_left(known, window.end))
        if inside.start < inside.stop:
            yield inside


def _cuts(n: int, parts: int) -> list[int]:
    return [int(cut) for cut in np.linspace(0, n, min(parts, n) + 1).round()]
