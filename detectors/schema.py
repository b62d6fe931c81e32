"""Did the shape of the events change? Fields that vanished, that came, and whose type is another one.

A schema change is one event with one repair, however many fields it touches, and it explains what the other checks
say about those fields.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from detectors.binning import Binning
from detectors.field_profile import FieldProfile
from detectors.findings import FIXED, Finding, unjudged
from detectors.noise import CHANCE, fall_chance
from detectors.profile import Profile
from detectors.wording import count, name

# So large a part of the values of a field must be of another type, and so large a part must have been of the known one.
RETYPED_PART = 0.95
KNOWN_PART = 0.5
# A field that comes in fewer rows than this part is a stray event, not a change.
ADDED_PART = 0.01
NAMED_FIELDS = 5


@dataclass(frozen=True, slots=True)
class SchemaChange:
    """The fields that changed, by what happened to them, in the order of the binning (added: by name).

    ``vanished``: without a value in the whole window. ``retyped``: nearly all values are of a type the baseline does
    not have. ``revived``: had no value at the baseline and has some now. ``added``: the baseline does not have them.
    """

    vanished: tuple[str, ...] = ()
    retyped: tuple[str, ...] = ()
    revived: tuple[str, ...] = ()
    added: tuple[str, ...] = ()

    @property
    def n_fields(self) -> int:
        """How many fields changed."""
        return len(self.vanished) + len(self.retyped) + len(self.revived) + len(self.added)

    @property
    def explained(self) -> frozenset[str]:
        """Fields of the baseline whose findings by other checks and methods follow from the change."""
        return frozenset(self.vanished + self.retyped + self.revived)


def schema_change(
    binning: Binning,
    baseline: Profile,
    current: Profile,
    unknown_fields: Mapping[str, int] | None = None,
) -> SchemaChange:
    """What changed in the shape of the events of a window.

    ``unknown_fields`` are names that came in events without being fields of the baseline, with the rows of the window
    that had them. A field has vanished where no row has a value although chance would have brought one: missing rows
    fall into a window like into the baseline in all but one of 1,000 cases.
    """
    vanished, retyped, revived = [], [], []
    for field in binning.names:
        before, now = baseline.field(binning, field), current.field(binning, field)
        if _vanished(before, now):
            vanished.append(field)
        elif _retyped(before, now):
            retyped.append(field)
        elif _revived(before, now):
            revived.append(field)
    least = max(1.0, ADDED_PART * current.n)
    added = sorted(field for field, rows in (unknown_fields or {}).items() if rows >= least)
    return SchemaChange(tuple(vanished), tuple(retyped), tuple(revived), tuple(added))


def schema_finding(change: SchemaChange, n_baseline: int, n: int, min_rows: int = 30) -> Finding:
    """The number of fields whose shape changed, of the whole model; the reason names them.

    One field is a warning; a field that vanished or is of another type is critical, since the model gets no value of
    it. Insufficient under ``min_rows`` rows on either side: a few rows show no schema.
    """
    if not n:
        return unjudged("quality", "schema", None, n_baseline, 0, "nodata", "no rows in this window")
    least = max(min_rows, 1)
    if min(n_baseline, n) < least:
        where = "the baseline has " if n_baseline < least else ""
        reason = f"{where}{count(n_baseline if where else n, 'row', 'rows')}, at least {least:,} are needed"
        return unjudged("quality", "schema", None, n_baseline, n, "insufficient", reason)
    broken = bool(change.vanished or change.retyped)
    return Finding(
        kind="quality",
        method="schema",
        field=None,
        value=float(change.n_fields),
        threshold=1.0,
        threshold_source=FIXED,
        p_value=None,
        effect=float(change.n_fields),
        n_baseline=n_baseline,
        n_current=n,
        status="critical" if broken else "warning" if change.n_fields else "ok",
        reason=_words(change),
        confidence="normal",
    )


def _given(field: FieldProfile) -> int:
    """Rows with anything at all in the field."""
    return field.n - field.missing


def _vanished(before: FieldProfile, now: FieldProfile) -> bool:
    if not now.n or _given(now) or not _given(before):
        return False
    return fall_chance(_given(before), before.n, 0, now.n) <= CHANCE


def _retyped(before: FieldProfile, now: FieldProfile) -> bool:
    if not _given(now) or not _given(before):
        return False
    known = _given(before) - before.mistyped
    # Few values may be of a type that was rare before; the chance is that of so few of the known type.
    unlikely = fall_chance(known, _given(before), _given(now) - now.mistyped, _given(now)) <= CHANCE
    return now.mistyped >= RETYPED_PART * _given(now) and known >= KNOWN_PART * _given(before) and unlikely


def _revived(before: FieldProfile, now: FieldProfile) -> bool:
    return bool(before.n) and not _given(before) and _given(now) >= max(1.0, ADDED_PART * now.n)


def _words(change: SchemaChange) -> str:
    kinds = (
        (change.vanished, "vanished"),
        (change.retyped, "changed type"),
        (change.revived, "had no value at the baseline and has some now"),
        (change.added, "new"),
    )
    parts = [f"{count(len(fields), 'field', 'fields')} {what}: {_listed(fields)}" for fields, what in kinds if fields]
    return "; ".join(parts) or "every field is there and of the type it had at the baseline"


def _listed(fields: tuple[str, ...]) -> str:
    shown = ", ".join(name(field) for field in fields[:NAMED_FIELDS])
    rest = len(fields) - NAMED_FIELDS
    return f"{shown} and {rest:,} more" if rest > 0 else shown
