"""Measures on verdicts written by hand."""

import math
from dataclasses import replace

import pandas as pd
import pytest

from benchmarks.quality import measures
from benchmarks.quality.arena import Judged, Outcome, Part
from benchmarks.quality.contenders import Verdict
from benchmarks.quality.harm import Harm
from benchmarks.quality.scenarios import Scenario
from benchmarks.quality.streams import NATURAL
from benchmarks.quality.verdicts import verdict_table

HARMFUL = Scenario("here", "missing", ("a",), 0.3, "break")
HARMLESS = Scenario("here", "mean", ("b",), 0.5, "shift")
HARMS = {HARMFUL: Harm(0.1, 0.01, "harmful"), HARMLESS: Harm(0.0, 0.01, "harmless")}


def judged(part: Part, of: str, position: int, statistic: float, seed: int = 0, loss: float = 0.1) -> Judged:
    """Alarms and pages from a statistic of 1 on; the severity is the statistic, the estimated accuracy .9."""
    loud = statistic >= 1
    verdict = Verdict(loud, statistic, statistic, loud, (), 0.9, loss < 0.2)
    return Judged("here", "one", part, 300, seed, of, position, loss, verdict)


def rows(*all_judged: Judged) -> pd.DataFrame:
    return verdict_table([Outcome("here", list(all_judged), HARMS, ())])


NULL = [judged("tune", "", place, place / 120) for place in range(120)] + [
    judged("null", "", place, 2.0 if place < 3 else 0.0) for place in range(30)
]


def test_false_alarms_are_counted_in_months_of_30_windows() -> None:
    found = measures.false_alarms(rows(*NULL))
    assert found.value == pytest.approx(30 * 3 / 150)
    assert found.n == 150


def test_retuning_uses_the_windows_to_tune_on_alone() -> None:
    # The fourth of 120 in a row may be passed: the fifth highest is 115 / 120.
    scenario = [judged("scenario", HARMFUL.name, place, statistic) for place, statistic in enumerate((0.9, 0.96, 3.0))]
    tuned = measures.retuned(rows(*NULL, *scenario))
    assert measures.equal_false_alarms(tuned).value == pytest.approx(3.0)
    assert measures.power(tuned, harm="harmful").value == pytest.approx(2 / 3)
    assert measures.delay(tuned).value == 2.0
    assert measures.power_by_effect(tuned)["missing", 0.3].value == pytest.approx(2 / 3)


def test_a_run_without_an_alarm_counts_its_length_and_one() -> None:
    scenario = [judged("scenario", HARMFUL.name, place, 0.1) for place in range(3)]
    assert measures.delay(measures.retuned(rows(*NULL, *scenario))).value == 4.0


def test_too_few_windows_to_tune_on_leave_the_stream_out() -> None:
    assert not len(measures.retuned(rows(*NULL[:50], judged("scenario", HARMFUL.name, 0, 1.0))))


def test_breaks_must_be_told_within_two_windows_of_a_run() -> None:
    runs = [judged("scenario", HARMFUL.name, place, value) for place, value in enumerate((0.0, 1.0, 0.0))]
    runs += [judged("scenario", HARMFUL.name, place, value, seed=1) for place, value in enumerate((0.0, 0.0, 1.0))]
    assert measures.breaks_reported(rows(*runs)).value == 0.5


def test_severity_paging_and_what_is_missed() -> None:
    found = rows(
        *[judged("scenario", HARMFUL.name, place, value) for place, value in enumerate((3.0, 0.5, 0.4))],
        *[judged("scenario", HARMLESS.name, place, value) for place, value in enumerate((2.0, 0.1, 0.2))],
    )
    # Of nine pairs two are in the wrong order.
    assert measures.severity_macro(found).value == pytest.approx(7 / 9)
    own = measures.paging_result(found).own
    assert own.recall == pytest.approx(1 / 3)
    assert (own.precision, own.pages) == (0.5, 2)
    assert measures.harmless_alarms(found).value == pytest.approx(1 / 3)
    assert measures.missed(found) == [HARMFUL.name]


