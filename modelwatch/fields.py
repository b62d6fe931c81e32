"""What the fields of a model are called, and where the value of each stands in an event."""

from typing import Literal, NamedTuple

from modelwatch.values import canonical
from store.definitions import Scalar

PREDICTION = "prediction"
SCORE = "score"
_FEATURES = "features."


class Place(NamedTuple):
    """Where a field's value stands in an event: in which part, and there under which key (None: the part itself)."""

    part: Literal["features", "prediction", "score"]
    key: str | None


def field_name(feature: str) -> str:
    """The name of a feature's field: its own, or ``features.<name>`` where that would be an output's name."""
    if feature in (PREDICTION, SCORE) or feature.startswith((f"{SCORE}[", _FEATURES)):
        return _FEATURES + feature
    return feature


def score_field(label: Scalar) -> str:
    """The name of the field that holds a multiclass model's score of one class, like ``score[gold]``."""
    return f"{SCORE}[{canonical(label)}]"


def place(field: str) -> Place:
    """Where the value of a field stands; the inverse of the two functions above."""
    if field == PREDICTION:
        return Place("prediction", None)
    if field == SCORE:
        return Place("score", None)
    if field.startswith(f"{SCORE}[") and field.endswith("]"):
        return Place("score", field[len(SCORE) + 1 : -1])
    return Place("features", field.removeprefix(_FEATURES))
