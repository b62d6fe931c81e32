"""Reading many events at once, with the JSON reader of Arrow.

It gives up at the first value of a type that it does not expect. ``columns_together`` then answers None, and the
rows have to be read one by one, to the same meaning.
"""

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as arrow_compute
import pyarrow.json as arrow_json

from detectors.binning import Binning
from detectors.bins import CategoryBins, FieldBins, NumericBins
from detectors.columns import MISSING_CODE, Column, NumericColumn
from modelwatch.column_building import coded, reading
from modelwatch.fields import SCORE, place
from modelwatch.values import decode
from store.records import LoggedPredictions

# Beyond this, float64 does not tell all whole numbers apart, and a category must not be rounded.
_EXACT = 2.0**53
# How many rows are looked at to see whether a category comes as text, as a number or as a truth value.
_SNIFFED_ROWS = 20
_SMALLEST_BLOCK = 1 << 20


def columns_together(binning: Binning, rows: LoggedPredictions) -> dict[str, Column] | None:
    """Every field of the binning; None when a value is of a type that Arrow cannot take, or would round."""
    if not rows.ids or not binning.fields:
        return None
    schema = _schema(binning, rows)
    if schema is None:
        return None
    try:
        lines = _lines(rows)
        table = arrow_json.read_json(
            pa.BufferReader("\n".join(lines).encode()),
            # A block must hold the longest line, at up to four bytes a character.
            read_options=arrow_json.ReadOptions(block_size=max(_SMALLEST_BLOCK, 4 * max(map(len, lines)))),
            parse_options=arrow_json.ParseOptions(explicit_schema=schema, unexpected_field_behavior="ignore"),
        )
    except (pa.ArrowException, UnicodeEncodeError):
        return None
    if table.num_rows != len(rows.ids):
        return None
    return _columns(table, binning)


def _columns(table: pa.Table, binning: Binning) -> dict[str, Column] | None:
    parts = {name: table.column(name).combine_chunks() for name in table.column_names}
    found: dict[str, Column] = {}
    for bins in binning.fields:
        part, key = place(bins.name)
        values = parts[part] if key is None else arrow_compute.struct_field(parts[part], key)
        column = _numbers(values) if isinstance(bins, NumericBins) else _categories(values, bins)
        if column is None:
            return None
        found[bins.name] = column
    return found


def _numbers(values: pa.Array) -> NumericColumn:
    missing = values.is_null().to_numpy(zero_copy_only=False)
    return NumericColumn.of(values.fill_null(np.nan).to_numpy(zero_copy_only=False), missing)


def _categories(values: pa.Array, bins: CategoryBins) -> Column | None:
    if pa.types.is_floating(values.type):
        largest = arrow_compute.max(arrow_compute.abs(values)).as_py()
        if largest is not None and not largest < _EXACT:
            return None
    different = values.dictionary_encode()
    codes = different.indices.fill_null(MISSING_CODE).to_numpy(zero_copy_only=False).astype(np.int32)
    return coded(codes, different.dictionary.to_pylist(), reading(bins.kind, bins))


def _lines(rows: LoggedPredictions) -> list[str]:
    """Each row as one JSON object on one line.

    A line break between two tokens is a blank like any other; inside a JSON text it is always escaped.
    """
    parts: list[list[str | None]] = [list(rows.features), rows.predictions, rows.scores]
    if any(text and ("\n" in text or "\r" in text) for part in parts for text in part):
        parts = [[text and text.replace("\n", " ").replace("\r", " ") for text in part] for part in parts]
    return [
        f'{{"features":{features},"prediction":{prediction or "null"},"score":{score or "null"}}}'
        for features, prediction, score in zip(*parts, strict=True)
    ]


def _schema(binning: Binning, rows: LoggedPredictions) -> pa.Schema | None:
    """What is expected where; a wrong guess costs time and changes no meaning. None when it cannot be said."""
    examples = _examples(rows)
    members: dict[str, list[tuple[str, pa.DataType]]] = {}
    whole: dict[str, pa.DataType] = {}
    for bins in binning.fields:
        part, key = place(bins.name)
        if key is None:
            whole[part] = _expected(bins, [row[part] for row in examples])
        else:
            inner = [row[part].get(key) for row in examples if isinstance(row[part], dict)]
            members.setdefault(part, []).append((key, _expected(bins, inner)))
    if SCORE in whole and SCORE in members:
        return None
    return pa.schema([*whole.items(), *((part, pa.struct(fields)) for part, fields in members.items())])


def _examples(rows: LoggedPredictions) -> list[Mapping[str, Any]]:
    first = zip(rows.features, rows.predictions, rows.scores, strict=True)
    return [
        {
            "features": decode(features),
            "prediction": decode(prediction or "null"),
            "score": decode(score or "null"),
        }
        for features, prediction, score in islice(first, _SNIFFED_ROWS)
    ]


def _expected(bins: FieldBins, values: Sequence[object]) -> pa.DataType:
    if isinstance(bins, NumericBins):
        return pa.float64()
    example = next((value for value in values if value is not None), None)
    if isinstance(example, bool) or (example is None and bins.kind == "boolean"):
        return pa.bool_()
    return pa.float64() if isinstance(example, int | float) else pa.string()
