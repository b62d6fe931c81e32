"""What may be behind an alert? A ranked list of suspects, from what all monitors found in the same window.

A score is a product of three numbers from 0 to 1: how far the suspect is beyond its limit, how much it matters to the
model, and how well its beginning fits that of the trouble. It ranks suspects; it is no probability.

Formula, and what fools it: ``docs/methods/root_cause.md``.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from detectors.importance import IMPORTANT
from detectors.scene import ABSENT, LABEL_METHODS, Likeness, Observation, Scene, Suspect
from detectors.wording import name, number, percent

MOST_SUSPECTS = 5
# A suspect below this score is not worth a line.
LEAST_SCORE = 0.1
# What came first may be the cause: it fades with the windows between. What came later can hardly be.
_FADES_IN_WINDOWS, _LEAST_TIMING, _LATER = 2.0, 0.1, 0.5
# A deploy is a circumstance, not a finding; traffic and labels distort rather than break.
_DEPLOY_WEIGHT, _VOLUME_WEIGHT, _LABELS_WEIGHT = 0.5, 0.8, 0.8
# A change of shape of fields of which no check says how much they matter.
_SCHEMA_WEIGHT = 0.5
# A field that broke in one segment alone says less than the segment does.
_CONFINED = 0.8
# Each further check that finds the same field out of order takes this part of what is missing to 1.
_AGREEMENT = 0.25
_NAMED_PIECES = 2
_VOLUME = ("volume", "freshness", "duplicates")
_SCHEMA, _PROBABILITIES = "schema", "probabilities"


@dataclass(frozen=True, slots=True)
class RootCause:
    """At most ``MOST_SUSPECTS`` suspects, the likeliest first, and one sentence about them, or about their absence."""

    suspects: tuple[Suspect, ...]
    sentence: str


def root_cause(scene: Scene) -> RootCause:
    """The suspects of an alert, by falling score; those under ``LEAST_SCORE`` are left out.

    strength = t / (1 + t) of a subject at t times its limit; a field weighs as its importance over the largest one.
    timing = 1 for what began in the alert's first bad window or in the one before, halved for every two windows
    earlier, at least .1; .5 for what began later.
    """
    segments = _segments(scene)
    found = [
        *_fields(scene, {each.field for each in segments if each.field is not None}),
        *segments,
        *_schema(scene),
        *_volume(scene),
        *_labels(scene),
        *_rollouts(scene),
    ]
    ranked = sorted(
        (each for each in found if each.score >= LEAST_SCORE),
        key=lambda each: (-each.score, each.kind, each.field or "", each.segment or ""),
    )
    return RootCause(tuple(ranked[:MOST_SUSPECTS]), _sentence(scene, ranked))


def timing(lead: float) -> float:
    """How well a beginning ``lead`` windows before that of the alert fits, from .1 to 1."""
    if lead < 0:
        return _LATER
    return float(max(0.5 ** (max(lead - 1.0, 0.0) / _FADES_IN_WINDOWS), _LEAST_TIMING))


def _strength(each: Observation) -> float:
    """How far beyond its limit, and how well the beginning fits."""
    return (1.0 - 1.0 / (1.0 + max(each.times_limit, 0.0))) * timing(each.lead)


def _fields(scene: Scene, confined: Collection[str]) -> list[Suspect]:
    """Every input that changed in the whole stream; ``confined`` are those that one segment explains."""
    found = []
    for field, own in scene.changed_inputs(None).items():
        score = _together(own) * scene.weight(field) * (_CONFINED if field in confined else 1.0)
        what = "the fields together" if field is None else name(field)
        sentence = f"{what}: {_pieces(own)}{_matters(scene, field)}; {_began(own)}"
        found.append(Suspect("field", field, None, None, score, sentence))
    return found


def _together(own: Sequence[Observation]) -> float:
    """Several checks of one field: the strongest, and a little for each that agrees."""
    return 1 - (1 - max(map(_strength, own))) * (1 - _AGREEMENT) ** (len(own) - 1)


def _segments(scene: Scene) -> list[Suspect]:
    """Segments in which something changed that did not change in most others of their kind; one suspect each."""
    alike = scene.judged_alike()
    changed: dict[str, list[tuple[float, Observation]]] = {}
    for each in scene.observations:
        if each.segment is not None and each.changed and (scene.is_input(each) or _fell(each)):
            score = _strength(each) * scene.weight(each.field) * _alone(each, alike)
            changed.setdefault(each.segment, []).append((score, each))
    return [
        _segment_suspect(segment, *max(scored, key=lambda pair: pair[0]), alike)
        for segment, scored in sorted(changed.items())
    ]


def _fell(each: Observation) -> bool:
    return each.changed and each.kind == "performance"


def _siblings(each: Observation, alike: Mapping[Likeness, tuple[int, int]]) -> tuple[int, int]:
    """In how many other segments the same was judged, and in how many of them it was bad."""
    judged, changed = alike.get(each.likeness, (0, 0))
    return judged - each.judged, changed - (each.judged and each.changed)


def _alone(each: Observation, alike: Mapping[Likeness, tuple[int, int]]) -> float:
    """The share of a segment's siblings in which the same is in order; 0 where there is no sibling to compare with."""
    judged, changed = _siblings(each, alike)
    return 1 - changed / judged if judged else 0.0


