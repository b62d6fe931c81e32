"""What is known of the window of an alert when its cause is looked for, and what is said of a suspect."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from detectors.findings import FindingKind
from detectors.stream_drift import METHOD as STREAM_DRIFT
from detectors.worst_segment import METHOD as WORST_SEGMENT

Likeness = tuple[FindingKind, str, str | None, tuple[str, ...]]
SuspectKind = Literal["field", "segment", "schema", "volume", "labels", "deploy"]

# Of rows without a value that can be used.
ABSENT = ("missing", "types")
# About the labels, whatever field they name.
LABEL_METHODS = ("label_drift", "unknown_labels")
# What a field weighs that does not matter at all, and one of which it is not known where it is of others.
_LEAST_WEIGHT, _UNKNOWN_WEIGHT = 0.1, 0.5
_BETWEEN_FIELDS = " & "


@dataclass(frozen=True, slots=True)
class Observation:
    """What one method found about one field (None: the whole model) of one segment (None: the whole stream).

    ``judged`` is whether there was a verdict, ``changed`` whether it was beyond its limit, ``times_limit`` by how much
    (1 at the limit, upwards). ``lead`` are the windows between its first bad window and that of the alert: 0 where
    both began together, positive where it was bad before. ``words`` are the finding's reason.
    """

    kind: FindingKind
    method: str
    field: str | None
    segment: str | None
    judged: bool
    changed: bool
    times_limit: float
    lead: float
    words: str

    @property
    def likeness(self) -> Likeness:
        """What it has in common with the same finding in another segment of the same fields."""
        return self.kind, self.method, self.field, _fields_of(self.segment)


@dataclass(frozen=True, slots=True)
class Rollout:
    """A version that went live, ``lead`` windows before the alert's first bad window began (negative: within it)."""

    version: str
    lead: float
    words: str


@dataclass(frozen=True, slots=True)
class LabelShare:
    """The share of rows that have a label so far: of the window, and what is usual of windows before it."""

    now: float
    usual: float


@dataclass(frozen=True, slots=True)
class Scene:
    """All that is known when suspects are looked for.

    ``kind`` and ``subjects``, pairs (method, field), are those of the alert. ``importance`` is by field, from 0 to 1;
    ``outputs`` are the prediction and the scores, whose drift is a consequence. ``waiting`` names the monitors that
    have not judged the window yet.
    """

    kind: FindingKind
    subjects: frozenset[tuple[str, str | None]]
    observations: Sequence[Observation]
    importance: Mapping[str, float]
    outputs: frozenset[str]
    rollouts: Sequence[Rollout] = ()
    labels: LabelShare | None = None
    waiting: Sequence[str] = ()

    def weight(self, field: str | None) -> float:
        """How much a field matters, as a part of the one that matters most; 1 where nothing is known of any."""
        largest = max(self.importance.values(), default=0.0)
        if field is None or field in self.outputs or largest <= 0:
            return 1.0
        if field not in self.importance:
            return _UNKNOWN_WEIGHT
        # The quotient first: of the field that matters most it is 1 to the last digit.
        return _LEAST_WEIGHT + (1 - _LEAST_WEIGHT) * (max(self.importance[field], 0.0) / largest)

    def is_input(self, each: Observation) -> bool:
        """Whether something is said about what goes into the model.

        That its answers drift, or hang at one, is a consequence; that they are missing is not.
        """
        if each.method in LABEL_METHODS:
            return False
        if each.field is None:
            return each.kind == "drift" and each.method not in (STREAM_DRIFT, WORST_SEGMENT)
        if each.field in self.outputs:
            return each.method in ABSENT
        return each.kind in ("drift", "quality")

    def changed_inputs(self, segment: str | None) -> dict[str | None, list[Observation]]:
        """What changed of the inputs in a segment, by field (None: of all together), the strongest first."""
        found: dict[str | None, list[Observation]] = {}
        changed = [each for each in self.observations if each.changed and each.segment == segment]
        for each in sorted(changed, key=lambda each: -each.times_limit):
            if self.is_input(each):
                found.setdefault(each.field, []).append(each)
        return found

    def judged_alike(self) -> dict[Likeness, tuple[int, int]]:
        """In how many segments of the same fields the same was judged, and in how many of them it was bad."""
        found: dict[Likeness, tuple[int, int]] = {}
        for each in self.observations:
            if each.judged and each.segment is not None:
                judged, changed = found.get(each.likeness, (0, 0))
                found[each.likeness] = judged + 1, changed + each.changed
        return found

    def of_whole_stream(self, methods: Sequence[str]) -> list[Observation]:
        """What changed by these methods; nothing for an alert about nothing else, which is not its own cause."""
        if all(method in methods for method, _ in self.subjects):
            return []
        return [each for each in self.observations if each.changed and each.segment is None and each.method in methods]


@dataclass(frozen=True, slots=True)
class Suspect:
    """One possible cause: ``field``, ``segment`` and ``deploy`` (a version) where it is one. ``score`` is from 0 to 1,
    ``sentence`` what speaks for it."""

    kind: SuspectKind
    field: str | None
    segment: str | None
    deploy: str | None
    score: float
    sentence: str


def _fields_of(segment: str | None) -> tuple[str, ...]:
    """What a segment is cut by: region of region=north, and of a pair both."""
    return tuple(part.partition("=")[0] for part in (segment or "").split(_BETWEEN_FIELDS))
