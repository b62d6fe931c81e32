"""Row-based methods by name, against what Evidently 0.7.23 and SciPy say of the same rows."""

import numpy as np
import pytest
from scipy.stats import ks_2samp

from detectors.columns import CategoryColumn, NumericColumn
from modelwatch.evidently_rows.process import Limits
from modelwatch.row_comparison import row_based_findings
from modelwatch.row_samples import RowSample
from tests.modelwatch.evidently_rows.samples import IMAGE, SCRIPT, hostile_sample


def compared() -> tuple[RowSample, RowSample]:
    """The rows on which Evidently was run by hand: a normal field that moved, and categories that did."""
    rng = np.random.default_rng(42)
    before, now = rng.normal(size=2000), rng.normal(0.2, 1.1, 1500)
    texts = [
        rng.choice(list("abcde"), n, p=p).tolist()
        for n, p in ((2000, [0.4, 0.3, 0.15, 0.1, 0.05]), (1500, [0.35, 0.3, 0.2, 0.1, 0.05]))
    ]
    sides = [
        RowSample(
            {"x": NumericColumn.of(values), "y": CategoryColumn.of_strings(of_side)},
            {"x": "numeric", "y": "categorical"},
            len(values),
        )
        for values, of_side in zip((before, now), texts, strict=True)
    ]
    return sides[0], sides[1]


@pytest.mark.slow
def test_values_are_evidentlys_own() -> None:
    before, now = compared()
    numeric, categories = row_based_findings(before, now, "evidently:psi", seed=0)
    # Made by running Evidently 0.7.23 with pandas 2.3.3 on these rows.
    assert numeric.value == pytest.approx(0.10274863459701583, rel=1e-9)
    assert categories.value == pytest.approx(0.05319913717653339, rel=1e-9)
    assert (numeric.field, numeric.status, numeric.threshold, numeric.p_value) == ("x", "warning", 0.1, None)
    assert (categories.status, categories.threshold_source) == ("ok", "Evidently's own")
    (found,) = row_based_findings(before, now, "evidently:ks", seed=0, threshold=1e-15)
    rng = np.random.default_rng(42)
    expected = ks_2samp(rng.normal(size=2000), rng.normal(0.2, 1.1, 1500)).pvalue
    assert found.p_value == found.value == pytest.approx(expected)
    assert (found.field, found.status, found.threshold_source) == ("x", "ok", "given")


@pytest.mark.slow
def test_a_field_that_a_test_cannot_take_does_not_stop_the_others() -> None:
    found = row_based_findings(hostile_sample(1), hostile_sample(2, 1.0), "evidently:anderson", seed=0)
    assert [each.field for each in found] == [SCRIPT, "f0", "constant", "empty"]
    assert [each.status for each in found] == ["warning", "ok", "insufficient", "insufficient"]
    assert "cannot take this field" in found[2].reason
    assert found[3].reason == "the baseline's sample has 0 rows with a value, at least 100 are needed"


def test_a_process_that_fails_is_a_finding_for_every_field() -> None:
    found = row_based_findings(
        hostile_sample(1), hostile_sample(2), "evidently:z", seed=0, limits=Limits(150 * 1024**2, 60)
    )
    assert [each.field for each in found] == [IMAGE, "flag"]
    assert {each.status for each in found} == {"error"}
    assert {each.reason for each in found} == {"Evidently gave no answer: it ran out of the memory it may use"}


def test_joint_methods_give_one_finding_over_the_fields_that_are_asked_for() -> None:
    before, now = hostile_sample(1), hostile_sample(2, 2.0)
    (found,) = row_based_findings(before, now, "mmd", seed=0)
    assert (found.field, found.method, found.status) == (None, "mmd", "critical")
    (found,) = row_based_findings(before, now, "domain_classifier", seed=0, fields=["f0", "flag"])
    assert found.status == "ok"
    (few,) = row_based_findings(before, now, "mmd", seed=0, min_rows=1_000)
    assert few.status == "insufficient"


def test_a_window_without_rows_is_nodata() -> None:
    before, now = hostile_sample(1), hostile_sample(2).of_category(IMAGE, "nowhere")
    for method in ("mmd", "domain_classifier", "evidently:ks"):
        assert {each.status for each in row_based_findings(before, now, method, seed=0)} == {"nodata"}


@pytest.mark.parametrize(
    ("method", "fields", "words"),
    [
        ("evidently:kss", None, "names no test of Evidently: use evidently: and one of TVD, anderson"),
        ("ks", None, "compares sums"),
        ("mmd", ["nothing"], "'nothing' is not in the baseline"),
    ],
)
def test_what_is_not_known_is_named(method: str, fields: list[str] | None, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        row_based_findings(hostile_sample(1), hostile_sample(2), method, seed=0, fields=fields)
