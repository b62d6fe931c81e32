"""How long it takes to calibrate the thresholds of a baseline, beside resampling its rows with tests on rows.

    python -m benchmarks.calibrating [--rows 1000000]

The baseline has 50 columns, 40 numeric and 10 categorical. *What is kept* is the sample of its rows and the sums of 30
blocks; *calibrate* draws 2,000 windows of each size from 32 to 4,096 rows. The *rows* way draws windows of 1,000 rows
from the baseline and runs scipy's ks_2samp and chi2_contingency against the rest, column by column; a few of them are
timed and multiplied up to 1,000. Read the ratio: the seconds depend on the machine and on its load.
"""

import argparse
import json
from time import perf_counter

import numpy as np
from scipy.stats import chi2_contingency, ks_2samp

from benchmarks.profile_and_score import frame
from detectors.binning import choose_binning
from detectors.calibration import calibrate
from detectors.columns import CategoryColumn, Column, NumericColumn
from detectors.drift_methods import DEFAULT_METHODS
from detectors.drift_scale import count_matrix, drift_scale
from detectors.profile import profile
from detectors.profile_groups import profile_groups
from detectors.slot_sample import sample_slots

BLOCKS = 30
WINDOW_ROWS, WINDOWS_TIMED, WINDOWS = 1_000, 2, 1_000


def main() -> None:
    """Runs both ways and prints a line of JSON."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rows", type=int, default=1_000_000)
    n_rows = arguments.parse_args().rows
    baseline = frame(n_rows, 1)
    binning = choose_binning(baseline)
    total = profile(binning, baseline, workers=2)
    started = perf_counter()
    sample = sample_slots(binning, baseline, np.random.default_rng(1))
    blocks = list(profile_groups(binning, baseline, np.arange(n_rows) * BLOCKS // n_rows, BLOCKS))
    kept = perf_counter() - started
    scale = drift_scale(binning, total, DEFAULT_METHODS)
    started = perf_counter()
    found = calibrate(scale, sample, count_matrix(blocks, binning), total.counts, 1)
    calibrated = perf_counter() - started
    assert found is not None
    by_rows = rows_way(baseline, n_rows)
    figures = {
        "what is kept": round(kept, 2),
        "calibrate": round(calibrated, 2),
        "1,000 windows by tests on rows": round(by_rows),
        "times faster": round(by_rows / calibrated),
    }
    print(json.dumps(figures))


def rows_way(baseline: dict[str, Column], n_rows: int) -> float:
    """Seconds that 1,000 windows would take."""
    rng = np.random.default_rng(2)
    started = perf_counter()
    for _ in range(WINDOWS_TIMED):
        inside = np.zeros(n_rows, dtype=np.bool_)
        inside[rng.choice(n_rows, WINDOW_ROWS, replace=False)] = True
        for column in baseline.values():
            if isinstance(column, NumericColumn):
                ks_2samp(column.values[~inside], column.values[inside], method="asymp")
            elif isinstance(column, CategoryColumn):
                size = len(column.vocabulary)
                sides = [np.bincount(column.codes[side], minlength=size) for side in (~inside, inside)]
                table = np.stack(sides)
                chi2_contingency(table[:, table.sum(axis=0) > 0])
    return (perf_counter() - started) / WINDOWS_TIMED * WINDOWS


if __name__ == "__main__":
    main()
