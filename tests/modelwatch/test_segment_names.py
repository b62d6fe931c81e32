"""A segment's name stands for one segment, whatever its values hold."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from modelwatch.segment_names import others_name, pair_name, single_name, values_in
from tests.detectors.strategies import law

FIELDS = ("region", "device")
# Values that look like parts of names, and any others.
values = st.lists(st.sampled_from(["north", " & ", "=", '"', "(other)", "region", "device", "\\", "ü"])).map("".join)
segments = st.one_of(
    st.tuples(st.just("region"), values).map(lambda of: (single_name(*of), {of[0]: of[1]})),
    st.tuples(values, values).map(lambda of: (pair_name(FIELDS, of), dict(zip(FIELDS, of, strict=True)))),
    st.just((others_name(FIELDS), None)),
)


@law
@given(segments)
def test_a_name_says_which_values_are_meant(segment: tuple[str, dict[str, str] | None]) -> None:
    name, meant = segment
    assert values_in(name, FIELDS) == meant


@law
@given(segments, segments)
def test_two_segments_have_two_names(
    a: tuple[str, dict[str, str] | None], b: tuple[str, dict[str, str] | None]
) -> None:
    assume(a[1] != b[1])
    assert a[0] != b[0]


def test_names_are_plain_where_they_can_be() -> None:
    assert single_name("dish", "fish & chips") == "dish=fish & chips"
    assert pair_name(FIELDS, ("north", "ios")) == "region=north & device=ios"
    assert pair_name(("dish", "region"), ("fish & chips", "north")) == 'dish="fish & chips" & region=north'
    assert single_name("region", "north & device=ios") == 'region="north & device=ios"'
    assert others_name(FIELDS) == "region & device=(other)"


def test_what_is_no_segment_is_refused() -> None:
    with pytest.raises(ValueError, match="names none of the fields region, device"):
        values_in("colour=red", FIELDS)
