"""The parts that predictions and labels have in common: ids, instants, scalars."""

import sys
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

import msgspec

from collector.problems import ItemError
from collector.reasons import FieldRule
from collector.settings import Limits
from store.column_types import to_micros

Scalar = bool | int | float | str
# Of labels that were asked for with smaller chances each would stand for more than 1,000 rows.
LEAST_PROBABILITY = 0.001
Probability = Annotated[
    float, msgspec.Meta(ge=LEAST_PROBABILITY, le=1, description="The chance with which the row was asked for its label")
]

# Names under which serving systems send the id of a request, in the order in which they are looked for.
ID_NAMES = ("prediction_id", "request_id", "correlationid", "inferenceId", "event_id")

SCALAR_WORDS = "a number, text, true or false"
PROBABILITY_WORDS = f"a number from {LEAST_PROBABILITY} to 1, or left out where it is not known"
INSTANT_WORDS = "an RFC 3339 instant with its zone, like 2026-05-01T10:00:00Z"
_LARGEST = int(sys.float_info.max)
_ID_WORDS = "text (or a whole number, which is taken as text)"


class Identified(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, gc=False):
    """An item with an id, under any of the names it may have, and the instant it belongs to."""

    timestamp: datetime
    prediction_id: str | int | None = None
    request_id: str | int | None = None
    correlationid: str | int | None = None
    inferenceId: str | int | None = None  # noqa: N815 - the name on the wire
    event_id: str | int | None = None


IDENTIFIED_RULES: Mapping[str, FieldRule] = {
    **{name: FieldRule(msgspec.json.Decoder(str | int | None), _ID_WORDS) for name in ID_NAMES},
    "timestamp": FieldRule(msgspec.json.Decoder(datetime), INSTANT_WORDS, required=True),
}


class Span:
    """The instants that events may have: from the earliest on, up to a little ahead of the clock."""

    def __init__(self, limits: Limits, now: datetime) -> None:
        self._earliest, self._latest = limits.earliest, now + limits.ahead
        self._from, self._to = to_micros(self._earliest), to_micros(self._latest)

    def micros(self, instant: datetime) -> int:
        """Microseconds since 1970, or an ItemError for an instant without a zone or out of the span."""
        if instant.tzinfo is None:
            raise ItemError("timestamp", f"has no time zone: it must be {INSTANT_WORDS}")
        micros = to_micros(instant)
        if micros < self._from:
            raise ItemError("timestamp", f"lies before {self._earliest:%Y-%m-%d}, the earliest that is taken")
        if micros > self._to:
            raise ItemError(
                "timestamp",
                f"lies in the future: the latest that is taken now is {self._latest:%Y-%m-%dT%H:%M:%SZ} "
                "(check the unit and the sender's clock)",
            )
        return micros


def item_id(item: Identified, length: int) -> str:
    """The id of an item as text, or an ItemError when it has none, an unfit one, or two that differ."""
    value = item.prediction_id
    if type(value) is not str or not (
        item.request_id is item.correlationid is item.inferenceId is item.event_id is None
    ):
        value = _only_id(item)
    if 0 < len(value) <= length and "\0" not in value:
        return value
    raise ItemError("prediction_id", _text_fault(value, length, "id_length"))


def name_fault(name: str, limits: Limits) -> str | None:
    """Why a feature or tag may not have this name, or None when it may."""
    if 0 < len(name) <= limits.name_length and "\0" not in name:
        return None
    return "has a name that " + _text_fault(name, limits.name_length, "name_length")


def version_fault(version: str, limits: Limits) -> str | None:
    """Why a model version may not have this name, or None when it may."""
    if 0 < len(version) <= limits.version_length and "\0" not in version:
        return None
    return _text_fault(version, limits.version_length, "version_length")


def text_value_fault(text: str, limits: Limits) -> str | None:
    """Why a text may not be a value, or None when it may."""
    if len(text) <= limits.string_length and "\0" not in text:
        return None
    return _text_fault(text, limits.string_length, "string_length")


def scalar_json(field: str, value: Scalar, limits: Limits) -> str:
    """A number, text or truth value as JSON text, or an ItemError when the text is unfit."""
    if type(value) is float:
        return repr(value)
    if isinstance(value, str):
        fault = text_value_fault(value, limits)
        if fault is not None:
            raise ItemError(field, fault)
    elif abs(value) > _LARGEST:
        raise ItemError(field, "is a number beyond the range of double precision")
    return msgspec.json.encode(value).decode()


def _only_id(item: Identified) -> str:
    given = {name: value for name in ID_NAMES if (value := getattr(item, name)) is not None}
    if not given:
        raise ItemError("prediction_id", f"is missing: give it as {' or '.join(ID_NAMES)}, the same on every retry")
    texts = {str(value) for value in given.values()}
    if len(texts) > 1:
        raise ItemError("prediction_id", f"is ambiguous: {' and '.join(given)} differ; send one of them")
    return texts.pop()


def _text_fault(text: str, length: int, limit: str) -> str:
    if not text:
        return "is empty"
    if "\0" in text:
        return "holds the NUL character, which cannot be stored"
    return f"is {len(text):,} characters long; the limit {limit} is {length:,}"
