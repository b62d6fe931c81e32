"""Reading many events at once, with the JSON reader of Arrow.

It gives up at the first value of a type that it does not expect. ``columns_together`` then answers None, and the
rows have to be read one by one, to the same meaning. Names that are no fields are looked for on the way, which costs
nothing where there are none.
"""

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as arrow_compute
import pyarrow.json as arrow_json
from numpy.typing import NDArray

from detectors.binning import Binning
from detectors.bins import CategoryBins, FieldBins, NumericBins
from detectors.columns import MISSING_CODE, Column, NumericColumn
from modelwatch.column_building import coded, reading
from modelwatch.fields import SCORE, field_name, place
from modelwatch.unknown_names import UnknownNames, storable
from modelwatch.values import decode
from store.records import LoggedPredictions

# Beyond this, float64 does not tell all whole numbers apart, and a category must not be rounded.
_EXACT = 2.0**53
# How many rows are looked at to see whether a category comes as text, as a number or as a truth value.
_SNIFFED_ROWS = 20
_SMALLEST_BLOCK = 1 << 20


def columns_together(binning: Binning, rows: LoggedPredictions) -> dict[str, Column] | None:
    """Every field of the binning; None when a value is of a type that Arrow cannot take, or would round."""
    schema = _schema(binning, rows)
    table = None if schema is None else _table(rows, schema, "ignore")
    return None if table is None else _columns(table, binning)


def columns_and_names_together(
    binning: Binning, rows: LoggedPredictions
) -> tuple[dict[str, Column], UnknownNames] | None:
    """The same, and the names of features that are no fields; None also when they differ too much from row to row."""
    schema = _schema(binning, rows)
    if schema is None or "features" not in schema.names:
        return None
    unknown = _unknown_examples(binning, rows)
    table = _table(rows, _with_features(schema, unknown), "error")
    columns = None if table is None else _columns(table, binning)
    if table is None or columns is None:
        return None
    features = table.column("features").combine_chunks()
    there = [_given(arrow_compute.struct_field(features, key)) for key in unknown]
    codes = np.repeat(np.arange(len(there)), [len(found) for found in there])
    at = np.concatenate([np.zeros(0, dtype=np.int64), *there])
    return columns, UnknownNames(tuple(map(field_name, unknown)), at, codes)


def _table(rows: LoggedPredictions, schema: pa.Schema, unexpected: Literal["ignore", "error"]) -> pa.Table | None:
    try:
        lines = _lines(rows)
        table = arrow_json.read_json(
            pa.BufferReader("\n".join(lines).encode()),
            # A block must hold the longest line, at up to four bytes a character.
            read_options=arrow_json.ReadOptions(block_size=max(_SMALLEST_BLOCK, 4 * max(map(len, lines)))),
            parse_options=arrow_json.ParseOptions(explicit_schema=schema, unexpected_field_behavior=unexpected),
        )
    except (pa.ArrowException, UnicodeEncodeError):
        return None
    return table if table.num_rows == len(rows.ids) else None


def _with_features(schema: pa.Schema, more: Mapping[str, pa.DataType]) -> pa.Schema:
    at = schema.get_field_index("features")
    known = schema.field(at).type
    fields = [known.field(position) for position in range(known.num_fields)]
    return schema.set(at, pa.field("features", pa.struct([*fields, *(pa.field(*pair) for pair in more.items())])))


def _unknown_examples(binning: Binning, rows: LoggedPredictions) -> dict[str, pa.DataType]:
    """Features of the first rows that are no fields, and the type they seem to have."""
    known, found = frozenset(binning.names), dict[str, pa.DataType]()
    for row in _examples(rows):
        features = row["features"] if isinstance(row["features"], dict) else {}
        for name, value in features.items():
            if field_name(name) not in known and value is not None and storable(name) == name and name not in found:
                found[name] = _plain_type(value)
    return found


def _given(values: pa.Array) -> NDArray[np.int64]:
    return np.flatnonzero(values.is_valid().to_numpy(zero_copy_only=False))


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
    if not rows.ids or not binning.fields:
        return None
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
    return pa.bool_() if example is None and bins.kind == "boolean" else _plain_type(example)


def _plain_type(example: object) -> pa.DataType:
    if isinstance(example, bool):
        return pa.bool_()
    return pa.float64() if isinstance(example, int | float) else pa.string()
