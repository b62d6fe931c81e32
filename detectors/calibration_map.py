"""What a score has meant: the chance of the class in each score bin, learnt from the labels of a baseline.

The map is isotonic (a higher score never means a lower chance), fitted to the labelled counts of a performance
profile, so that no row is needed: Zadrozny and Elkan 2002; the fit is the pool-adjacent-violators algorithm.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression

from detectors.binning import Binning
from detectors.bins import NumericBins
from detectors.performance_layout import Layout, bin_middles
from detectors.performance_profile import PerformanceProfile
from detectors.profile import Profile

MIN_LABELLED = 100

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class CalibrationMap:
    """The chance of one class by bin of its score.

    ``chances`` (float64[bins]) never fall. Bins that share a chance form a block; ``blocks`` (int64[bins]) is the
    block of every bin, ``errors`` (float64[blocks]) the standard error of each block's chance. ``scores``
    (float64[bins], from 0 to 1) is the score that stands for the rows of a bin. ``labelled`` (bool[bins]) marks bins
    from the first to the last with a label: beyond them the chance is that of the nearest end. ``n`` are the labelled
    rows it was learnt from.
    """

    chances: Floats
    blocks: NDArray[np.int64]
    errors: Floats
    scores: Floats
    labelled: NDArray[np.bool_]
    n: int


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """The maps of all scores of a layout; without maps, ``reason`` says why."""

    maps: tuple[CalibrationMap, ...]
    fingerprint: bytes
    reason: str = ""


def fit_calibration(
    layout: Layout, baseline: PerformanceProfile, scores: Sequence[Floats] | None = None
) -> Calibration:
    """The calibration maps of a baseline's labelled rows.

    ``scores`` are the mean scores of the bins, for each score of the layout, as ``bin_scores`` gives them; without
    them the middle of each bin stands for its rows. There is no map without scores, or with fewer than 100 labelled
    rows that have one. ValueError where the profile is of another layout.
    """
    if baseline.fingerprint != layout.fingerprint:
        raise ValueError("the performance profile was counted with another layout: count its rows again")
    if not layout.score_edges:
        return Calibration((), layout.fingerprint, "the model gives no scores")
    n = int(baseline.counts[layout.scored])
    if n < MIN_LABELLED:
        needed = f"at least {MIN_LABELLED} are needed to learn what scores mean"
        return Calibration((), layout.fingerprint, f"the baseline has {n:,} labelled rows with a score, {needed}")
    maps = []
    for position, edges in enumerate(layout.score_edges):
        without, with_class = baseline.counts[layout.labelled_scores(position)].reshape(2, 3, -1).sum(axis=1)
        means = bin_middles(edges) if scores is None else np.asarray(scores[position], dtype=np.float64)
        maps.append(fit_map(without, with_class, means))
    return Calibration(tuple(maps), layout.fingerprint)


def fit_map(without: NDArray[np.int64], with_class: NDArray[np.int64], scores: Floats) -> CalibrationMap:
    """The isotonic map of one score from the labelled rows of each bin without and with its class (int[bins] each).

    A bin without labels lies on the line between its labelled neighbours, by position, and shares the block of the
    nearer one. A block of n rows with k of the class has the error sqrt(p (1 - p) / n), p = (k + 1/2) / (n + 1).
    ValueError where no row is labelled.
    """
    rows = without + with_class
    filled = np.flatnonzero(rows)
    if not len(filled):
        raise ValueError("no row is labelled: a calibration map needs labels")
    fit = isotonic_regression(with_class[filled] / rows[filled], weights=rows[filled].astype(np.float64))
    places = np.arange(len(rows))
    chances = np.clip(np.interp(places, filled, fit.x), 0.0, 1.0)
    block_starts = fit.blocks[:-1]
    n = np.add.reduceat(rows[filled], block_starts)
    p = (np.add.reduceat(with_class[filled], block_starts) + 0.5) / (n + 1)
    after = np.clip(np.searchsorted(filled, places), 0, len(filled) - 1)
    before = np.maximum(after - 1, 0)
    nearest = np.where(np.abs(filled[before] - places) < np.abs(filled[after] - places), before, after)
    return CalibrationMap(
        chances=chances,
        blocks=np.searchsorted(block_starts, nearest, side="right") - 1,
        errors=np.sqrt(p * (1 - p) / n),
        scores=np.clip(scores, 0.0, 1.0),
        labelled=(places >= filled[0]) & (places <= filled[-1]),
        n=int(rows.sum()),
    )


def bin_scores(layout: Layout, binning: Binning, fields: Profile) -> tuple[Floats, ...]:
    """The mean score of the rows of each bin, for each score of the layout, from a profile of the fields.

    A bin without rows has its middle. ValueError where the binning lacks a score of the layout, or has other bins.
    """
    found = []
    for name, edges in zip(layout.score_names, layout.score_edges, strict=True):
        bins = binning.bins_of(name) if name in binning.names else None
        if not isinstance(bins, NumericBins) or not np.array_equal(bins.edges, edges):
            raise ValueError(f"field {name!r}: the binning and the performance layout have different bins for it")
        score = fields.field(binning, name)
        found.append(np.where(score.bins > 0, score.sums / np.maximum(score.bins, 1), bin_middles(edges)))
    return tuple(found)
