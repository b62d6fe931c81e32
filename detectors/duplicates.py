"""Were rows sent again under new ids? The share of rows that are copies of another row's features.

The same prediction id is counted once however often it comes; this is about the same content under another id.
"""

from collections.abc import Sequence
from typing import NamedTuple

from detectors.findings import FIXED, GIVEN, RAISED, Finding, Status, unjudged
from detectors.noise import Z_ONE_SIDED, share_noise
from detectors.row_sketch import RowSketch, copy_share
from detectors.wording import count, percent

METHOD = "duplicates"
MIN_ROWS = 30
ALLOWED_RISE = 0.02
# Where so many rows of the baseline are copies, the fields take so few values that copies tell nothing.
TOO_USUAL = 0.5


class Copies(NamedTuple):
    """The sketches of stretches of the baseline, and that of a window."""

    baseline: Sequence[RowSketch]
    current: RowSketch


def duplicates_finding(
    baseline: Sequence[RowSketch],
    current: RowSketch,
    *,
    threshold: float | None = None,
    min_rows: int = MIN_ROWS,
) -> Finding:
    """The share of the rows of a window that are copies of another row of it, of the whole model.

    ``baseline`` are sketches of stretches of the baseline, each about as long as a window where its hours are known,
    else one of all of it; usual is the largest share of any of them. Few fields with few values make copies by chance,
    the more rows the more: a window larger than that stretch is compared at the stretch's number of rows, drawn at
    random. The limit is the usual share plus .02, raised to what chance passes once in 1,000 windows; critical at
    twice the rise. The effect is the rise. A ``threshold`` is a limit for the share itself.

    Insufficient under ``min_rows`` rows on either side, and where half of the baseline's rows are copies.
    """
    large = [part for part in baseline if part.n_rows >= max(min_rows, 1)]
    n_baseline, n = sum(part.n_rows for part in baseline), current.n_rows
    if not n:
        return unjudged("quality", METHOD, None, n_baseline, 0, "nodata", "no rows in this window")
    if not large or n < max(min_rows, 1):
        reason = f"{count(n, 'row', 'rows')}, at least {max(min_rows, 1):,} are needed"
        if not large:
            reason = f"the baseline has {count(n_baseline, 'row', 'rows')}, at least {max(min_rows, 1):,} are needed"
        return unjudged("quality", METHOD, None, n_baseline, n, "insufficient", reason)
    usual, n_usual = max(((copy_share(part), part.n_rows) for part in large), key=lambda pair: pair[0].share)
    whole, now = copy_share(current), copy_share(current, n_usual)
    words = f"{percent(whole.share)} of {count(n, 'row', 'rows')} are copies of another row"
    if n > n_usual:
        words += f", {percent(now.share)} of any {n_usual:,} of them"
    words += f"; {percent(usual.share)} of {count(n_usual, 'row', 'rows')} at the baseline"
    if usual.share >= TOO_USUAL and threshold is None:
        words += ": the fields take so few values that copies tell nothing"
        return unjudged("quality", METHOD, None, n_baseline, n, "insufficient", words, now.share)
    # Copies come in clusters, so their number scatters more than that of single rows; the larger of both counts.
    clustered = usual.share + Z_ONE_SIDED * usual.standard_error * (1 + usual.rows / now.rows) ** 0.5
    by_chance = max(share_noise(min(usual.copies, usual.rows), usual.rows, now.rows), clustered)
    fixed = usual.share + ALLOWED_RISE
    limit, source = (by_chance, RAISED) if by_chance > fixed else (fixed, FIXED)
    if threshold is not None:
        limit, source = threshold, GIVEN
    return Finding(
        kind="quality",
        method=METHOD,
        field=None,
        value=now.share,
        threshold=limit,
        threshold_source=source,
        p_value=None,
        effect=now.share - usual.share,
        n_baseline=n_baseline,
        n_current=n,
        status=_status(now.share, limit, usual.share),
        reason=words,
        confidence="low" if source == RAISED else "normal",
    )


def _status(value: float, limit: float, usual: float) -> Status:
    if value < limit:
        return "ok"
    return "critical" if value >= usual + 2 * max(limit - usual, 0.0) else "warning"
