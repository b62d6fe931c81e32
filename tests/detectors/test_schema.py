"""Fields that vanish, come, come back and change their type."""

from collections.abc import Mapping

import numpy as np

from detectors.binning import choose_binning
from detectors.columns import CategoryColumn, Column, NumericColumn
from detectors.findings import Finding
from detectors.profile import profile
from detectors.quality import quality_findings
from detectors.schema import SchemaChange, schema_change, schema_finding

N = 400
NUMBERS = NumericColumn.of(np.arange(float(N)))
WORDS = CategoryColumn.of_strings(["north", "south"] * (N // 2))
GONE = NumericColumn.of(np.full(N, np.nan), missing=np.ones(N))
BASELINE: Mapping[str, Column] = {"income": NUMBERS, "age": NUMBERS, "region": WORDS}


def changed(
    now: Mapping[str, Column], unknown: Mapping[str, int] | None = None, base: Mapping[str, Column] = BASELINE
) -> tuple[SchemaChange, Finding]:
    binning = choose_binning(base)
    before, current = profile(binning, base), profile(binning, {**base, **now})
    change = schema_change(binning, before, current, unknown)
    (finding,) = quality_findings(binning, before, current, checks=["schema"], unknown_fields=unknown)
    assert finding == schema_finding(change, before.n, current.n)
    return change, finding


def test_nothing_changed() -> None:
    change, finding = changed({})
    assert (change, finding.status, finding.value) == (SchemaChange(), "ok", 0.0)
    assert finding.reason == "every field is there and of the type it had at the baseline"


def test_a_field_that_vanishes_is_critical_and_explains_its_drift() -> None:
    change, finding = changed({"income": GONE})
    assert (change.vanished, change.explained) == (("income",), frozenset({"income"}))
    assert (finding.status, finding.value, finding.field, finding.method) == ("critical", 1.0, None, "schema")
    assert finding.reason == "1 field vanished: 'income'"


def test_a_field_that_is_often_missing_may_be_missing_in_a_small_window() -> None:
    at = np.arange(20_000)
    base: Mapping[str, Column] = {"rare": NumericColumn.of(at, missing=at % 100 != 0)}
    assert changed({"rare": GONE}, base=base)[1].status == "ok"
    hole = NumericColumn.of(np.full(4000, np.nan), missing=np.ones(4000))
    assert changed({"rare": hole}, base=base)[1].status == "critical"


def test_numbers_sent_as_text_are_a_change_of_type() -> None:
    text = NumericColumn.of(np.full(N, np.nan), mistyped=np.ones(N))
    numbers = CategoryColumn(np.full(N, -2, dtype=np.int32), ())
    change, finding = changed({"age": text, "region": numbers})
    assert change == SchemaChange(retyped=("age", "region"))
    assert finding.reason == "2 fields changed type: 'age', 'region'"
    half = NumericColumn.of(NUMBERS.values, mistyped=np.arange(N) % 2)
    assert changed({"age": half})[0] == SchemaChange()


def test_new_fields_are_named_and_strays_are_not() -> None:
    change, finding = changed({}, {"zip": N, "age_2": 40, "typo": 3})
    assert (change.added, change.explained) == (("age_2", "zip"), frozenset())
    assert (finding.status, finding.value, finding.reason) == ("warning", 2.0, "2 fields new: 'age_2', 'zip'")
    many = changed({}, {f"f{number}": N for number in range(8)})[1]
    assert many.reason == "8 fields new: 'f0', 'f1', 'f2', 'f3', 'f4' and 3 more"


def test_a_rename_is_one_finding_of_two_fields() -> None:
    finding = changed({"income": GONE}, {"salary": N})[1]
    assert (finding.status, finding.value) == ("critical", 2.0)
    assert finding.reason == "1 field vanished: 'income'; 1 field new: 'salary'"


def test_a_field_without_values_at_the_baseline_may_stay_so_and_is_named_when_it_comes() -> None:
    base: Mapping[str, Column] = {"x": NUMBERS, "late": GONE}
    assert changed({}, base=base)[1].status == "ok"
    change, finding = changed({"late": NUMBERS}, base=base)
    assert (change.revived, finding.status) == (("late",), "warning")
    assert finding.reason == "1 field had no value at the baseline and has some now: 'late'"


def test_few_rows_show_no_schema() -> None:
    none: Mapping[str, Column] = {field: NumericColumn.of([]) for field in ("income", "age")}
    empty = changed({**none, "region": CategoryColumn.of_strings([])})[1]
    assert (empty.status, empty.reason) == ("nodata", "no rows in this window")
    one: Mapping[str, Column] = {field: NumericColumn.of([1.0]) for field in ("income", "age")}
    single = changed({**one, "region": CategoryColumn.of_strings(["north"])})[1]
    assert (single.status, single.reason) == ("insufficient", "1 row, at least 30 are needed")
    small = schema_finding(SchemaChange(), 10, 500)
    assert (small.status, small.reason) == ("insufficient", "the baseline has 10 rows, at least 30 are needed")
