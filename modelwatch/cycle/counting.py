"""Rows and changed labels of one batch as additions to the profiles of their hours, versions and segments."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors.binning import Binning
from detectors.columns import Column
from detectors.encoding import encode_profile, merge_encoded
from detectors.group_losses import count_losses, encode_losses
from detectors.performance_encoding import decode_performance, encode_performance
from detectors.performance_profile import add, empty_performance
from detectors.profile import empty
from detectors.profile_groups import Coded, encode_rows
from modelwatch.columns import columns_and_names_of_log, columns_of_log, label_column
from modelwatch.companions import WEIGHTS, companions_of
from modelwatch.losses import LOSSES, searched_groups
from modelwatch.outcomes import grouped_performance, grouped_predictions, grouped_weights, label_kind, row_losses
from modelwatch.scheme import Scheme, is_output
from modelwatch.segments import WHOLE, groupings, segment_fields
from store.column_types import from_micros
from store.definitions import ModelDefinition, duration
from store.records import Companion, LabelChanges, LoggedPredictions, ProfileDelta, ProfileKey, StoredProfile

# Hours are summed by group as many at a time as take some 60 MB.
_SUMS_AT_ONCE = 2_500_000


class Arrival(NamedTuple):
    """What came into the hour (or other grain) that begins at ``start``; a label that was corrected is a change too."""

    start: datetime
    n_rows: int
    n_labels: int


class Additions(NamedTuple):
    """What a batch adds to the profiles (a key may come twice, once for rows and once for labels) and beside them."""

    profiles: list[ProfileDelta]
    companions: list[Companion]


class Counting:
    """How the rows of one model are counted, by one scheme."""

    def __init__(self, scheme: Scheme, definition: ModelDefinition) -> None:
        self._scheme = scheme
        self._definition = definition
        self._grain = int(duration(definition.grain).total_seconds() * 1_000_000)
        self._no_rows = encode_profile(empty(scheme.binning))
        self._no_labels = encode_performance(empty_performance(scheme.layout))
        self._groups = searched_groups(scheme)
        # Of labelled rows what is read is outputs, segments, and the fields in which the worst part is looked for.
        needed = {*segment_fields(scheme, definition), *self._groups.binning.names}
        self._read = Binning(
            tuple(bins for bins in scheme.binning.fields if is_output(bins.name) or bins.name in needed)
        )

    def additions(self, rows: LoggedPredictions, changes: LabelChanges) -> Additions:
        """What new rows and changed labels add."""
        of_rows = self._of_rows(rows)
        if not changes.rows.ids:
            return of_rows
        labelled = self._labelled(changes)
        return Additions(
            [*of_rows.profiles, *self._of_labels(labelled)],
            [*of_rows.companions, *self._losses(labelled), *self._weights(labelled)],
        )

    def arrivals(self, rows: LoggedPredictions, changes: LabelChanges) -> list[Arrival]:
        """How many rows and changed labels come into each hour that gets any."""
        starts = np.array(rows.ts + changes.rows.ts, dtype=np.int64) // self._grain * self._grain
        present, of_row = np.unique(starts, return_inverse=True)
        n_rows = np.bincount(of_row[: len(rows.ts)], minlength=len(present))
        n_labels = np.bincount(of_row[len(rows.ts) :], minlength=len(present))
        return [
            Arrival(from_micros(start), rows_there, labels_there)
            for start, rows_there, labels_there in zip(
                present.tolist(), n_rows.tolist(), n_labels.tolist(), strict=True
            )
        ]

    def merge(self, old: StoredProfile | None, delta: ProfileDelta) -> StoredProfile:
        """The profile of a key after an addition."""
        fields = old.fields if old else self._no_rows
        performance = old.performance if old else self._no_labels
        return StoredProfile(
            key=delta.key,
            n_rows=(old.n_rows if old else 0) + delta.n_rows,
            n_labelled=(old.n_labelled if old else 0) + delta.n_labelled,
            fields=merge_encoded(fields, delta.fields) if delta.fields and old else delta.fields or fields,
            performance=self._add(performance, delta.performance) if delta.performance else performance,
        )

    def _add(self, a: bytes, b: bytes) -> bytes:
        if a == self._no_labels:
            return b
        layout = self._scheme.layout
        return encode_performance(add(decode_performance(layout, a), decode_performance(layout, b)))

    def _of_rows(self, rows: LoggedPredictions) -> Additions:
        if not rows.ids:
            return Additions([], [])
        columns, unknown = columns_and_names_of_log(self._scheme.binning, rows)
        coded = encode_rows(self._scheme.binning, columns)
        hours = _hours(rows, self._grain)
        keys = [hours.key(position, WHOLE) for position in range(hours.n)]
        return Additions(
            list(self._profiles(columns, coded, hours)),
            list(companions_of(coded, columns, unknown, hours.of_row, keys)),
        )

    def _profiles(self, columns: Mapping[str, Column], coded: Coded, hours: "_Hours") -> Iterator[ProfileDelta]:
        for grouping in groupings(self._scheme, self._definition, columns, coded.n):
            groups = np.where(grouping.of_row < 0, -1, grouping.of_row * hours.n + hours.of_row)
            present, own = _renumbered(groups)
            profiles = coded.grouped(own, len(present))
            predictions = grouped_predictions(self._scheme, columns, own)
            for position, group in enumerate(present):
                key = hours.key(group % hours.n, grouping.segments[group // hours.n])
                n_rows, fields = int(profiles.n_rows[position]), profiles.encoded(position)
                yield ProfileDelta(key, n_rows, 0, fields, predictions.get(position))

    def _labelled(self, changes: LabelChanges) -> "_Labelled":
        columns = columns_of_log(self._read, changes.rows)
        # A label that is replaced is a row taken away and a row added.
        old, new = _places(changes.old_labels), _places(changes.new_labels)
        rows = np.concatenate([old, new])
        signs = np.concatenate([np.full(len(old), -1.0), np.full(len(new), 1.0)])
        texts = [changes.old_labels[row] for row in old] + [changes.new_labels[row] for row in new]
        label = label_column(texts, label_kind(self._scheme))
        known = [changes.old_probabilities[row] for row in old] + [changes.new_probabilities[row] for row in new]
        probabilities = np.array(known, dtype=np.float64)
        hours = _hours(changes.rows, self._grain)
        picked = {name: column.take(rows) for name, column in columns.items()}
        return _Labelled(hours._replace(of_row=hours.of_row[rows]), picked, label, probabilities, signs)

    def _of_labels(self, labelled: "_Labelled") -> Iterator[ProfileDelta]:
        hours, signs = labelled.hours, labelled.signs
        for grouping in groupings(self._scheme, self._definition, labelled.columns, len(signs)):
            groups = np.where(grouping.of_row < 0, -1, grouping.of_row * hours.n + hours.of_row)
            present, own = _renumbered(groups)
            payloads = grouped_performance(self._scheme, labelled.columns, labelled.label, own, signs)
            n_labelled = np.rint(np.bincount(own[own >= 0], signs[own >= 0], minlength=len(present))).astype(int)
            for position, group in enumerate(present):
                key = hours.key(group % hours.n, grouping.segments[group // hours.n])
                yield ProfileDelta(key, 0, int(n_labelled[position]), None, payloads[position])

    def _weights(self, labelled: "_Labelled") -> Iterator[Companion]:
        """How many rows the labels stand for that came with a probability, in every segment and hour that has some."""
        known = np.flatnonzero(~np.isnan(labelled.probabilities))
        if not len(known):
            return
        hours, probabilities, signs = labelled.hours, labelled.probabilities[known], labelled.signs[known]
        columns = {name: column.take(known) for name, column in labelled.columns.items()}
        label, of_row = labelled.label.take(known), hours.of_row[known]
        for grouping in groupings(self._scheme, self._definition, columns, len(known)):
            groups = np.where(grouping.of_row < 0, -1, grouping.of_row * hours.n + of_row)
            present, own = _renumbered(groups)
            payloads = grouped_weights(self._scheme, columns, label, probabilities, own, signs)
            for position, group in enumerate(present):
                key = hours.key(group % hours.n, grouping.segments[group // hours.n])
                yield Companion(key, WEIGHTS, payloads[position])

    def _losses(self, labelled: "_Labelled") -> Iterator[Companion]:
        """What the model lost in each coarse group of the fields, of the whole stream, for each hour with labels."""
        hours, losses = labelled.hours, row_losses(self._scheme, labelled.columns, labelled.label)
        step = max(1, _SUMS_AT_ONCE // max(self._groups.n_groups, 1))
        for first in range(0, hours.n, step):
            parts = np.where((hours.of_row >= first) & (hours.of_row < first + step), hours.of_row - first, -1)
            n_parts = min(step, hours.n - first)
            sums = count_losses(self._groups, labelled.columns, losses, parts, n_parts, labelled.signs)
            for position, part in enumerate(sums, start=first):
                yield Companion(hours.key(position, WHOLE), LOSSES, encode_losses(part))


class _Hours(NamedTuple):
    """The (version, hour) of every row: ``of_row`` is a position in the two lists."""

    versions: list[int]
    starts: list[int]
    of_row: NDArray[np.int64]

    @property
    def n(self) -> int:
        return len(self.starts)

    def key(self, position: int, segment: str) -> ProfileKey:
        return ProfileKey(self.versions[position], segment, from_micros(self.starts[position]))


class _Labelled(NamedTuple):
    """Rows whose label came or went: their hours, fields and labels, the chance with which each was asked for (NaN: not
    known), and for each 1 (came) or -1 (went)."""

    hours: _Hours
    columns: Mapping[str, Column]
    label: Column
    probabilities: NDArray[np.float64]
    signs: NDArray[np.float64]


def _hours(rows: LoggedPredictions, grain: int) -> _Hours:
    stamps = np.array(rows.ts, dtype=np.int64)
    pairs = np.stack([np.array(rows.version_ids, dtype=np.int64), stamps // grain * grain])
    (versions, starts), of_row = np.unique(pairs, axis=1, return_inverse=True)
    return _Hours(versions.tolist(), starts.tolist(), of_row.reshape(-1).astype(np.int64))


def _renumbered(groups: NDArray[np.int64]) -> tuple[list[int], NDArray[np.int64]]:
    """The groups that have rows, and every row's position among them (-1 stays -1)."""
    present, own = np.unique(groups, return_inverse=True)
    out = int(len(present) > 0 and present[0] < 0)
    return present[out:].tolist(), own.reshape(-1).astype(np.int64) - out


def _places(labels: Sequence[str | None]) -> NDArray[np.int64]:
    return np.array([row for row, label in enumerate(labels) if label is not None], dtype=np.int64)
