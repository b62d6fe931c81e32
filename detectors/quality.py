"""Is the data itself in order? Missing, unseen, out of range, mistyped or stuck values, and the volume of rows.

These are kept apart from drift because they break models in other ways and call for other repairs.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from detectors.binning import MAX_KNOWN_CATEGORIES, Binning
from detectors.bins import CategoryBins, NumericBins
from detectors.confidence import margin_of
from detectors.duplicates import Copies, duplicates_finding
from detectors.field_profile import FieldProfile
from detectors.findings import FIXED, GIVEN, RAISED, Confidence, Finding, Status, unjudged
from detectors.freshness import Arrivals, freshness_finding
from detectors.noise import share_noise
from detectors.probabilities import probabilities_finding, probabilities_in
from detectors.profile import Profile
from detectors.schema import schema_change, schema_finding
from detectors.stuck import stuck_finding
from detectors.volume import volume_finding
from detectors.wording import count, name, number, percent, severity_in_words

MIN_ROWS = 30
FIELD_CHECKS = ("missing", "unseen", "range", "types", "stuck")
MODEL_CHECKS = ("volume", "schema", "freshness", "probabilities", "duplicates")
DEFAULT_CHECKS = FIELD_CHECKS + MODEL_CHECKS
# How much larger than at the baseline a share may be.
ALLOWED_RISE: Mapping[str, float] = {"missing": 0.05, "unseen": 0.01, "range": 0.01, "types": 0.001}
# Checks that ask whether the baseline has seen a value.
_OF_THE_SEEN = ("unseen", "range")
NAMED_CATEGORIES = 5
# A break is no mere guess, so what it may cost counts twice.
_CERTAIN = 2.0


@dataclass(frozen=True, slots=True)
class _Share:
    """Rows that fail a check, of how many, on both sides, and the sentence about them.

    ``expected`` are the rows of ``n_baseline`` whose share is usual. ``undefined`` is why the check cannot be made.
    """

    hits: int
    n: int
    expected: int
    n_baseline: int
    words: str
    undefined: str = ""


def quality_findings(
    binning: Binning,
    baseline: Profile,
    current: Profile,
    *,
    checks: Sequence[str] = DEFAULT_CHECKS,
    threshold: float | None = None,
    min_rows: int = MIN_ROWS,
    fields: Sequence[str] | None = None,
    earlier_counts: Sequence[int] = (),
    usual_shares: Mapping[str, float] | None = None,
    unknown_fields: Mapping[str, int] | None = None,
    arrivals: Arrivals | None = None,
    scores: Sequence[str] = (),
    copies: Copies | None = None,
    costs: Mapping[str, float] | None = None,
    confidence: Confidence = "normal",
) -> list[Finding]:
    """A finding for each check and each field that has something to say to it; some checks are of the whole model.

    ``missing``: share of rows without a value. ``types``: share of values that are no number where one is expected
    (another type, NaN, infinite). ``unseen`` (categories): share of values of categories that the baseline did not
    have. ``range`` (numbers): share of values outside the baseline's smallest to largest. Each may exceed the
    baseline's share by ``ALLOWED_RISE``, and by what chance alone exceeds once in 1,000 windows; at twice the rise it
    is critical. The effect is the rise.

    ``stuck``: share of the most frequent value; ``usual_shares`` are, by field, what stretches of the baseline reach,
    where that is known. See ``stuck_finding``.

    ``volume``: rows against the ``earlier_counts`` of earlier windows, oldest first; see ``volume_finding``.

    ``schema``: fields of the baseline that vanished or changed type, and ``unknown_fields``, names that came with
    the rows of the window without being in the baseline; see ``schema_change``.

    ``freshness``: hours since the newest row, by when rows came (``arrivals``); left out where that is not given.
    See ``freshness_finding``.

    ``probabilities``: share of rows whose ``scores`` (names of fields: the one of a binary model, or those of all
    classes) cannot be probabilities; left out where none are named. See ``probabilities_finding``.

    ``duplicates``: share of rows that are ``copies`` of another row of the window; left out where that is not given.
    See ``duplicates_finding``.

    ``costs`` are what it costs, in pages, when a field says nothing any more (``severity.field_costs``). The severity
    of a break is twice its rise times that cost, for it is no mere guess: from 1 on it is critical, below it a warning,
    which is worth a look and nobody's sleep. Of a field that is not among them the rise alone decides.

    ``confidence`` in what the baseline has seen of the stream (``confidence.confidence_in``): where it is low values
    beyond it, ``unseen`` and ``range``, may rise by a quarter more.

    A ``threshold`` is a limit for the share itself (for volume: for the ratio; for freshness, in hours, and for
    duplicates where no other check is made; schema and probabilities have none). Under ``min_rows`` rows on either
    side a finding is insufficient. ValueError names an unknown check or field.
    """
    unknown = [check for check in checks if check not in DEFAULT_CHECKS]
    if unknown:
        raise ValueError(f"check {unknown[0]!r} is not known: use {', '.join(DEFAULT_CHECKS)}")
    strangers = set(fields or ()) - set(binning.names)
    if strangers:
        raise ValueError(f"field {sorted(strangers)[0]!r} is not in the baseline: it has {', '.join(binning.names)}")
    findings: list[Finding] = []
    for field in binning.names if fields is None else fields:
        before, now = baseline.field(binning, field), current.field(binning, field)
        own = [check for check in checks if check in _SHARES and _speaks_to(check, before)]
        findings.extend(
            _share_finding(check, before, now, threshold, min_rows, confidence if check in _OF_THE_SEEN else "normal")
            for check in own
        )
        if "stuck" in checks:
            usual = (usual_shares or {}).get(field, 0.0)
            findings.append(stuck_finding(before, now, threshold=threshold, min_rows=min_rows, usual=usual))
    if "volume" in checks:
        findings.append(volume_finding(current.n, earlier_counts, threshold))
    if "schema" in checks:
        change = schema_change(binning, baseline, current, unknown_fields)
        findings.append(schema_finding(change, baseline.n, current.n, min_rows))
    if "freshness" in checks and arrivals is not None:
        limit = threshold if tuple(checks) == ("freshness",) else None
        findings.append(freshness_finding(arrivals, limit, n_current=current.n))
    if "probabilities" in checks and scores:
        sides = (probabilities_in([side.field(binning, score) for score in scores]) for side in (baseline, current))
        findings.append(probabilities_finding(*sides))
    if "duplicates" in checks and copies is not None:
        limit = threshold if tuple(checks) == ("duplicates",) else None
        findings.append(duplicates_finding(copies.baseline, copies.current, threshold=limit, min_rows=min_rows))
    return [_weighed(finding, costs or {}) for finding in findings]


def _weighed(finding: Finding, costs: Mapping[str, float]) -> Finding:
    """With what a break may cost, where that is known of its field: then it pages where that is worth it."""
    if finding.status not in ("warning", "critical") or finding.field is None or finding.field not in costs:
        return finding
    score = _CERTAIN * (finding.effect or 0.0) * costs[finding.field]
    return replace(
        finding,
        status="critical" if score >= 1 else "warning",
        severity_score=score,
        reason=f"{finding.reason}; severity {severity_in_words(score)} (pages from 1 on)",
    )


def _speaks_to(check: str, field: FieldProfile) -> bool:
    if check == "unseen":
        return isinstance(field.definition, CategoryBins)
    return check != "range" or isinstance(field.definition, NumericBins)


def _share_finding(
    check: str,
    baseline: FieldProfile,
    current: FieldProfile,
    threshold: float | None,
    min_rows: int,
    confidence: Confidence,
) -> Finding:
    field = baseline.definition.name
    share = _SHARES[check](baseline, current)
    if not current.n:
        return unjudged("quality", check, field, share.n_baseline, 0, "nodata", "no rows in this window")
    reason = share.undefined or _too_few(check, share, max(min_rows, 1))
    if reason:
        value = share.hits / share.n if share.n and not share.undefined else None
        return unjudged("quality", check, field, share.n_baseline, share.n, "insufficient", reason, value)
    value, usual = share.hits / share.n, share.expected / share.n_baseline
    limit, source = _share_limit(check, share, margin_of(confidence)) if threshold is None else (threshold, GIVEN)
    return Finding(
        kind="quality",
        method=check,
        field=field,
        value=value,
        threshold=limit,
        threshold_source=source,
        p_value=None,
        effect=value - usual,
        n_baseline=share.n_baseline,
        n_current=share.n,
        status=_share_status(share.hits, value, limit, usual),
        reason=share.words,
        confidence="low" if source == RAISED else confidence,
    )


def _too_few(check: str, share: _Share, least: int) -> str:
    what = ("row", "rows") if check == "missing" else ("value", "values")
    if share.n_baseline < least:
        return f"the baseline has {count(share.n_baseline, *what)}, at least {least:,} are needed"
    return f"{count(share.n, *what)}, at least {least:,} are needed" if share.n < least else ""


def _share_limit(check: str, share: _Share, margin: float) -> tuple[float, str]:
    usual = share.expected / share.n_baseline
    by_chance = share_noise(share.expected, share.n_baseline, share.n) - usual
    rise = max(ALLOWED_RISE[check], by_chance)
    return usual + margin * rise, RAISED if by_chance > ALLOWED_RISE[check] else FIXED


def _share_status(hits: int, value: float, limit: float, usual: float) -> Status:
    if not hits or value < limit:
        return "ok"
    rise = max(limit - usual, 0.0)
    return "critical" if value >= usual + 2 * rise else "warning"


def _missing(baseline: FieldProfile, current: FieldProfile) -> _Share:
    words = f"missing in {_part(current.missing, current.n)} of {count(current.n, 'row', 'rows')}"
    words += f", {_part(baseline.missing, baseline.n)} at the baseline"
    return _Share(current.missing, current.n, baseline.missing, baseline.n, words)


def _types(baseline: FieldProfile, current: FieldProfile) -> _Share:
    hits, expected = (field.mistyped + field.nan + field.infinite for field in (baseline, current)[::-1])
    given, n_baseline = current.n - current.missing, baseline.n - baseline.missing
    numeric = isinstance(baseline.definition, NumericBins)
    wrong = "text where a number was expected" if numeric else "of a type the baseline does not have"
    kinds = ((current.mistyped, wrong), (current.nan, "not a number (NaN)"), (current.infinite, "infinite"))
    of = f"of {count(given, 'value', 'values')}"
    found = [f"{rows:,} {of} {'was' if rows == 1 else 'were'} {what}" for rows, what in kinds if rows]
    words = "; ".join(found) or f"all {of} were of the expected type"
    return _Share(hits, given, expected, n_baseline, words)


def _range(baseline: FieldProfile, current: FieldProfile) -> _Share:
    bins = baseline.definition
    if not isinstance(bins, NumericBins) or bins.inner[0] == bins.inner[1]:
        return _Share(0, 0, 0, 0, "", undefined="the baseline has no number, so no range")
    inside = slice(*bins.inner)
    hits, expected = (int(field.bins.sum() - field.bins[inside].sum()) for field in (current, baseline))
    low, high = float(bins.edges[bins.inner[0] - 1]), float(bins.edges[bins.inner[1] - 1])
    limits = f"the baseline's {number(low)} to {number(high)}"
    of = f"of {count(current.finite, 'value', 'values')}"
    words = f"all {of} lie within {limits}"
    if hits:
        words = f"{hits:,} {of} ({_part(hits, current.finite)}) lie outside {limits}"
        words += f"; smallest {number(current.low or 0.0)}, largest {number(current.high or 0.0)}"
    return _Share(hits, current.finite, expected, baseline.finite, words)


def _unseen(baseline: FieldProfile, current: FieldProfile) -> _Share:
    bins = baseline.definition
    if not isinstance(bins, CategoryBins) or not bins.complete:
        many = f"the baseline has more than {MAX_KNOWN_CATEGORIES:,} categories, so none can be called new"
        return _Share(0, current.present, 0, baseline.present, "", undefined=many)
    words = f"every category of {count(current.present, 'value', 'values')} is known from the baseline"
    if current.new:
        words = f"{current.new:,} of {count(current.present, 'value', 'values')} of categories not in the baseline"
        often = sorted(current.unseen, key=lambda text: (-current.unseen[text], text))[:NAMED_CATEGORIES]
        words += f", such as {', '.join(name(text) for text in often)}" if often else ""
    expected = max(baseline.new, _seen_once(bins, baseline))
    return _Share(current.new, current.present, expected, baseline.present, words)


def _seen_once(bins: CategoryBins, field: FieldProfile) -> int:
    """Rows of the baseline whose category came once: their share is about that of new ones in any later window.

    Source: Good, Biometrika 40 (1953). Of rare categories, counted together, as many as the counts require.
    """
    rare = min(max(2 * len(bins.rare) - field.other, 0), field.other)
    return int((field.bins == 1).sum()) + rare


_SHARES: Mapping[str, Callable[[FieldProfile, FieldProfile], _Share]] = {
    "missing": _missing,
    "unseen": _unseen,
    "range": _range,
    "types": _types,
}


def _part(hits: int, n: int) -> str:
    return percent(hits / n) if n else percent(0.0)
