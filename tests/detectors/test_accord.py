"""Another mix of known rows moves all that goes together; a fault moves one field."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.accord import EVIDENCE, Accord, GroupedRows, accord, grouped_rows
from detectors.binning import Binning
from detectors.columns import Column, NumericColumn
from detectors.profile import profile
from tests.detectors.drift_worlds import Reference, columns, reference
from tests.detectors.strategies import law

BASELINE = reference(columns(8_000, np.random.default_rng(1)))
ROWS = grouped_rows(BASELINE.binning, BASELINE.sample)


def judged(now: dict[str, Column], field: str = "income", of: Reference = BASELINE, rows: GroupedRows = ROWS) -> Accord:
    found = accord(rows, of.binning, profile(of.binning, now), field, ())
    assert found is not None
    return found


def mixed(seed: int, odds: float) -> dict[str, Column]:
    """2,000 rows or so in which high incomes are ``odds`` times as frequent against the others."""
    rng = np.random.default_rng(seed)
    rows = columns(4_000, rng)
    income = rows["income"]
    assert isinstance(income, NumericColumn)
    kept = np.flatnonzero((income.values > 0) | (rng.random(4_000) < 1 / odds))
    return {name: column.take(kept) for name, column in rows.items()}


@pytest.mark.parametrize("odds", [1.5, 2.0, 4.0])
def test_another_mix_of_rows_moves_together(odds: float) -> None:
    assert judged(mixed(2, odds)).verdict == "together"


@pytest.mark.parametrize("shift", [0.2, 0.5, 1.0])
def test_a_field_that_moves_by_itself_moves_alone(shift: float) -> None:
    rows = columns(2_000, np.random.default_rng(3))
    income = rows["income"]
    assert isinstance(income, NumericColumn)
    found = judged({**rows, "income": NumericColumn.of(income.values + shift)})
    assert found.verdict == "alone"
    assert found.evidence < -EVIDENCE


def test_of_a_field_that_goes_with_no_other_nobody_can_tell() -> None:
    rng = np.random.default_rng(4)
    rows = columns(4_000, rng)
    waiting = rows["waiting"]
    assert isinstance(waiting, NumericColumn)
    kept = np.flatnonzero((waiting.values > 0.7) | waiting.missing | (rng.random(4_000) < 0.5))
    assert judged({name: column.take(kept) for name, column in rows.items()}, "waiting").verdict == "unknown"


def test_values_that_the_baseline_hardly_has_are_no_mix_of_known_rows() -> None:
    rows = columns(2_000, np.random.default_rng(5))
    income = rows["income"]
    assert isinstance(income, NumericColumn)
    gone = np.arange(2_000) % 10 == 0
    found = judged({**rows, "income": NumericColumn.of(np.where(gone, np.nan, income.values), gone)})
    assert found.off_ground == pytest.approx(0.1)
    assert found.verdict == "alone"


def test_without_a_change_it_is_hardly_ever_together() -> None:
    verdicts = [judged(columns(1_000, np.random.default_rng(100 + seed))).verdict for seed in range(200)]
    # What one window of 1,000 rows happens to hold goes together as well: chance alone is a mix of known rows at times.
    assert verdicts.count("alone") <= 2


@law
@given(st.integers(1, 200))
def test_the_order_of_rows_does_not_matter(seed: int) -> None:
    rows = columns(300, np.random.default_rng(seed))
    order = np.random.default_rng(seed + 1).permutation(300)
    assert judged({name: column.take(order) for name, column in rows.items()}) == judged(rows)


def test_an_empty_window_tells_nothing_and_another_binning_is_refused() -> None:
    nothing = {name: column.take(np.zeros(0, dtype=np.int64)) for name, column in mixed(6, 2.0).items()}
    assert accord(ROWS, BASELINE.binning, profile(BASELINE.binning, nothing), "income", ()) is None
    other: Binning = reference(columns(500, np.random.default_rng(7))).binning
    with pytest.raises(ValueError, match="counted with binning"):
        accord(ROWS, other, profile(other, nothing), "income", ())
