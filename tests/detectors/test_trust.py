"""An estimate is relied on unless something that is known speaks against it, and every doubt is named."""

import pytest

from detectors.estimates import Estimate, undefined
from detectors.findings import Finding, Status
from detectors.trust import Comparison, Known, trust


def found(method: str, field: str | None, status: Status = "critical", effect: float = 0.4) -> Finding:
    return Finding("quality", method, field, 0.5, 0.1, "fixed", None, effect, 1000, 1000, status, "", "normal")


def compared(estimated: float | None, realised: float | None, tolerance: float = 0.0) -> Comparison:
    one, two = (undefined(0, "") if value is None else Estimate(value, 0.01, 1000) for value in (estimated, realised))
    return Comparison(one, two, tolerance)


HIT, MISS = compared(0.9, 0.94), compared(0.9, 0.8)


def test_nothing_known_against_it_is_trust() -> None:
    fine = Known(
        quality=(found("missing", "income", "ok"), found("volume", None)),
        unknown=0.05,
        past=(HIT, compared(None, 0.5), compared(0.9, None)),
    )
    for known in (Known(), fine):
        assert (trust(known).trusted, trust(known).reason) == (True, "")


@pytest.mark.parametrize(
    ("known", "reason"),
    [
        (Known(quality=(found("missing", "income"),)), "missing values in income"),
        (Known(quality=(found("range", "age", "warning"),)), "values out of range in age"),
        (
            Known(quality=(found("unseen", "region"), found("types", "age"))),
            "unseen categories in region; values of a wrong type in age",
        ),
        (
            Known(quality=tuple(found("missing", name) for name in "abcde")),
            "missing values in a; missing values in b; missing values in c; 2 more breaks",
        ),
        (Known(quality=(found("stuck", "sensor"),)), "a stuck value in sensor"),
        (Known(swapped=("age", "tenure")), "age and tenure no longer go together as at the baseline"),
        (Known(unknown=0.12), "12.0 % of rows are beyond what the baseline has labels for"),
        (Known(past=(MISS, HIT)), "missed what labels showed in 1 of the last 2 windows with labels"),
        (Known(swapped=("a", "b"), unknown=0.5), "a and b no longer go together as at the baseline; 50.0 % of rows"),
    ],
)
def test_every_doubt_is_named(known: Known, reason: str) -> None:
    verdict = trust(known)
    assert not verdict.trusted
    assert verdict.reason.startswith(f"not reliable: {reason}")


def test_breaks_count_where_the_field_matters() -> None:
    broken = (found("missing", "income"),)
    assert trust(Known(quality=broken, important=frozenset({"age"}))).trusted
    assert not trust(Known(quality=broken, important=frozenset({"age", "income"}))).trusted


def test_a_stuck_value_counts_in_fields_that_matter_and_in_answers() -> None:
    stuck = (found("stuck", "score", effect=0.9), found("stuck", "region", effect=1.0))
    fields = frozenset({"age"})
    assert trust(Known(stuck[1:], fields, frozenset({"score"}))).trusted
    assert trust(Known(stuck, fields, frozenset({"score"}))).reason == "not reliable: a stuck value in score"
    assert trust(Known(stuck, fields | {"region"})).reason == "not reliable: a stuck value in region"


def test_old_misses_are_forgiven_after_five_hits() -> None:
    assert trust(Known(past=(MISS, *[HIT] * 5))).trusted
    assert not trust(Known(past=(MISS, *[HIT] * 4))).trusted


def test_a_miss_is_beyond_three_errors_and_what_matters() -> None:
    limit = 3 * 0.01 * 2**0.5
    assert not compared(0.9, 0.9 - 0.99 * limit).missed
    assert compared(0.9, 0.9 - 1.01 * limit).missed
    assert not compared(0.9, 0.8, tolerance=0.2).missed


@pytest.mark.parametrize(("rise", "trusted"), [(0.49, True), (0.5, False)])
def test_a_break_of_half_the_rows_counts_whatever_the_field_was_worth(rise: float, trusted: bool) -> None:
    broken = (found("range", "income", effect=rise),)
    assert trust(Known(quality=broken, important=frozenset({"age"}))).trusted == trusted
