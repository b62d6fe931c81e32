import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.columns import CategoryColumn, Column, NumericColumn
from modelwatch.row_samples import RowSample, SampleError, from_parquet, sample_of, sampled_positions, to_parquet
from store.definitions import FieldKind

KINDS: dict[str, FieldKind] = {"income": "numeric", "</script>": "categorical", "new": "boolean"}


def columns(n_rows: int) -> dict[str, Column]:
    return {
        "income": NumericColumn.of(np.arange(n_rows, dtype=np.float64)),
        "</script>": CategoryColumn.of_strings([None if row % 5 == 0 else f"c{row % 3}" for row in range(n_rows)]),
        "new": CategoryColumn.of_booleans([None if row % 7 == 0 else row % 2 == 0 for row in range(n_rows)]),
    }


def texts(column: Column) -> list[str | None]:
    assert isinstance(column, CategoryColumn)
    return [None if code < 0 else column.vocabulary[code] for code in column.codes]


numbers = st.one_of(st.none(), st.just("mistyped"), st.floats())


@given(st.lists(st.tuples(numbers, st.none() | st.text(st.characters(exclude_categories=["Cs"])))))
def test_a_sample_comes_back_as_it_was_kept(rows: list[tuple[float | str | None, str | None]]) -> None:
    given_numbers = [value if isinstance(value, float) else np.nan for value, _ in rows]
    missing, mistyped = [value is None for value, _ in rows], [value == "mistyped" for value, _ in rows]
    kept: dict[str, Column] = {
        "a": NumericColumn.of(given_numbers, missing, mistyped),
        "b": CategoryColumn.of_strings([text for _, text in rows]),
    }
    back = from_parquet(to_parquet(RowSample(kept, {"a": "numeric", "b": "categorical"}, 12_345)))
    assert (back.kinds, back.n_total, back.n_rows) == ({"a": "numeric", "b": "categorical"}, 12_345, len(rows))
    number = back.columns["a"]
    assert isinstance(number, NumericColumn)
    np.testing.assert_array_equal(number.values, given_numbers)
    assert number.missing.tolist() == [value is None or value == "mistyped" for value, _ in rows]
    assert texts(back.columns["b"]) == [text for _, text in rows]


def test_names_kinds_and_rows_stay_together() -> None:
    sample = sample_of(columns(20_000), KINDS, 20_000, "content", limit=500)
    back = from_parquet(to_parquet(sample))
    assert (back.kinds, back.n_rows, back.n_total) == (KINDS, 500, 20_000)
    income = back.columns["income"]
    assert isinstance(income, NumericColumn)
    rows = income.values.astype(int)
    assert (np.diff(rows) > 0).all()
    assert texts(back.columns["</script>"]) == [None if row % 5 == 0 else f"c{row % 3}" for row in rows]
    assert texts(back.columns["new"]) == [None if row % 7 == 0 else str(row % 2 == 0).lower() for row in rows]


def test_the_same_rows_give_the_same_sample_and_every_row_its_chance() -> None:
    again = [sampled_positions(1_000, 100, "content") for _ in range(2)]
    np.testing.assert_array_equal(again[0], again[1])
    assert not np.array_equal(again[0], sampled_positions(1_000, 100, "other content"))
    drawn = np.bincount(np.concatenate([sampled_positions(50, 10, str(seed)) for seed in range(400)]), minlength=50)
    # 400 draws with a chance of one in five: five standard deviations of the binomial either way.
    assert (np.abs(drawn - 80) < 5 * 8).all()


def test_rows_of_a_segment() -> None:
    sample = sample_of(columns(900), KINDS, 900, "content")
    part = sample.of_category("</script>", "c1")
    assert set(texts(part.columns["</script>"])) == {"c1"}
    assert part.n_rows == sum(row % 3 == 1 and row % 5 != 0 for row in range(900))
    assert sample.of_category("</script>", "nowhere").n_rows == 0
    assert sample.of_category("income", "1").n_rows == 0


def test_what_is_no_sample_is_refused() -> None:
    for damaged in (b"", b"PAR1", to_parquet(sample_of(columns(9), KINDS, 9, ""))[:-9]):
        with pytest.raises(SampleError, match="cannot be read"):
            from_parquet(damaged)
