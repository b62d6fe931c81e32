"""Which fields changed beside those that passed their limit: a list of which few are false."""

from collections.abc import Collection, Sequence

from detectors.findings import CALIBRATED, LOWERED, Finding
from detectors.multiplicity import discoveries
from detectors.wording import name

# The expected share of false ones among the fields listed, at most.
FALSE_DISCOVERIES = 0.1
_NAMED_FIELDS = 3


def changed_beside(findings: Sequence[Finding], changed: Collection[str]) -> tuple[str, ...]:
    """Fields that go with those that ``changed``, the smallest p-value first; none where nothing changed.

    The Benjamini-Yekutieli list at ``FALSE_DISCOVERIES`` over the fields with calibrated limits, without those that
    passed their own. A limit keeps the chance of any false alarm in the window; once there is an alarm, the list says
    what else is likely part of it.
    """
    known = [(each.field, each.p_value) for each in findings if each.threshold_source in (CALIBRATED, LOWERED)]
    judged = [(field, p_value) for field, p_value in known if field is not None and p_value is not None]
    if not changed or not judged:
        return ()
    listed = [judged[at][0] for at in discoveries([p_value for _, p_value in judged], FALSE_DISCOVERIES)]
    return tuple(field for field in listed if field not in changed)


def beside_in_words(fields: Sequence[str]) -> str:
    """The fields as the end of a sentence; empty where there is none."""
    if not fields:
        return ""
    more = f" and {len(fields) - _NAMED_FIELDS} more" if len(fields) > _NAMED_FIELDS else ""
    return f"; probably with {', '.join(map(name, fields[:_NAMED_FIELDS]))}{more}"
