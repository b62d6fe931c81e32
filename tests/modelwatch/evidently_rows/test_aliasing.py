import re

import numpy as np

from detectors.columns import CategoryColumn, NumericColumn
from modelwatch.evidently_rows.aliasing import aliased
from modelwatch.row_samples import RowSample
from tests.modelwatch.evidently_rows.samples import IMAGE, QUOTES, SCRIPT, hostile_sample


def test_nothing_but_aliases_and_numbers_goes_over() -> None:
    rows = aliased(hostile_sample(1), hostile_sample(2))
    assert list(rows.fields.values()) == ["numeric", "categorical", "numeric", "numeric", "boolean", "numeric"]
    for side in (rows.baseline, rows.current):
        assert list(side.columns) == list(rows.fields) == [f"f{position}" for position in range(6)]
        texts = {cell for name in ("f1", "f4") for cell in side[name].dropna()}
        assert all(re.fullmatch(r"c[1-9][0-9]*", text) for text in texts)
    assert [rows.texts[alias] for alias in rows.fields][:3] == [SCRIPT, IMAGE, "f0"]
    assert {rows.texts[cell] for cell in rows.current["f1"]} == {SCRIPT, IMAGE, QUOTES}
    assert {rows.texts[cell] for cell in rows.current["f4"]} == {"true", "false"}


def test_what_is_no_value_is_an_empty_cell() -> None:
    sample = RowSample(
        {
            "x": NumericColumn.of([1.0, np.inf, np.nan, 2.0], [False, False, False, True]),
            "y": CategoryColumn(np.array([-2, -1, 0, 0], dtype=np.int32), ("a",)),
        },
        {"x": "numeric", "y": "categorical"},
        4,
    )
    rows = aliased(sample, sample)
    assert rows.baseline["f0"].isna().tolist() == [False, True, True, True]
    assert rows.baseline["f1"].isna().tolist() == [True, True, False, False]


def test_rare_categories_are_one_where_few_are_wanted() -> None:
    before = RowSample({"y": CategoryColumn.of_strings([*"aaabbcd", None])}, {"y": "categorical"}, 8)
    now = RowSample({"y": CategoryColumn.of_strings([*"aabbbe"])}, {"y": "categorical"}, 6)
    rows = aliased(before, now, max_categories=2)
    named = [[rows.texts[cell] for cell in side["f0"].dropna()] for side in (rows.baseline, rows.current)]
    rest = "all other categories"
    assert named == [["a", "a", "a", "b", "b", rest, rest], ["a", "a", "b", "b", "b", rest]]
    assert set(rows.current["f0"]) & {"c0"} == {"c0"}
