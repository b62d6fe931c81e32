"""Labels: their form on the wire, and what must hold before one becomes a row of the log."""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from collector.items import ItemKind, Items
from collector.problems import Rejections
from collector.reasons import FieldRule, wrong_field
from collector.settings import Limits
from collector.values import (
    IDENTIFIED_RULES,
    PROBABILITY_WORDS,
    SCALAR_WORDS,
    Identified,
    Probability,
    Scalar,
    Span,
    item_id,
    scalar_json,
)
from store.column_types import to_micros
from store.records import LabelRow


class LabelEvent(Identified, kw_only=True, forbid_unknown_fields=True, gc=False):
    """What turned out to be true of one prediction, when that was known, and by what chance it was asked for."""

    label: Scalar
    sampling_probability: Probability | None = None


LABEL_RULES: Mapping[str, FieldRule] = {
    **IDENTIFIED_RULES,
    "label": FieldRule(msgspec.json.Decoder(Scalar), SCALAR_WORDS, required=True),
    "sampling_probability": FieldRule(msgspec.json.Decoder(Probability | None), PROBABILITY_WORDS),
}

LABELS: ItemKind[LabelEvent] = ItemKind(
    many=msgspec.json.Decoder(list[LabelEvent]),
    one=msgspec.json.Decoder(LabelEvent),
    diagnose=lambda text: wrong_field(text, LABEL_RULES),
)


def label_rows(
    labels: Items[LabelEvent], model_id: int, limits: Limits, now: datetime, rejections: Rejections
) -> Items[LabelRow]:
    """The rows of the labels that are in order; the others are rejected."""
    span, received_at = Span(limits, now), to_micros(now)

    def row(label: LabelEvent) -> LabelRow:
        return LabelRow(
            model_id,
            item_id(label, limits.id_length),
            scalar_json("label", label.label, limits),
            span.micros(label.timestamp),
            received_at,
            label.sampling_probability,
        )

    return labels.checked(row, rejections)
