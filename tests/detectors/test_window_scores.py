"""Many windows at once are measured by the formulas of one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.columns import NumericColumn
from detectors.drift_methods import CATEGORY_METHODS, kind_of, measure
from detectors.drift_scale import drift_scale
from detectors.window_scores import METHODS, from_root, to_root
from tests.detectors.drift_worlds import columns, matrix, reference, windows
from tests.detectors.strategies import law

# The groups of chi-square do not know the window's rows.
APPROXIMATE = {"chi_square": 0.5}


@pytest.mark.parametrize("method", METHODS)
def test_every_window_gets_the_distance_that_it_gets_alone(method: str) -> None:
    rng = np.random.default_rng(3)
    of = reference(columns(4_000, rng))
    of_category = method if method in CATEGORY_METHODS else "total_variation"
    scale = drift_scale(of.binning, of.profile, {"numeric": method, "categorical": of_category})
    parts = windows(of.binning, columns(2_000, rng, shift=0.5), 500)
    roots, rows = scale.roots(of.profile.counts, matrix(parts))
    for window, part in enumerate(parts):
        for index, name in enumerate(scale.fields):
            before, now = of.profile.field(of.binning, name), part.field(of.binning, name)
            own = method if kind_of(before) == "numeric" else of_category
            alone = measure(own, before, now).distance.value
            together = float(from_root(own, roots[window, index], rows[window, index]))
            assert alone == pytest.approx(together, rel=APPROXIMATE.get(own, 1e-9))


def test_a_field_without_values_has_no_statistic() -> None:
    rng = np.random.default_rng(4)
    of = reference(columns(1_000, rng))
    nothing = NumericColumn.of(np.full(50, np.nan), np.ones(50, dtype=np.bool_))
    rest = {**columns(50, rng), "waiting": nothing}
    roots, rows = of.scale.roots(of.profile.counts, matrix(windows(of.binning, rest, 50)))
    at = of.scale.fields.index("waiting")
    assert np.isnan(roots[0, at])
    assert rows[0, at] == 0
    assert not np.isnan(np.delete(roots[0], at)).any()


@law
@given(
    method=st.sampled_from(METHODS),
    value=st.floats(0, 1),
    rows=st.floats(1, 1e6),
)
def test_the_root_has_an_inverse(method: str, value: float, rows: float) -> None:
    root = to_root(method, np.array(value), np.array(rows))
    assert float(from_root(method, root, np.array(rows))) == pytest.approx(value, rel=1e-9, abs=1e-12)


def test_roots_scatter_alike_whatever_the_number_of_rows() -> None:
    rng = np.random.default_rng(5)
    of = reference(columns(20_000, rng))
    means = []
    for size in (100, 1_000):
        roots, _ = of.scale.roots(of.profile.counts, matrix(windows(of.binning, columns(100 * size, rng), size)))
        means.append(roots.mean(axis=0))
    assert means[0] == pytest.approx(means[1], rel=0.15)
