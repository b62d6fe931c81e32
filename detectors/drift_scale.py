"""How drift of all watched fields of a baseline is measured together: one root statistic a field and window."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.binning import Binning
from detectors.drift_methods import FieldKind, kind_of
from detectors.profile import Profile
from detectors.window_scores import METHODS, Counts, FieldScale, Numbers, field_scale, to_root


@dataclass(frozen=True, slots=True, eq=False)
class DriftScale:
    """The watched ``fields`` of a binning, F of them, and how each is measured."""

    binning: Binning
    fields: tuple[str, ...]
    scales: tuple[FieldScale, ...]

    @property
    def methods(self) -> tuple[str, ...]:
        """The method of every field."""
        return tuple(scale.method for scale in self.scales)

    def roots(self, baseline: Counts, windows: Counts) -> tuple[Numbers, Numbers]:
        """Root statistics and effective rows of W windows, both float64[W, F].

        ``windows`` (int64[W, S]) are counts over all slots of the binning, ``baseline`` (int64[S] or int64[W, S]) what
        each is compared with. NaN where a side has no value of the field.
        """
        found = [self.root(index, baseline, windows) for index in range(len(self.fields))]
        if not found:
            return np.zeros((len(windows), 0)), np.zeros((len(windows), 0))
        roots, rows = zip(*found, strict=True)
        return np.stack(roots, axis=-1), np.stack(rows, axis=-1)

    def root(self, index: int, baseline: Counts, windows: Counts) -> tuple[Numbers, Numbers]:
        """The same for one field: float64[W] each."""
        return field_roots(self.scales[index], self.grouped(index, baseline), self.grouped(index, windows))

    def grouped(self, index: int, counts: Counts) -> Counts:
        """Counts of one field by its groups (int64[..., groups]) from counts over all slots (int64[..., S])."""
        return self.scales[index].grouped(counts[..., self.binning.slots(self.fields[index])])


def field_roots(scale: FieldScale, baseline: Counts, current: Counts) -> tuple[Numbers, Numbers]:
    """Root statistics and effective rows from counts per group of one field."""
    n, m = baseline.sum(axis=-1), current.sum(axis=-1)
    rows = n * m / np.maximum(n + m, 1)
    roots = to_root(scale.method, scale.values(baseline, current), rows)
    return np.where(rows > 0, roots, np.nan), np.asarray(rows, dtype=np.float64)


def drift_scale(
    binning: Binning, baseline: Profile, methods: Mapping[FieldKind, str], fields: Sequence[str] | None = None
) -> DriftScale:
    """The scale of a baseline's fields (all, or those named), each measured by the method of its kind.

    Fields whose method is none of ``window_scores.METHODS`` are left out.
    """
    names, scales = [], []
    for name in binning.names if fields is None else fields:
        profile = baseline.field(binning, name)
        method = methods[kind_of(profile)]
        if method in METHODS:
            names.append(name)
            scales.append(field_scale(method, profile.definition, baseline.counts[binning.slots(name)]))
    return DriftScale(binning, tuple(names), tuple(scales))


def count_matrix(profiles: Sequence[Profile], binning: Binning) -> NDArray[np.int64]:
    """The counts of several profiles as rows of one matrix, int64[P, S]."""
    if not profiles:
        return np.zeros((0, binning.n_slots), dtype=np.int64)
    return np.stack([profile.counts for profile in profiles])
