"""Prediction events: their form on the wire, and what must hold before one becomes a row of the log."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import msgspec
from msgspec import UNSET, Raw, UnsetType

from collector.items import ItemKind, Items
from collector.problems import ItemError, Rejections, UnreadError
from collector.reasons import UNREADABLE, Entries, FieldRule, shown, wrong_entry, wrong_field
from collector.settings import Limits
from collector.values import (
    IDENTIFIED_RULES,
    SCALAR_WORDS,
    Identified,
    Scalar,
    Span,
    item_id,
    name_fault,
    scalar_json,
    text_value_fault,
)
from store.column_types import to_micros
from store.records import PredictionRow

# Names that passed are remembered so that they need not be looked at in every event; a stream of ever new names
# starts the memory afresh.
_NAMES_REMEMBERED = 10_000

# Whole numbers are read as floats, since only whether they are finite matters: the text itself is stored.
_FeatureValues = dict[str, str | float | bool | None]
_Score = float | dict[str, float] | None
_Version = str | int | None


class PredictionEvent(Identified, kw_only=True, forbid_unknown_fields=True, gc=False):
    """One prediction as a serving system posts it. ``features`` and ``tags`` are kept as they came."""

    features: Raw | UnsetType = UNSET
    prediction: Scalar | None = None
    score: _Score = None
    version: _Version = None
    tags: Raw | UnsetType = UNSET


_FEATURES = Entries(
    msgspec.json.Decoder(str | float | bool | None), "a number, text, true, false or null", _NAMES_REMEMBERED
)
_SCORES = Entries(msgspec.json.Decoder(float), "a finite number", _NAMES_REMEMBERED)
_TAGS = Entries(msgspec.json.Decoder(str | float | bool | None), "text, a number, true, false or null", 1_000)

PREDICTION_RULES: Mapping[str, FieldRule] = {
    **IDENTIFIED_RULES,
    "features": FieldRule(
        msgspec.json.Decoder(_FeatureValues | None), "an object of feature name to value", entries=_FEATURES
    ),
    "prediction": FieldRule(msgspec.json.Decoder(Scalar | None), f"{SCALAR_WORDS}, or null"),
    "score": FieldRule(
        msgspec.json.Decoder(_Score), "a finite number, or an object of class to finite number", entries=_SCORES
    ),
    "version": FieldRule(msgspec.json.Decoder(_Version), "text (or a whole number, which is taken as text)"),
    "tags": FieldRule(msgspec.json.Decoder(_FeatureValues | None), "an object of name to text", entries=_TAGS),
}

PREDICTIONS: ItemKind[PredictionEvent] = ItemKind(
    many=msgspec.json.Decoder(list[PredictionEvent]),
    one=msgspec.json.Decoder(PredictionEvent),
    diagnose=lambda text: wrong_field(text, PREDICTION_RULES),
)


@dataclass(frozen=True, slots=True)
class Versions:
    """The version of a model that an event's ``version`` means; of those that mean none, why."""

    ids: Mapping[str | int | None, int]
    faults: Mapping[str | int | None, str]


class PredictionCheck:
    """Turns events into rows. One for the life of the collector: it remembers which names were in order."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._features = _ObjectCheck("features", "features", limits.features, _FEATURES, limits)
        self._tags = _ObjectCheck("tags", "tags", limits.tags, _TAGS, limits)

    def rows(
        self,
        events: Items[PredictionEvent],
        model_id: int,
        versions: Versions,
        now: datetime,
        rejections: Rejections,
    ) -> Items[PredictionRow]:
        """The rows of the events that are in order; the others are rejected."""
        span, received_at = Span(self._limits, now), to_micros(now)
        return events.checked(lambda event: self._row(event, model_id, versions, span, received_at), rejections)

    def _row(
        self, event: PredictionEvent, model_id: int, versions: Versions, span: Span, received_at: int
    ) -> PredictionRow:
        limits, prediction, features, tags = self._limits, event.prediction, event.features, event.tags
        version_id = versions.ids.get(event.version)
        if version_id is None:
            raise ItemError("version", versions.faults[event.version])
        return PredictionRow(
            model_id,
            version_id,
            span.micros(event.timestamp),
            received_at,
            item_id(event, limits.id_length),
            None if prediction is None else scalar_json("prediction", prediction, limits),
            self._score(event.score),
            "{}" if features is UNSET else self._features.text(features) or "{}",
            None if tags is UNSET else self._tags.text(tags),
        )

    def _score(self, score: float | dict[str, float] | None) -> str | None:
        if score is None:
            return None
        if isinstance(score, float):
            return repr(score)
        limit = self._limits.score_classes
        if len(score) > limit:
            raise ItemError("score", f"has {len(score):,} classes; the limit score_classes is {limit:,}")
        for name in score:
            fault = name_fault(name, self._limits)
            if fault is not None:
                raise ItemError(f"score.{shown(name)}", fault)
        return msgspec.json.encode(score).decode()


class _ObjectCheck:
    """Checks an object of names and values and gives its text back as it came."""

    def __init__(self, field: str, limit_name: str, at_most: int, entries: Entries, limits: Limits) -> None:
        self._field = field
        self._limit_name = limit_name
        self._at_most = at_most
        self._entries = entries
        self._limits = limits
        self._decode = msgspec.json.Decoder(_FeatureValues | None).decode
        self._names: set[str] = set()

    def text(self, raw: Raw) -> str | None:
        """The object's JSON text on one line, None for null, or an ItemError naming the entry that is wrong."""
        try:
            values = self._decode(raw)
        except UNREADABLE:
            raise UnreadError(lambda: self._fault(bytes(raw))) from None
        if values is None:
            return None
        text = str(raw, "utf-8")
        if len(values) > self._at_most:
            raise ItemError(
                self._field, f"has {len(values):,} entries; the limit {self._limit_name} is {self._at_most:,}"
            )
        if not self._names.issuperset(values):
            self._check_names(values)
        if len(text) > self._limits.string_length or "\\u0000" in text:
            self._check_texts(values)
        if "\n" in text or "\r" in text:
            # Line breaks inside JSON text are blanks, and the log is read as one object a line.
            text = text.replace("\n", " ").replace("\r", " ")
        return text

    def _check_names(self, values: Mapping[str, object]) -> None:
        for name in values:
            if name not in self._names:
                fault = name_fault(name, self._limits)
                if fault is not None:
                    raise ItemError(f"{self._field}.{shown(name)}", fault)
        if len(self._names) > _NAMES_REMEMBERED:
            self._names = set()
        self._names.update(values)

    def _check_texts(self, values: Mapping[str, object]) -> None:
        for name, value in values.items():
            if isinstance(value, str):
                fault = text_value_fault(value, self._limits)
                if fault is not None:
                    raise ItemError(f"{self._field}.{shown(name)}", fault)

    def _fault(self, text: bytes) -> ItemError:
        if text.startswith(b"{"):
            return wrong_entry(self._field, text, self._entries)
        rule = PREDICTION_RULES[self._field]
        return ItemError(self._field, f"is not {rule.expected}")
