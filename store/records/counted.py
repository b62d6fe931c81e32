"""Baselines, what is kept of them, and the sums of hours."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Binning:
    """Bins of all fields of a model, and how far into the logs they have been counted.

    ``predictions_to`` and ``labels_to`` are the ids of the last rows of the two logs that are in the profiles.
    """

    id: int
    model_id: int
    content_hash: str
    payload: bytes
    predictions_to: int
    labels_to: int


@dataclass(frozen=True, slots=True)
class Baseline:
    """What windows are compared with: the profile of a file or of the first windows, and where it came from."""

    id: int
    model_id: int
    version: str
    binning_id: int
    content_hash: str
    origin: str
    n_rows: int
    start: datetime | None
    end: datetime | None
    created_at: datetime
    active: bool


class BaselineBlock(NamedTuple):
    """The sums of one contiguous block of a baseline; ``start`` is None where the baseline has no clock."""

    start: datetime | None
    n_rows: int
    fields: bytes


class StoredCalibration(NamedTuple):
    """What chance looks like for windows of a baseline, and the seed it was drawn with."""

    seed: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class ProfileKey:
    """The hour (or other grain) that a profile counts. ``segment`` is ``""`` for the whole stream."""

    version_id: int
    segment: str
    start: datetime


@dataclass(frozen=True, slots=True)
class StoredProfile:
    """The profile of one key: rows counted, and the two serialised sums (fields; labelled performance)."""

    key: ProfileKey
    n_rows: int
    n_labelled: int
    fields: bytes
    performance: bytes


@dataclass(frozen=True, slots=True)
class ProfileDelta:
    """What is to be added to the profile of one key: the rows, and the two sums in the form of the writer's choice.

    Counts may be negative, where rows or labels are taken back. None: nothing to add to that sum.
    """

    key: ProfileKey
    n_rows: int
    n_labelled: int
    fields: bytes | None
    performance: bytes | None


class Companion(NamedTuple):
    """Further sums of the rows that a profile of the same key counts; ``part`` names the kind of check they serve."""

    key: ProfileKey
    part: str
    payload: bytes


class ProfileSums(NamedTuple):
    """Rows counted, rows with a label among them, and the two serialised sums, of one segment of a baseline."""

    n_rows: int
    n_labelled: int
    fields: bytes
    performance: bytes


class RowCount(NamedTuple):
    """How many rows, and how many with a label, were counted in the hour (or other grain) that begins at ``start``."""

    start: datetime
    n_rows: int
    n_labelled: int
