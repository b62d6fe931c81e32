"""What is said of one result, and under which headings: the same in a terminal, in JSON and on the dashboard."""

from collections.abc import Sequence
from dataclasses import dataclass

from detectors.scene import Suspect
from detectors.wording import number
from store.records import Result

SECTIONS: Sequence[tuple[str, str]] = (
    ("compared", "What was compared"),
    ("statistic", "What the number means"),
    ("threshold", "How the limit came about"),
    ("severity", "How bad it is"),
    ("suspects", "What may be behind it"),
    ("cautions", "What to keep in mind"),
    ("known", "What was known when"),
    ("look_next", "What to look at next"),
)


@dataclass(frozen=True, slots=True)
class Explanation:
    """Sentences about a result, by what they are about. ``cause`` is None and ``suspects`` empty where all is well.

    ``page`` is the page about the method in the documentation, None where there is none.
    """

    result: Result
    headline: str
    compared: tuple[str, ...]
    statistic: tuple[str, ...]
    threshold: tuple[str, ...]
    severity: tuple[str, ...]
    cautions: tuple[str, ...]
    known: tuple[str, ...]
    cause: str | None
    suspects: tuple[Suspect, ...]
    look_next: tuple[str, ...]
    page: str | None


def sections(of: Explanation) -> list[tuple[str, list[str]]]:
    """The headings with their sentences, those without any left out: what every medium shows alike."""
    told = []
    for name, title in SECTIONS:
        sentences = _suspects(of) if name == "suspects" else list(getattr(of, name))
        if name == "cautions" and of.page is not None:
            sentences.append(f"More: {of.page}")
        if sentences:
            told.append((title, sentences))
    return told


def _suspects(of: Explanation) -> list[str]:
    if of.cause is None:
        return []
    # The likeliest is told below, with its score.
    named = bool(of.suspects) and of.cause.endswith(f": {of.suspects[0].sentence}")
    cause = of.cause.removesuffix(f": {of.suspects[0].sentence}") if named else of.cause
    head = f"{cause[:1].upper()}{cause[1:]}{' first:' if named else '.'}"
    return [head, *(f"{number(round(each.score, 2))} {each.kind}: {each.sentence}." for each in of.suspects)]