def test_labels_page_what_nothing_else_shows() -> None:
    population = Scenario("here", "population", ("b",), 2.0, "population")
    flipped = Scenario("here", "label flip", (), 0.3, "concept")
    harms = {**HARMS, population: Harm(0.0, 0.01, "harmless"), flipped: Harm(0.2, 0.01, "harmful")}
    labelled = [
        replace(judged("scenario", of.name, place, statistic), by_labels=by_labels)
        for of, place, statistic, by_labels in [
            (HARMFUL, 0, 3.0, False),
            (HARMFUL, 1, 0.5, True),
            (flipped, 0, 0.0, True),
            (flipped, 1, 0.0, False),
            (HARMLESS, 0, 0.0, True),
            (HARMLESS, 1, 0.0, False),
            (population, 0, 1.5, False),
            (population, 1, 0.0, False),
        ]
    ]
    found = verdict_table([Outcome("here", labelled, harms, ())])
    assert measures.harm_paged(found).value == 0.5
    assert measures.harm_paged_with_labels(found).value == 0.75
    assert measures.harmless_pages(found).value == 0.25
    assert measures.population_pages(found).value == 0.5
    assert measures.harmless_pages_by_labels(found).value == 0.25


def test_estimates_that_are_off_should_be_flagged() -> None:
    found = rows(
        *[judged("null", "", place, 0.0, loss=0.12) for place in range(4)],
        judged("scenario", HARMFUL.name, 0, 1.0, loss=0.18),
        judged("scenario", HARMFUL.name, 1, 1.0, loss=0.3),
    )
    told = measures.estimate_result(found)
    assert told is not None
    assert told.null.value == pytest.approx(2.0)
    assert told.harmful.value == pytest.approx(14.0)
    assert (told.off, told.flagged, told.flagged_visible, told.flagged_right) == (2, 0.5, 0.5, 0.0)


def test_labels_of_earlier_windows_flag_what_nothing_else_shows() -> None:
    flipped = Scenario("here", "label flip", (), 0.3, "concept")
    run = [
        replace(judged("scenario", flipped.name, place, 0.0, loss=0.19), missed_before=place > 0) for place in range(3)
    ]
    seen = [replace(each, verdict=replace(each.verdict, trusted=True)) for each in run]
    found = verdict_table([Outcome("here", seen, {flipped: Harm(0.1, 0.01, "harmful")}, ())])
    told = measures.estimate_result(found)
    assert told is not None
    assert (told.off, told.flagged) == (3, 0.0)
    assert told.flagged_later == pytest.approx(2 / 3)
    assert math.isnan(told.flagged_visible)


def natural(stream: str, of: str, position: int, *fields: str, hurts: bool = False, by_labels: bool = False) -> Judged:
    verdict = Verdict(bool(fields), 0.0, 0.0, False, fields)
    return Judged(stream, "one", "natural", 300, 0, of, position, 0.1, verdict, by_labels, False, hurts)


def test_an_alert_is_new_where_another_field_alarms_than_in_the_window_before() -> None:
    order = [(), ("a",), ("a",), ("a", "b"), ("b",), (), ("b",)]
    found = rows(
        *[natural("here", NATURAL, place, *fields, hurts=place == 1) for place, fields in enumerate(order)],
        natural("there", NATURAL, 0, "b"),
        natural("there", NATURAL, 1, "b"),
        natural("there", "a known change", 0, "c"),
    )
    assert measures.natural_alarms(found).value == pytest.approx(30 * 7 / 9)
    assert measures.natural_alarms_without_harm(found).value == pytest.approx(30 * 6 / 9)
    assert measures.natural_new_alerts(found).value == pytest.approx(30 * 4 / 9)


@pytest.mark.parametrize("pages", [True, False])
def test_a_concept_is_paged_at_once_or_not(pages: bool) -> None:
    stream, of = measures.CONCEPT
    found = rows(natural(stream, of, 0, by_labels=pages), natural(stream, of, 1, by_labels=not pages))
    assert measures.concept_paged_at_once(found) is pages
    assert measures.concept_paged_at_once(rows(natural("here", of, 0))) is None


def test_swaps_are_found_by_fields_that_part() -> None:
    swap = Scenario("here", "swapped", ("a", "b"), 1.0, "shift")
    parted = Verdict(False, 0.0, 0.0, False, parted=True)
    together = replace(parted, parted=False)
    run = [replace(judged("scenario", swap.name, place, 0.0), verdict=together) for place in range(4)]
    run[0] = replace(run[0], verdict=parted)
    null = [replace(judged("null", "", place, 0.0), verdict=together) for place in range(10)]
    null[3] = replace(null[3], verdict=parted)
    found = verdict_table([Outcome("here", [*run, *null], {swap: Harm(0.1, 0.01, "harmful")}, ())])
    assert measures.swaps_found(found).value == 0.25
    assert measures.joint_false_alarms(found).value == pytest.approx(3.0)
