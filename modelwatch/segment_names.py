"""What segments are called: ``region=north``, ``region=north & device=ios``, ``region & device=(other)``.

A name stands for one segment alone, whatever its values hold: a value that could be read as something else is written
in JSON's quotes, like ``region="a & b" & device=ios``.
"""

import json

AND = " & "
_OTHERS = "=(other)"
_QUOTE = '"'


def single_name(field: str, category: str) -> str:
    """The segment of one category. The category is quoted where the name would read like that of a pair."""
    _, found, rest = category.partition(AND)
    reads_as_pair = category.startswith(_QUOTE) or (found and "=" in rest)
    return f"{field}={_quoted(category) if reads_as_pair else category}"


def pair_name(fields: tuple[str, str], values: tuple[str, str]) -> str:
    """The segment of a pair of values. A value is quoted where it holds " & " or begins with a quote."""
    return AND.join(
        f"{name}={_quoted(value) if AND in value or value.startswith(_QUOTE) else value}"
        for name, value in zip(fields, values, strict=True)
    )


def others_name(fields: tuple[str, str]) -> str:
    """The segment of all pairs of values that are not watched by themselves."""
    return f"{AND.join(fields)}{_OTHERS}"


def values_in(segment: str, fields: tuple[str, ...]) -> dict[str, str] | None:
    """The value of each field that a segment's name gives; None for a segment of the others.

    ``fields`` are those of the model. ValueError where the name is not that of a segment.
    """
    # A field's name may hold an equals sign, and so may a category: the longest name that is a field is meant.
    field = max((name for name in fields if segment.startswith(f"{name}=")), key=len, default=None)
    if field is not None:
        value, rest = _read_value(segment[len(field) + 1 :], fields)
        return {field: value} if not rest else {field: value, **(values_in(rest, fields) or {})}
    first, _, rest = segment.partition(AND)
    if first in fields and rest.endswith(_OTHERS) and rest.removesuffix(_OTHERS) in fields:
        return None
    raise ValueError(f"segment {segment!r} names none of the fields {', '.join(fields)}")


def _read_value(text: str, fields: tuple[str, ...]) -> tuple[str, str]:
    """The value at the beginning of ``text``, and the name of what follows."""
    if text.startswith(_QUOTE):
        value, end = json.JSONDecoder().raw_decode(text)
        return str(value), text[end:].removeprefix(AND)
    value, _, rest = text.partition(AND)
    return (value, rest) if any(rest.startswith(f"{name}=") for name in fields) else (text, "")


def _quoted(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)
