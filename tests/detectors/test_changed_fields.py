"""Fields that are named beside those that passed their limit: those whose p-values say so, with few false ones."""

from collections.abc import Sequence

import numpy as np
import pytest
from scipy.stats import false_discovery_control, norm

from detectors.changed_fields import FALSE_DISCOVERIES, beside_in_words, changed_beside
from detectors.findings import CALIBRATED, FIXED, Finding


def finding(field: str, p_value: float | None, source: str = CALIBRATED) -> Finding:
    return Finding("drift", "ks", field, 0.1, 0.2, source, p_value, 0.1, 5_000, 500, "ok", "", "normal")


def findings(p_values: Sequence[float]) -> list[Finding]:
    return [finding(f"f{at}", p_value) for at, p_value in enumerate(p_values)]


def test_the_list_is_that_of_benjamini_and_yekutieli_without_those_that_passed_their_limit() -> None:
    p_values = [1e-6, 0.004, 0.2, 0.003, 0.9]
    expected = np.flatnonzero(false_discovery_control(p_values, method="by") <= FALSE_DISCOVERIES)
    found = changed_beside(findings(p_values), ["f0"])
    assert found == ("f3", "f1")
    assert {"f0", *found} == {f"f{at}" for at in expected}


def test_without_an_alarm_nothing_is_listed() -> None:
    assert changed_beside(findings([1e-9, 0.5]), []) == ()


def test_p_values_of_fixed_limits_take_no_part() -> None:
    given = [finding("a", 1e-9), finding("b", 1e-9, FIXED), finding("c", None)]
    assert changed_beside(given, ["a"]) == ()
    assert changed_beside(given[1:], ["b"]) == ()


def test_few_of_the_fields_named_are_false_where_fields_go_together() -> None:
    rng = np.random.default_rng(1)
    shares = []
    for _ in range(400):
        # Twenty fields that share half of their chance; the first five changed.
        z = np.sqrt(0.5) * rng.normal(size=20) + np.sqrt(0.5) * rng.normal()
        z[:5] += 4.0
        p_values = list(norm.sf(z))
        found = {"f0", *changed_beside(findings(p_values), ["f0"])}
        shares.append(len(found - {f"f{at}" for at in range(5)}) / len(found))
    # The level, and three standard errors of a mean of 400 shares.
    assert np.mean(shares) <= FALSE_DISCOVERIES + 3 * np.std(shares) / 20


@pytest.mark.parametrize(
    ("fields", "words"),
    [((), ""), (("a",), "; probably with 'a'"), (tuple("abcde"), "; probably with 'a', 'b', 'c' and 2 more")],
)
def test_the_list_as_words(fields: tuple[str, ...], words: str) -> None:
    assert beside_in_words(fields) == words
