"""How the rows of a model are counted: the bins of its fields and the layout of its labelled performance.

Both are fixed when a baseline is set and are stored together, as one payload with one hash.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import msgspec
from msgspec import Struct

from detectors.binning import MAX_BINS, Binning, choose_binning
from detectors.bins import CategoryBins, NumericBins
from detectors.columns import Column
from detectors.performance_layout import Edges, Layout, Task, performance_layout
from detectors.performance_profile import Classes
from modelwatch.fields import PREDICTION, field_name
from modelwatch.segment_pairs import SegmentPair, choose_pair
from modelwatch.values import canonical
from store.definitions import DefinitionError, ModelDefinition, segment_pairs

# Estimated performance needs nothing but the counts of the score, if its bins are fine enough.
SCORE_BINS = 1_024
MAX_CLASSES = 200
_YES = ("1", "true", "yes", "y", "positive", "up")


@dataclass(frozen=True, slots=True)
class Scheme:
    """A binning with the layout that fits it, and the pairs of segment fields whose pairs of values are segments."""

    binning: Binning
    layout: Layout
    pairs: tuple[SegmentPair, ...] = ()

    def to_bytes(self) -> bytes:
        """The scheme for storage."""
        classes = self.layout.classes
        return msgspec.msgpack.encode(
            _StoredScheme(
                binning=self.binning.to_bytes(),
                task=self.layout.task,
                labels=classes.labels if classes else None,
                positive=classes.positive if classes else None,
                pairs=self.pairs,
            )
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> "Scheme":
        """A scheme that ``to_bytes`` wrote."""
        stored = msgspec.msgpack.decode(data, type=_StoredScheme)
        binning = Binning.from_bytes(stored.binning)
        classes = Classes(stored.labels, stored.positive) if stored.labels else None
        return cls(binning, performance_layout(stored.task, classes, _score_edges(binning)), stored.pairs)

    @property
    def content_hash(self) -> str:
        """Marks what was counted with this scheme: a hash of all its parts."""
        halves = self.binning.content_hash[:48] + self.layout.fingerprint.hex()
        if not self.pairs:
            return halves
        return hashlib.sha256(halves.encode() + msgspec.json.encode(self.pairs)).hexdigest()


class _StoredScheme(Struct, frozen=True, omit_defaults=True):
    binning: bytes
    task: Task
    labels: tuple[str, ...] | None
    positive: str | None
    pairs: tuple[SegmentPair, ...] = ()


def choose_scheme(
    definition: ModelDefinition, columns: Mapping[str, Column], classes_seen: Iterable[str | None]
) -> Scheme:
    """The scheme for the rows of a baseline.

    ``columns`` are features and outputs under their field names; ``classes_seen`` are the predictions and labels as
    texts, which give the classes where the model file does not declare them.
    """
    max_bins = {name: SCORE_BINS if is_score(name) else MAX_BINS for name in columns}
    binning = choose_binning(columns, max_bins=max_bins)
    classes = None if definition.task == "regression" else _classes(definition, classes_seen)
    layout = performance_layout(definition.task, classes, _score_edges(binning))
    return Scheme(binning, layout, _pairs(definition, binning, columns))


def _pairs(definition: ModelDefinition, binning: Binning, columns: Mapping[str, Column]) -> tuple[SegmentPair, ...]:
    """The declared pairs of fields that both have categories."""
    with_categories = {bins.name for bins in binning.fields if isinstance(bins, CategoryBins)}
    wanted = [(field_name(first), field_name(second)) for first, second in segment_pairs(definition)]
    return tuple(choose_pair(binning, columns, fields) for fields in wanted if with_categories.issuperset(fields))


def is_score(field: str) -> bool:
    """Whether a field holds a score of the model."""
    return field == "score" or field.startswith("score[")


def is_output(field: str) -> bool:
    """Whether a field is the model's own answer: its prediction or a score."""
    return field == PREDICTION or is_score(field)


def _score_edges(binning: Binning) -> dict[str, Edges]:
    return {bins.name: bins.edges for bins in binning.fields if is_score(bins.name) and isinstance(bins, NumericBins)}


def _classes(definition: ModelDefinition, seen: Iterable[str | None]) -> Classes:
    declared = definition.prediction.labels
    if declared is not None:
        labels = tuple(map(canonical, declared))
    else:
        labels = _ordered({text for text in seen if text is not None})
        if definition.task == "binary":
            labels = _two(labels, definition.model)
    if len(labels) < 2 or len(labels) > MAX_CLASSES:
        raise DefinitionError(
            f"model {definition.model}: the baseline shows {len(labels)} classes: declare them under "
            "prediction.labels in the model file"
        )
    return Classes(labels, _positive(definition, labels) if definition.task == "binary" else None)


def _two(labels: tuple[str, ...], model: str) -> tuple[str, ...]:
    """Both classes of a binary model, also where the baseline shows one of 0 and 1 only, or none at all."""
    for pair in (("0", "1"), ("false", "true")):
        if set(labels) <= set(pair):
            return pair
    if len(labels) != 2:
        raise DefinitionError(
            f"model {model} is binary, and the baseline shows {len(labels)} classes ({', '.join(labels[:5])}): declare "
            "the two under prediction.labels in the model file"
        )
    return labels


def _positive(definition: ModelDefinition, labels: tuple[str, ...]) -> str:
    """The declared positive class, else the one that reads like a yes, else the last."""
    if definition.prediction.positive is not None:
        return canonical(definition.prediction.positive)
    return next((label for label in labels if label.lower() in _YES), labels[-1])


def _ordered(labels: set[str]) -> tuple[str, ...]:
    try:
        return tuple(sorted(labels, key=float))
    except ValueError:
        return tuple(sorted(labels))
