"""How far apart a baseline and a window of unchanged data are by chance: the thresholds that keep a false-alarm budget.

Three steps, all on the root statistics of ``drift_scale``. Each field is standardised by the mean and deviation that
its statistic has in windows resampled from the baseline's own rows. The maximum over fields of these is what a window
as a whole shows; rows are resampled whole, so fields that move together are not counted as several. The point that
the maximum passes with the probability the budget allows is the threshold, one for all fields.

A window that was drawn from the baseline is compared with the rest of the baseline. The same data compared with the
whole of it would look too much alike: the distance shrinks by the factor (N - n) / N.

Resampling takes rows to be independent. Real streams have seasons and bursts, so the contiguous blocks of the baseline
are measured as well: where a field moves more from block to block than chance allows, its own movement becomes its
standard, and the stricter of both points is taken.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.drift_directions import directions, wander
from detectors.drift_scale import DriftScale, field_roots
from detectors.field_tails import SHARES, tail_points, tail_shares
from detectors.slot_sample import SlotSample
from detectors.tails import Tail, tail_of
from detectors.window_scores import Counts, Numbers

# A resampled window is a sum of up to so many chunks, of about so many into which the sample is cut at random, anew
# for each permutation.
_CHUNKS_A_WINDOW, _CHUNKS = 16, 512
_PERMUTATIONS = 8
SMALLEST_WINDOW = 32
# Windows of more rows than this share of the sample overlap too much to be different windows.
_LARGEST_SHARE = 4
N_RESAMPLES = 2_000
# A statistic that hardly varies (a constant field) is not divided by less.
_LEAST_SPREAD = 0.05
# Blocks speak for a movement of their own when their mean is this many standard errors above that of chance.
_BLOCK_ERRORS = 3.0


@dataclass(frozen=True, slots=True, eq=False)
class Chance:
    """What windows of one size show by chance: ``rows`` are the effective rows, against an endless baseline.

    ``centre`` and ``spread`` (float64[F]) are mean and deviation of each field's root statistic; ``once`` and
    ``persistent`` are the tails of the two maxima of the resampled windows (see ``maxima``), ``usual`` mean and
    deviation of the first. ``points`` (float64[F, shares]) are the tails of the single fields, see ``field_tails``.
    """

    rows: float
    centre: Numbers
    spread: Numbers
    once: Tail
    persistent: Tail
    usual: tuple[float, float]
    points: Numbers


@dataclass(frozen=True, slots=True, eq=False)
class Blocks:
    """What the B contiguous blocks of the baseline show.

    ``centre`` and ``spread`` (float64[F]) are the standard of fields that move from block to block, 0 and 1 for all
    others. ``once`` and ``persistent`` are the tails of the blocks' maxima; None where the blocks look like resampled
    windows and say nothing of their own. ``points`` (float64[F, shares]) are the tails of the single fields; NaN for
    those that do not move from block to block.
    """

    n: int
    centre: Numbers
    spread: Numbers
    once: Tail | None
    persistent: Tail | None
    points: Numbers


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """What chance and the baseline's own movement look like, for windows of every size; see ``limits``.

    ``wander`` (float64[K]) is how much the baseline moves by itself in each of its directions; see there.
    """

    chances: tuple[Chance, ...]
    blocks: Blocks
    wander: Numbers

    def standardised(self, roots: Numbers, rows: Numbers) -> Numbers:
        """Root statistics (float64[W, F]) of windows with so many effective ``rows`` (float64[W]) as deviates."""
        centre, spread = self._standard(rows)
        return ((roots - centre) / spread - self.blocks.centre) / self.blocks.spread

    def root(self, deviates: Numbers, rows: Numbers) -> Numbers:
        """The inverse of ``standardised``."""
        centre, spread = self._standard(rows)
        return centre + spread * (self.blocks.centre + self.blocks.spread * deviates)

    def limits(self, rows: float, share: float) -> tuple[float, float]:
        """The two points that a window of unchanged data passes with probability ``share`` in all, half each.

        The first is for a window by itself, the second for a field that was high in an earlier window too.
        """
        known = np.log([chance.rows for chance in self.chances])
        at = np.log(max(rows, 1.0))
        once = float(np.interp(at, known, [chance.once.point(share / 2) for chance in self.chances]))
        persistent = float(np.interp(at, known, [chance.persistent.point(share / 2) for chance in self.chances]))
        if self.blocks.once is not None:
            once = max(once, self.blocks.once.point(share / 2))
        if self.blocks.persistent is not None:
            persistent = max(persistent, self.blocks.persistent.point(share / 2))
        return once, persistent

    def tail_shares(self, deviates: Numbers, rows: float) -> Numbers:
        """How often each field by itself is as far off in a window of unchanged data: p-values, float64[F].

        For one standardised deviate of each field (float64[F]) at these effective rows; the larger of what chance and
        the baseline's blocks say. NaN where the deviate is.
        """
        known = np.log([chance.rows for chance in self.chances])
        by_size = np.array([tail_shares(chance.points, deviates) for chance in self.chances])
        at = np.log(max(rows, 1.0))
        chance = np.array([np.interp(at, known, by_size[:, field]) for field in range(len(deviates))])
        moves = ~np.isnan(self.blocks.points).any(axis=1)
        of_blocks = np.where(moves, tail_shares(self.blocks.points, np.where(moves, deviates, np.nan)), 0.0)
        return np.asarray(np.maximum(chance, of_blocks), dtype=np.float64)

    def _standard(self, rows: Numbers) -> tuple[Numbers, Numbers]:
        """Centre and spread of every field at these effective rows, float64[W, F]; constant beyond the known sizes."""
        at = np.log(np.maximum(rows, 1.0))
        known = np.log([chance.rows for chance in self.chances])
        n_fields = len(self.chances[0].centre)
        centres = np.array([chance.centre for chance in self.chances])
        spreads = np.array([chance.spread for chance in self.chances])
        centre = np.array([np.interp(at, known, centres[:, field]) for field in range(n_fields)])
        spread = np.array([np.interp(at, known, spreads[:, field]) for field in range(n_fields)])
        return np.moveaxis(centre, 0, -1), np.moveaxis(spread, 0, -1)


def maxima(deviates: Numbers) -> tuple[Numbers, Numbers]:
    """What windows in a row (float64[W, F]) show over all fields: alone, and together with the two before.

    The first (float64[W]) is the maximum over fields. The second (float64[W]) is the maximum over fields of the
    smaller of a window's deviate and the larger one of the two windows before: it is high where one field was high
    twice within three windows. The first window has nothing before it: -inf. Undefined fields (NaN) are passed over.
    """
    filled = np.where(np.isnan(deviates), -np.inf, deviates)
    nothing = np.full((1, filled.shape[1]), -np.inf)
    before = np.maximum(np.vstack([nothing, filled[:-1]]), np.vstack([nothing, nothing, filled[:-2]])[: len(filled)])
    once = filled.max(axis=1, initial=-np.inf)
    return once, np.minimum(filled, before).max(axis=1, initial=-np.inf)


def calibrate(
    scale: DriftScale,
    sample: SlotSample,
    blocks: Counts,
    baseline: Counts,
    seed: int,
    n_resamples: int = N_RESAMPLES,
) -> Calibration | None:
    """What chance looks like for a baseline; None where its sample has too few rows to resample
    from, or no field is measured.

    ``blocks`` (int64[B, S]) are the counts of contiguous windows of the baseline in their order, ``baseline``
    (int64[S]) those of all of it. The cost grows with fields x bins x resamples, not with rows.
    """
    sizes = _sizes(sample.n)
    if not sizes or not scale.fields:
        return None
    rng = np.random.default_rng(seed)
    chances = tuple(_chance(scale, sample, size, rng, n_resamples) for size in sizes)
    of = directions(scale, baseline)
    chance_alone = Calibration(chances, _no_blocks(len(scale.fields)), np.zeros(of.n))
    return Calibration(chances, _measure_blocks(scale, chance_alone, blocks, baseline), wander(of, blocks, baseline))


def _sizes(n_sample: int) -> list[int]:
    sizes = []
    size = SMALLEST_WINDOW
    while size <= n_sample // _LARGEST_SHARE:
        sizes.append(size)
        size *= 2
    return sizes


def _chance(scale: DriftScale, sample: SlotSample, size: int, rng: np.random.Generator, n_resamples: int) -> Chance:
    """The statistics of resampled windows of ``size`` rows."""
    per_permutation = -(-n_resamples // _PERMUTATIONS)
    per_window = min(max(_CHUNKS * size // sample.n, 1), _CHUNKS_A_WINDOW)
    n_chunks = sample.n * per_window // size
    roots = np.empty((per_permutation * _PERMUTATIONS, len(scale.fields)))
    for permutation in range(_PERMUTATIONS):
        chunk_of_row = rng.permutation(sample.n) % n_chunks
        chosen = rng.permuted(np.tile(np.arange(n_chunks), (per_permutation, 1)), axis=1)[:, :per_window]
        windows = slice(permutation * per_permutation, (permutation + 1) * per_permutation)
        for index in range(len(scale.fields)):
            roots[windows, index] = _resampled(scale, index, sample, chunk_of_row, chosen)
    centre, spread = _mean_and_deviation(roots)
    spread = np.maximum(spread, _LEAST_SPREAD)
    once, persistent = maxima((roots - centre) / spread)
    usual = float(once.mean()), float(once.std())
    return Chance(
        float(size),
        centre,
        spread,
        tail_of(once),
        tail_of(persistent[1:]),
        usual,
        tail_points((roots - centre) / spread),
    )


def _resampled(
    scale: DriftScale,
    index: int,
    sample: SlotSample,
    chunk_of_row: NDArray[np.int64],
    chosen: NDArray[np.int64],
) -> Numbers:
    """The root statistics of one field for windows that are sums of chosen chunks, against the rest of the sample."""
    field, own = scale.scales[index], scale.binning.fields[scale.binning.index(scale.fields[index])]
    slots = sample.slots[scale.binning.index(scale.fields[index])]
    n_chunks = int(chunk_of_row.max()) + 1
    counts = np.bincount(chunk_of_row * own.n_slots + slots, minlength=n_chunks * own.n_slots)
    chunks = field.grouped(counts.reshape(n_chunks, own.n_slots))
    # Half the bytes to move: no window has more rows than 32 bits can count.
    windows = chunks.astype(np.int32)[chosen].sum(axis=1, dtype=np.int32).astype(np.int64)
    return field_roots(field, chunks.sum(axis=0) - windows, windows)[0]


def _measure_blocks(scale: DriftScale, chance: Calibration, blocks: Counts, baseline: Counts) -> Blocks:
    """The blocks' own movement, each against the rest of the baseline."""
    n = len(blocks)
    silent = _no_blocks(len(scale.fields), n)
    if n < 2:
        return silent
    roots, rows = scale.roots(baseline - blocks, blocks)
    deviates = chance.standardised(roots, _window_rows(rows))
    mean, spread = _mean_and_deviation(deviates)
    moves = mean > _BLOCK_ERRORS / np.sqrt(n)
    centre = np.where(moves, mean, 0.0)
    # A deviation estimated from few blocks is uncertain itself.
    spread = np.where(moves, np.maximum(spread * (1 + 1 / np.sqrt(2 * (n - 1))), 1.0), 1.0)
    once, persistent = maxima((deviates - centre) / spread)
    usual_mean, usual_deviation = chance.chances[-1].usual
    together = once.mean() > usual_mean + _BLOCK_ERRORS * usual_deviation / np.sqrt(n)
    if not moves.any() and not together:
        return silent
    points = np.where(moves[:, np.newaxis], tail_points((deviates - centre) / spread), np.nan)
    return Blocks(n, centre, spread, tail_of(once), tail_of(persistent[1:]), points)


def _window_rows(rows: Numbers) -> Numbers:
    """The effective rows of windows as a whole: those of the field with most values."""
    return np.asarray(rows.max(axis=1, initial=0.0), dtype=np.float64)


def _no_blocks(n_fields: int, n: int = 0) -> Blocks:
    return Blocks(n, np.zeros(n_fields), np.ones(n_fields), None, None, np.full((n_fields, len(SHARES)), np.nan))


def _mean_and_deviation(values: Numbers) -> tuple[Numbers, Numbers]:
    """By column, without NaN; 0 and 0 where a column has nothing else."""
    there = ~np.isnan(values)
    n = np.maximum(there.sum(axis=0), 1)
    mean = np.where(there, values, 0.0).sum(axis=0) / n
    variance = np.where(there, (values - mean) ** 2, 0.0).sum(axis=0) / n
    return mean, np.sqrt(variance)