def _segment_suspect(
    segment: str, score: float, strongest: Observation, alike: Mapping[Likeness, tuple[int, int]]
) -> Suspect:
    field = None if _fell(strongest) else strongest.field
    judged, changed = _siblings(strongest, alike)
    what = f"{name(field)} {_pieces([strongest])}" if field else strongest.words
    sentence = (
        f"segment {name(segment)}: {what}; {changed} of {judged} other segments changed alike; {_began([strongest])}"
    )
    return Suspect("segment", field, segment, None, score, sentence)


def _schema(scene: Scene) -> list[Suspect]:
    """Another shape of what goes in or comes out; one event with one repair, whoever saw it.

    A change of schema weighs as the heaviest of the fields that it took away, scores that are no probabilities fully.
    """
    gone = [field for field, own in scene.changed_inputs(None).items() if any(each.method in ABSENT for each in own)]
    weights = {_SCHEMA: max(map(scene.weight, gone), default=_SCHEMA_WEIGHT), _PROBABILITIES: 1.0}
    found = [(weights[each.method] * timing(each.lead), each) for each in scene.of_whole_stream(tuple(weights))]
    found.sort(key=lambda scored: (scored[0], scored[1].method, scored[1].words))
    return [
        Suspect("schema", None, None, None, score, f"{each.method}: {each.words}; {_began([each])}")
        for score, each in found[-1:]
    ]


def _volume(scene: Scene) -> list[Suspect]:
    found = sorted(scene.of_whole_stream(_VOLUME), key=_strength)
    return [
        Suspect("volume", None, None, None, _VOLUME_WEIGHT * _strength(each), f"{each.method}: {each.words}")
        for each in found[-1:]
    ]


def _labels(scene: Scene) -> list[Suspect]:
    """Labels that are not all there yet, or that are others than they were."""
    if scene.kind not in ("performance", "estimate"):
        return []
    found = [(_strength(each), f"{each.words}; {_began([each])}") for each in scene.of_whole_stream(LABEL_METHODS)]
    share = scene.labels
    if share is not None and share.usual > 0 and share.now < share.usual:
        words = f"{percent(share.now)} of the rows have one so far, {percent(share.usual)} in windows before"
        found.append((1 - share.now / share.usual, f"{words}: the figures may still move"))
    return [
        Suspect("labels", None, None, None, _LABELS_WEIGHT * score, f"labels: {words}")
        for score, words in sorted(found)[-1:]
    ]


def _rollouts(scene: Scene) -> list[Suspect]:
    """The last deploy before the first bad window was over; one that went live after it is none."""
    fitting = sorted((each for each in scene.rollouts if each.lead >= -1), key=lambda each: each.lead)
    return [
        Suspect("deploy", None, None, each.version, _DEPLOY_WEIGHT * timing(max(each.lead, 0.0)), each.words)
        for each in fitting[:1]
    ]


def _pieces(own: Sequence[Observation]) -> str:
    told = [f"{each.method.replace('_', ' ')} {number(each.times_limit)} times its limit" for each in own]
    more = f" and {len(own) - _NAMED_PIECES} more" if len(own) > _NAMED_PIECES else ""
    return f"{', '.join(told[:_NAMED_PIECES])}{more} ({own[0].words})"


def _matters(scene: Scene, field: str | None) -> str:
    known = scene.importance.get(field) if field is not None else None
    if known is None:
        return ""
    return f"; importance {number(known)}{', so it hardly matters' if known < IMPORTANT else ''}"


def _began(own: Sequence[Observation]) -> str:
    lead = max(each.lead for each in own)
    if lead < 0:
        return "began after the trouble"
    windows = round(lead, 1)
    before = f"bad already {number(windows)} window{'' if windows == 1 else 's'} before"
    return before if lead else "began with the trouble"


def _sentence(scene: Scene, ranked: Sequence[Suspect]) -> str:
    waiting = f" so far ({', '.join(scene.waiting)} not judged yet)" if scene.waiting else ""
    if any(each.kind not in ("labels", "deploy") for each in ranked):
        return f"most likely{waiting}: {ranked[0].sentence}"
    if not any(each.judged and each.segment is None and scene.is_input(each) for each in scene.observations):
        return f"the inputs of this window have not been judged{waiting}"
    if ranked and ranked[0].kind == "labels":
        return f"no input changed{waiting}; {ranked[0].sentence}"
    deploys = [each.sentence for each in ranked if each.kind == "deploy"]
    itself = f", or the model itself: {deploys[0]}" if deploys else ""
    if scene.kind in ("performance", "estimate"):
        return f"no input changed{waiting}: the relation between inputs and label may have changed{itself}"
    return f"no other input changed{waiting}{itself and f': look at {deploys[0]}'}"
