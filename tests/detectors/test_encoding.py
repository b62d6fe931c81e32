import functools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.binning import Binning, choose_binning
from detectors.columns import CategoryColumn, Column, NumericColumn
from detectors.encoding import decode_profile, encode_profile, merge_encoded, total_encoded
from detectors.profile import Profile, add, empty, profile, subtract
from tests.detectors.profiles_equal import assert_same
from tests.detectors.strategies import batches, law


@functools.cache
def full() -> tuple[Binning, Profile]:
    """A profile with something in most slots, large enough to be compressed."""
    rng = np.random.default_rng(0)
    columns: dict[str, Column] = {f"x{i}": NumericColumn.of(rng.normal(size=5000).round(2)) for i in range(3)}
    columns["c"] = CategoryColumn.of_strings([f"new {code}" for code in rng.integers(0, 30, 5000).tolist()])
    binning = choose_binning({**columns, "c": CategoryColumn.of_strings(["known"])})
    return binning, profile(binning, columns)


def assert_identical(a: Profile, b: Profile) -> None:
    assert_same(a, b)
    assert a.sums.tobytes() == b.sums.tobytes()
    assert a.squares.tobytes() == b.squares.tobytes()


@law
@given(batches(), batches(), batches())
def test_bytes_keep_all_of_a_profile(
    baseline: dict[str, Column], one: dict[str, Column], other: dict[str, Column]
) -> None:
    binning = choose_binning(baseline, max_bins=4)
    a, b = profile(binning, one), profile(binning, other)
    for counted in (a, add(a, b), empty(binning), subtract(a, b)):
        again = decode_profile(binning, encode_profile(counted))
        assert_identical(again, counted)
        assert encode_profile(again) == encode_profile(counted)


def test_a_full_profile_is_compressed_and_comes_back() -> None:
    binning, counted = full()
    data = encode_profile(counted)
    assert len(data) < 8 * np.count_nonzero(counted.counts)
    assert_identical(decode_profile(binning, data), counted)


def test_counts_of_any_size_come_back() -> None:
    binning, counted = full()
    for factor in (1, 300, 70_000, 10**12):
        large = Profile(
            counted.n * factor,
            counted.counts * factor,
            counted.sums,
            counted.squares,
            counted.low,
            counted.high,
            counted.unseen,
            counted.fingerprint,
        )
        assert_identical(decode_profile(binning, encode_profile(large)), large)


@law
@given(batches(), st.lists(batches(max_size=8), max_size=4))
def test_the_total_of_payloads_is_the_sum_of_profiles(
    baseline: dict[str, Column], parts: list[dict[str, Column]]
) -> None:
    binning = choose_binning(baseline, max_bins=4)
    counted = [profile(binning, columns) for columns in parts]
    payloads = [encode_profile(part) for part in counted]
    folded = functools.reduce(add, counted, empty(binning))
    assert_identical(total_encoded(binning, payloads), folded)
    merged = functools.reduce(merge_encoded, payloads, encode_profile(empty(binning)))
    assert_identical(decode_profile(binning, merged), folded)


@law
@given(st.binary(max_size=80))
def test_garbage_is_refused(data: bytes) -> None:
    binning, _ = full()
    for garbage in (data, b"mwp1" + data):
        with pytest.raises(ValueError, match="profile"):
            decode_profile(binning, garbage)


@law
@given(st.integers(0), st.integers(1, 255))
def test_a_changed_byte_is_noticed(position: int, change: int) -> None:
    binning, counted = full()
    small = profile(choose_binning({"x": NumericColumn.of([1.0])}), {"x": NumericColumn.of([1.0, 2.0])})
    for data in (bytearray(encode_profile(counted)), bytearray(encode_profile(small))):
        data[position % len(data)] ^= change
        with pytest.raises(ValueError, match=r"profile|binning"):
            decode_profile(binning, bytes(data))


def test_a_cut_foreign_or_longer_payload_is_refused() -> None:
    binning, counted = full()
    data = encode_profile(counted)
    for length in (3, 20, len(data) // 2, len(data) - 1):
        with pytest.raises(ValueError, match="profile"):
            decode_profile(binning, data[:length])
    with pytest.raises(ValueError, match="not a profile of this version"):
        decode_profile(binning, b"mwp2" + data[4:])
    plain = encode_profile(empty(binning))
    with pytest.raises(ValueError, match="checksum does not fit"):
        decode_profile(binning, plain + b"x")


def test_a_payload_of_another_binning_is_refused() -> None:
    binning, counted = full()
    other = choose_binning({"x": NumericColumn.of([1.0])})
    with pytest.raises(ValueError, match="counted with binning"):
        decode_profile(other, encode_profile(counted))
    with pytest.raises(ValueError, match="counted with binning"):
        total_encoded(binning, [encode_profile(empty(other))])
    with pytest.raises(ValueError, match="different binnings"):
        merge_encoded(encode_profile(empty(other)), encode_profile(counted))


def test_new_categories_with_any_characters_come_back() -> None:
    binning = choose_binning({"c": CategoryColumn.of_strings(["known"])})
    counted = profile(binning, {"c": CategoryColumn.of_strings(["\ud800", "\x00", "é", '"'])})
    again = decode_profile(binning, encode_profile(counted))
    assert dict(again.field(binning, "c").unseen) == {"\ud800": 1, "\x00": 1, "é": 1, '"': 1}
