"""How long profiling and scoring two frames takes, beside the least it could take and beside tests on rows.

    python -m benchmarks.profile_and_score [--rows 1000000] [--rounds 3]

Both frames have 50 columns, 40 numeric of eight shapes and 10 categorical as codes with a vocabulary. The *floor* is
numpy's histogram with given edges for every numeric column and a bincount of the codes for every other one; the *rows*
loop is scipy's ks_2samp and chi2_contingency, column by column. All are timed in turn in one process and the best of
the rounds counts (the rows loop runs once). Read the ratios: the seconds depend on the machine and on its load.
"""

import argparse
import json
import sys
from collections.abc import Callable
from time import perf_counter

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2_contingency, ks_2samp

from detectors.binning import Binning, choose_binning
from detectors.bins import NumericBins
from detectors.columns import CategoryColumn, Column, NumericColumn
from detectors.distances import ks, total_variation
from detectors.encoding import total_encoded
from detectors.profile import Profile, profile
from detectors.profile_groups import encode_rows

NUMERIC, CATEGORICAL = 40, 10
Shape = Callable[[np.random.Generator, int], NDArray[np.float64]]
SHAPES: tuple[Shape, ...] = (
    lambda rng, n: rng.normal(size=n),
    lambda rng, n: rng.lognormal(10, 1, size=n),
    lambda rng, n: rng.random(n),
    lambda rng, n: rng.exponential(5, size=n),
    lambda rng, n: rng.integers(0, 100, n).astype(np.float64),
    lambda rng, n: np.where(rng.random(n) < 0.4, 0.0, rng.gamma(2, 100, size=n)),
    lambda rng, n: rng.standard_t(3, size=n),
    lambda rng, n: rng.normal(size=n).round(2),
)


def main() -> None:
    """Runs all measurements and prints a table and a line of JSON."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rows", type=int, default=1_000_000)
    arguments.add_argument("--rounds", type=int, default=3)
    options = arguments.parse_args()
    baseline, current = frame(options.rows, 1), frame(options.rows, 2)
    started = perf_counter()
    binning = choose_binning(baseline)
    seconds = {"choose binning": perf_counter() - started}
    seconds |= best_of(
        options.rounds,
        {
            "floor: histogram and bincount": lambda: floor(binning, baseline, current),
            "profile and score": lambda: profile_and_score(binning, baseline, current, 1),
            "profile and score, 2 threads": lambda: profile_and_score(binning, baseline, current, 2),
        },
    )
    seconds |= best_of(1, {"rows: ks_2samp and chi2_contingency": lambda: row_tests(baseline, current)})
    seconds |= groups(options.rounds)
    report(seconds, options.rows)


def frame(rows: int, seed: int) -> dict[str, Column]:
    rng = np.random.default_rng(seed)
    columns: dict[str, Column] = {
        f"number {position}": NumericColumn.of(SHAPES[position % len(SHAPES)](rng, rows)) for position in range(NUMERIC)
    }
    for position in range(CATEGORICAL):
        size = 4 << (position % 6)
        codes = rng.zipf(1.5, rows) % size
        columns[f"category {position}"] = CategoryColumn(codes.astype(np.int32), tuple(f"c{i}" for i in range(size)))
    return columns


def floor(binning: Binning, *frames: dict[str, Column]) -> None:
    for bins in binning.fields:
        for columns in frames:
            column = columns[bins.name]
            if isinstance(bins, NumericBins) and isinstance(column, NumericColumn):
                np.histogram(column.values, bins.edges)
            elif isinstance(column, CategoryColumn):
                np.bincount(column.codes)


def profile_and_score(binning: Binning, baseline: dict[str, Column], current: dict[str, Column], workers: int) -> None:
    before, after = profile(binning, baseline, workers=workers), profile(binning, current, workers=workers)
    for name in binning.names:
        score(binning, before, after, name)


def score(binning: Binning, before: Profile, after: Profile, name: str) -> float | None:
    one, other = before.field(binning, name), after.field(binning, name)
    if isinstance(binning.bins_of(name), NumericBins):
        return ks(one.ordered_counts(), other.ordered_counts()).value
    return total_variation(one.category_counts(), other.category_counts()).value


def row_tests(baseline: dict[str, Column], current: dict[str, Column]) -> None:
    for name, column in baseline.items():
        other = current[name]
        if isinstance(column, NumericColumn) and isinstance(other, NumericColumn):
            ks_2samp(column.values, other.values)
        elif isinstance(column, CategoryColumn) and isinstance(other, CategoryColumn):
            size = len(column.vocabulary)
            table = np.array([np.bincount(codes, minlength=size) for codes in (column.codes, other.codes)])
            chi2_contingency(table[:, table.any(axis=0)])


def groups(rounds: int) -> dict[str, float]:
    """100,000 rows of 10 fields in 14,000 groups, and a month of hours summed up."""
    rows, n_groups = 100_000, 14_000
    columns = dict(list(frame(rows, 3).items())[NUMERIC - 7 : NUMERIC + 3])
    binning = choose_binning(columns)
    coded = encode_rows(binning, columns)
    of_row = np.random.default_rng(4).integers(0, n_groups, rows)
    grouped = coded.grouped(of_row, n_groups)
    payloads = [grouped.encoded(group) for group in range(720)]
    return best_of(
        rounds,
        {
            "groups: slot of every row": lambda: encode_rows(binning, columns),
            "groups: 14,000 profiles": lambda: coded.grouped(of_row, n_groups),
            "groups: 14,000 payloads": lambda: [grouped.encoded(group) for group in range(n_groups)],
            "groups: total of 720 payloads": lambda: total_encoded(binning, payloads),
        },
    )


def best_of(rounds: int, works: dict[str, Callable[[], object]]) -> dict[str, float]:
    """Shortest time of each work, all done once in every round."""
    best = dict.fromkeys(works, float("inf"))
    for _ in range(rounds):
        for name, work in works.items():
            started = perf_counter()
            work()
            best[name] = min(best[name], perf_counter() - started)
    return best


def report(seconds: dict[str, float], rows: int) -> None:
    least = seconds["floor: histogram and bincount"]
    print(f"two frames of {rows:,} x {NUMERIC + CATEGORICAL}", f"{'seconds':>43}{'/ floor':>10}")
    for name, value in seconds.items():
        ratio = "" if name.startswith("groups") else f"{value / least:.2f}"
        print(f"  {name:<60}{value:>10.3f}{ratio:>10}")
    ours, threaded = seconds["profile and score"], seconds["profile and score, 2 threads"]
    rows_loop = seconds["rows: ks_2samp and chi2_contingency"]
    summary = {
        "rows": rows,
        "seconds": {name: round(value, 4) for name, value in seconds.items()},
        "over_floor": round(ours / least, 3),
        "over_floor_2_threads": round(threaded / least, 3),
        "faster_than_rows": round(rows_loop / ours, 2),
        "faster_than_rows_2_threads": round(rows_loop / threaded, 2),
    }
    sys.stdout.write(json.dumps(summary) + "\n")


if __name__ == "__main__":
    main()
