"""The worst part of a stream: found where it is, silent where nothing changed, and news only where it is new."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from detectors.binning import choose_binning
from detectors.columns import CategoryColumn, Column, NumericColumn
from detectors.findings import Finding
from detectors.group_losses import GroupLosses, LossGroups, count_losses, loss_groups, no_losses, total_losses
from detectors.worst_segment import LEVEL, Loss, worst_segment_finding
from tests.detectors.strategies import law

Floats = NDArray[np.float64]
DEVICES = ("ios", "android", "web", "old-android")
SHARES = (0.4, 0.3, 0.22, 0.08)


def rows_of(rng: np.random.Generator, n: int) -> dict[str, Column]:
    """Rows of a category field, a continuous one, one with a frequent zero, and one of a few whole numbers."""
    return {
        "device": CategoryColumn.of_strings(rng.choice(DEVICES, n, p=SHARES).tolist()),
        "income": NumericColumn.of(rng.lognormal(size=n)),
        "debt": NumericColumn.of(np.where(rng.random(n) < 0.6, 0.0, rng.exponential(size=n))),
        "children": NumericColumn.of(rng.integers(0, 5, n).astype(float)),
    }


REFERENCE = rows_of(np.random.default_rng(99), 4000)
GROUPS: LossGroups = loss_groups(choose_binning(REFERENCE))


def is_device(rows: dict[str, Column], device: str) -> NDArray[np.bool_]:
    column = rows["device"]
    assert isinstance(column, CategoryColumn)
    return np.asarray(column.codes == column.vocabulary.index(device))


def losses_of(rng: np.random.Generator, n: int, risk: Callable[[dict[str, Column]], Floats]) -> GroupLosses:
    rows = rows_of(rng, n)
    wrong = (rng.random(n) < risk(rows)).astype(float)
    return count_losses(GROUPS, rows, wrong, np.zeros(n, dtype=np.int64), 1)[0]


def flat(share: float) -> Callable[[dict[str, Column]], Floats]:
    return lambda rows: np.full(len(is_device(rows, "ios")), share)


def bad_at(device: str, share: float, elsewhere: float = 0.1) -> Callable[[dict[str, Column]], Floats]:
    return lambda rows: np.where(is_device(rows, device), share, elsewhere)


def judge(baseline: GroupLosses, current: GroupLosses, loss: Loss = "error") -> Finding:
    return worst_segment_finding(GROUPS, baseline, current, 10_000, loss=loss)


def test_the_broken_group_is_found_and_told() -> None:
    rng = np.random.default_rng(1)
    found = judge(losses_of(rng, 4000, flat(0.1)), losses_of(rng, 3000, bad_at("old-android", 0.4)))
    assert (found.kind, found.method, found.field, found.status) == ("performance", "worst_segment", None, "critical")
    assert found.value == pytest.approx(0.3, abs=0.08)
    # A share of .08 of the rows that is .3 worse adds .024 to the error of all.
    assert found.effect == pytest.approx(0.024, abs=0.008)
    assert found.p_value is not None
    assert found.p_value < 1e-6
    assert found.reason.startswith("device='old-android': error 4")
    assert " elsewhere (at the baseline " in found.reason


def test_the_numbers_are_those_of_two_tables() -> None:
    """Against the same quantities computed from the rows of the groups, without any sums."""
    rng = np.random.default_rng(2)
    sides = []
    tables = []
    for n, risk in ((2000, 0.1), (1500, 0.3)):
        rows = rows_of(rng, n)
        wrong = (rng.random(n) < np.where(is_device(rows, "web"), risk, 0.1)).astype(float)
        sides.append(count_losses(GROUPS, rows, wrong, np.zeros(n, dtype=np.int64), 1)[0])
        inside = is_device(rows, "web")
        tables.append((wrong[inside], wrong[~inside]))
    found = judge(sides[0], sides[1])
    assert found.reason.split(":")[0] == "device='web'"
    (then, then_rest), (now, now_rest) = tables
    value = min(now.mean() - then.mean(), (now.mean() - now_rest.mean()) - (then.mean() - then_rest.mean()))
    assert found.value == pytest.approx(value)

    shares = [(each.sum() + 0.5) / (len(each) + 1) for each in (now, then, now_rest, then_rest)]
    scatter = [share * (1 - share) for share in shares]
    middle = (shares[0] + shares[1]) / 2
    error = np.sqrt(
        middle * (1 - middle) / len(now)
        + max(scatter[:2]) / len(then)
        + max(scatter[2:]) * (1 / len(now_rest) + 1 / len(then_rest))
    )
    judged = sum(min(side.n[at] for side in sides) >= 50 for at in range(GROUPS.n_groups))
    assert found.threshold == pytest.approx(stats.norm.isf(LEVEL / judged) * error)
    assert found.p_value == pytest.approx(min(1.0, judged * stats.norm.sf(value / error)))


def test_what_was_always_bad_and_what_hits_all_alike_is_no_news() -> None:
    rng = np.random.default_rng(3)
    always = judge(losses_of(rng, 4000, bad_at("old-android", 0.4)), losses_of(rng, 3000, bad_at("old-android", 0.4)))
    assert always.status == "ok"
    assert always.reason.startswith("no group got worse than the rest, of ")
    everywhere = judge(losses_of(rng, 4000, flat(0.1)), losses_of(rng, 3000, flat(0.3)))
    assert everywhere.status == "ok"
    better = judge(losses_of(rng, 4000, bad_at("web", 0.4)), losses_of(rng, 3000, flat(0.1)))
    assert better.status == "ok"


def test_a_tiny_difference_of_many_rows_is_within_the_tolerance() -> None:
    def many(share: float) -> GroupLosses:
        return count_losses(GROUPS, REFERENCE, np.full(4000, share), np.zeros(4000, dtype=np.int64), 1)[0]

    before = total_losses(GROUPS, [many(0.0)] * 500)
    worse = np.where(is_device(REFERENCE, "web"), 0.005, 0.0)
    now = total_losses(GROUPS, [count_losses(GROUPS, REFERENCE, worse, np.zeros(4000, dtype=np.int64), 1)[0]] * 500)
    found = judge(before, now)
    assert (found.status, found.threshold, found.threshold_source) == ("ok", 0.01, "baseline")


@law
@given(st.integers(0, 2**32), st.permutations(["income", "device", "debt", "children"]))
def test_the_order_of_the_fields_does_not_matter(seed: int, order: list[str]) -> None:
    turned = loss_groups(choose_binning({name: REFERENCE[name] for name in order}))

    def sides(groups: LossGroups) -> list[GroupLosses]:
        rng = np.random.default_rng(seed)
        found = []
        for n in (600, 500):
            rows = rows_of(rng, n)
            wrong = (rng.random(n) < 0.3).astype(float)
            found.append(count_losses(groups, rows, wrong, np.zeros(n, dtype=np.int64), 1)[0])
        return found

    (before, now), (before_turned, now_turned) = sides(GROUPS), sides(turned)
    one, two = (
        worst_segment_finding(GROUPS, before, now, 500),
        worst_segment_finding(turned, before_turned, now_turned, 500),
    )
    assert (one.status, one.reason) == (two.status, two.reason)
    assert one.value == pytest.approx(two.value)
    assert one.p_value == pytest.approx(two.p_value)


def test_a_regression_is_searched_by_its_absolute_errors() -> None:
    rng = np.random.default_rng(4)

    def errors(n: int, factor: float) -> GroupLosses:
        rows = rows_of(rng, n)
        size = rng.exponential(size=n) * np.where(is_device(rows, "web"), factor, 1.0)
        return count_losses(GROUPS, rows, size, np.zeros(n, dtype=np.int64), 1)[0]

    found = judge(errors(4000, 1.0), errors(3000, 2.0), "absolute error")
    assert found.status == "critical"
    assert found.reason.startswith("device='web': absolute error ")
    assert found.value == pytest.approx(1.0, abs=0.25)


@pytest.mark.parametrize(
    ("before", "now", "n_rows", "status", "words"),
    [
        (0, 500, 500, "insufficient", "the baseline has no labels to compare with: whether a group was always bad"),
        (80, 500, 500, "insufficient", "the baseline has 80 labelled rows, at least 100 are needed"),
        (500, 99, 500, "insufficient", "99 labelled rows, at least 100 are needed"),
        (500, 0, 0, "nodata", "no rows in this window"),
    ],
)
def test_what_cannot_be_judged_is_named(before: int, now: int, n_rows: int, status: str, words: str) -> None:
    rng = np.random.default_rng(5)
    sides = [losses_of(rng, n, flat(0.1)) if n else no_losses(GROUPS) for n in (before, now)]
    found = worst_segment_finding(GROUPS, sides[0], sides[1], n_rows)
    assert (found.status, found.reason[: len(words)]) == (status, words)


def test_a_model_without_groups_has_none_to_judge() -> None:
    constant = {"x": NumericColumn.of(np.zeros(500))}
    groups = loss_groups(choose_binning(constant))
    (sums,) = count_losses(groups, constant, np.zeros(500), np.zeros(500, dtype=np.int64), 1)
    found = worst_segment_finding(groups, sums, sums, 500)
    assert found.status == "insufficient"
    assert found.reason == "no group of any field has 50 labelled rows, and leaves as many, on both sides"


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.02, 0.2])
def test_an_unchanged_stream_is_rarely_called_worse(share: float) -> None:
    """1,000 windows, each against a baseline of its own: one alarm is expected, four are three deviations more."""
    rng = np.random.default_rng(6)
    alarms = sum(
        judge(losses_of(rng, 1500, flat(share)), losses_of(rng, 700, flat(share))).status != "ok" for _ in range(1000)
    )
    assert alarms <= 4


@pytest.mark.slow
def test_long_tails_of_a_regression_are_rarely_called_worse() -> None:
    rng = np.random.default_rng(7)

    def errors(n: int) -> GroupLosses:
        return count_losses(GROUPS, rows_of(rng, n), rng.lognormal(size=n), np.zeros(n, dtype=np.int64), 1)[0]

    alarms = sum(judge(errors(1500), errors(700), "absolute error").status != "ok" for _ in range(1000))
    assert alarms <= 4


def test_a_group_of_a_twelfth_that_loses_25_points_is_found_in_two_thousand_rows() -> None:
    rng = np.random.default_rng(8)
    # 160 rows of it, 320 at the baseline: the rise is 5.3 of its standard errors, the limit is 3.9 of them.
    named = sum(
        judge(losses_of(rng, 4000, flat(0.1)), losses_of(rng, 2000, bad_at("old-android", 0.35))).reason.startswith(
            "device='old-android'"
        )
        for _ in range(60)
    )
    assert named >= 48
