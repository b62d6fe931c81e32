"""An injection does what it says, and nothing else."""

import numpy as np
import pandas as pd
import pytest

from benchmarks.quality import injections
from benchmarks.quality.injections import NOTHING_USUAL, Injection, Usual
from benchmarks.quality.scenarios import FAMILIES, scenarios_of
from tests.benchmarks.streams import rows_of, small_stream

ROWS = rows_of(2_000, 0)


def rng() -> np.random.Generator:
    return np.random.default_rng(7)


def put(injection: Injection, fields: list[str], size: float) -> pd.DataFrame:
    usual = Usual.of(ROWS[fields[0]]) if fields else NOTHING_USUAL
    return injection(ROWS, fields, size, usual, rng())


def test_a_mean_shift_moves_the_mean_by_so_many_standard_deviations() -> None:
    shifted = put(injections.mean_shift, ["first"], 0.25)
    before = ROWS["first"]
    assert shifted["first"].mean() - before.mean() == pytest.approx(0.25 * before.std())
    assert shifted["first"].std() == pytest.approx(before.std())


def test_scaling_keeps_the_mean_and_stretches_the_rest() -> None:
    scaled = put(injections.scale, ["second"], 1.5)["second"]
    assert scaled.mean() == pytest.approx(ROWS["second"].mean())
    assert scaled.std() == pytest.approx(1.5 * ROWS["second"].std())


def test_a_mix_moves_a_share_of_rows_to_the_second_category() -> None:
    mixed = put(injections.category_mix, ["place"], 0.25)["place"]
    changed = mixed != ROWS["place"]
    assert set(mixed[changed]) == {"b"}
    # A quarter is chosen, of which those that were there already do not change.
    already = (ROWS["place"] == "b").mean()
    assert changed.mean() == pytest.approx(0.25 * (1 - already), abs=0.03)
    assert mixed.dtype == ROWS["place"].dtype


@pytest.mark.parametrize("field", ["first", "place"])
@pytest.mark.parametrize("share", [0.01, 0.3])
def test_missing_takes_exactly_the_share(field: str, share: float) -> None:
    assert put(injections.missing, [field], share)[field].isna().sum() == share * len(ROWS)


def test_a_unit_error_multiplies_exactly_the_share_by_100() -> None:
    ratio = put(injections.unit_error, ["second"], 0.2)["second"] / ROWS["second"]
    assert sorted(ratio.round(6).value_counts().to_dict().items()) == [(1.0, 1_600), (100.0, 400)]


def test_swapped_fields_exchange_their_values_row_by_row() -> None:
    swapped = put(injections.swapped, ["first", "second"], 0.25)
    moved = swapped["first"] != ROWS["first"]
    assert moved.sum() == 500
    assert (swapped["first"][moved] == ROWS["second"][moved]).all()
    assert (swapped["second"][moved] == ROWS["first"][moved]).all()
    assert (swapped["second"][~moved] == ROWS["second"][~moved]).all()


def test_a_stuck_field_has_one_value() -> None:
    assert put(injections.stuck, ["first"], 1.0)["first"].unique().tolist() == [ROWS["first"].median()]
    assert put(injections.stuck, ["place"], 1.0)["place"].unique().tolist() == ["a"]


def test_a_label_flip_turns_exactly_the_share_of_labels() -> None:
    flipped = put(injections.label_flip, [], 0.3)["label"]
    assert (flipped == 1 - ROWS["label"]).sum() == 600


def test_flipped_labels_of_a_regression_are_the_same_labels_elsewhere() -> None:
    priced = ROWS.assign(label=np.arange(len(ROWS)) * 1.5)
    flipped = injections.label_flip(priced, [], 0.3, NOTHING_USUAL, rng())["label"]
    assert 500 < (flipped != priced["label"]).sum() <= 600
    assert sorted(flipped) == sorted(priced["label"])


def test_a_population_shift_only_leaves_rows_out() -> None:
    shifted = put(injections.population_shift, ["first"], 4.0)
    above = (shifted["first"] > ROWS["first"].median()).sum()
    assert above == 1_000
    # 1,000 draws with a chance of one quarter: 5 standard deviations are 68.
    assert len(shifted) - above == pytest.approx(250, abs=68)
    assert len(shifted.merge(ROWS, how="inner")) == len(shifted)


@pytest.mark.parametrize(
    "family", [family for family in FAMILIES if family.nature != "population"], ids=lambda f: f.name
)
def test_no_injection_touches_another_column_or_its_input(family: object) -> None:
    found = [scenario for scenario in scenarios_of(small_stream()) if scenario.family == getattr(family, "name", "")]
    assert found
    for scenario in found:
        before = ROWS.copy(deep=True)
        changed = scenario.inject(ROWS, rng())
        own = {*scenario.fields, "label"} if scenario.family == "label flip" else set(scenario.fields)
        others = [name for name in ROWS.columns if name not in own]
        pd.testing.assert_frame_equal(changed[others], before[others])
        pd.testing.assert_frame_equal(ROWS, before)


def test_every_family_reaches_the_most_and_the_least_important_field() -> None:
    targets = {(scenario.family, scenario.fields) for scenario in scenarios_of(small_stream())}
    assert {("mean", ("first",)), ("mean", ("second",)), ("mix", ("place",))} <= targets
    assert {("missing", ("first",)), ("missing", ("place",)), ("swapped", ("first", "second"))} <= targets
    assert ("mean", ("place",)) not in targets


def test_windows_with_other_frequencies_get_the_same_change() -> None:
    stream = small_stream()
    mix, stuck = (
        next(each for each in scenarios_of(stream) if each.family == family and each.fields == ("place",))
        for family in ("mix", "stuck")
    )
    for frequent in ("b", "c"):
        rows = ROWS.assign(place=pd.Categorical([frequent] * len(ROWS), categories=["a", "b", "c"]))
        assert set(mix.inject(rows, rng())["place"]) == {frequent, "b"}
        assert set(stuck.inject(rows, rng())["place"]) == {"a"}
    (shift,) = (
        each for each in scenarios_of(stream) if (each.family, each.fields, each.size) == ("mean", ("first",), 1.0)
    )
    narrow = ROWS.assign(first=ROWS["first"] / 10)
    moved = shift.inject(narrow, rng())["first"] - narrow["first"]
    np.testing.assert_allclose(moved, stream.unchanged()["first"].std())
