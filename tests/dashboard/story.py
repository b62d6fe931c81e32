"""Models in every state that the pages must tell apart, as results; written to a store by ``seed``."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random

from store.records import Result, ResultKind, Status

NOW = datetime(2026, 5, 31, 9, 0, tzinfo=UTC)
LAST_END = datetime(2026, 5, 31, tzinfo=UTC)
DAY = timedelta(days=1)

IMAGE = "<img src=x onerror=alert(1)>"
DOTTED = "a.b[0]"
MARKED = "**x** $y$ :smile: [link](http://evil.example) | `code` -> www.evil.example"
HOSTILE = (IMAGE, DOTTED, MARKED, '=HYPERLINK("http://evil.example")', "f" * 256)
FEATURES = ("income", "age", "region", "employment_years", "loan_amount", "purpose")
NORTH = "region=north"
DRIFT_LIMIT = 0.1


def result(
    *,
    model: str = "credit",
    monitor: str | None = None,
    kind: ResultKind = "drift",
    method: str = "ks",
    field: str | None = "income",
    segment: str | None = None,
    end: datetime = LAST_END,
    window: timedelta = DAY,
    value: float | None = 0.05,
    threshold: float | None = DRIFT_LIMIT,
    status: Status = "ok",
    reason: str = "",
    n_current: int = 1000,
    effect: float | None = None,
) -> Result:
    """One result, healthy unless told otherwise."""
    return Result(
        model=model,
        version="3",
        monitor=monitor or kind,
        kind=kind,
        method=method,
        field=field,
        segment=segment,
        window_start=end - window,
        window_end=end,
        n_baseline=10_000,
        n_current=n_current,
        value=value,
        threshold=threshold,
        threshold_source="default",
        p_value=None,
        effect=effect,
        severity="none",
        severity_score=None,
        confidence=None,
        status=status,
        reason=reason,
        baseline="baseline",
        computed_at=end + timedelta(minutes=5),
    )


def judged(value: float, threshold: float) -> Status:
    """The status the detectors give: beyond the limit, beyond twice the limit."""
    return "critical" if value > 2 * threshold else "warning" if value > threshold else "ok"


def ends(days: int, last: datetime = LAST_END) -> list[datetime]:
    """The ends of so many daily windows, oldest first."""
    return [last - DAY * back for back in range(days - 1, -1, -1)]


def drifting(model: str = "credit", names: tuple[str, ...] = FEATURES, days: int = 60) -> Iterator[Result]:
    """The first name drifts from 3 May on, the second a little since the 25th; on 18 April nothing came."""
    chance = Random(7)
    outage = datetime(2026, 4, 19, tzinfo=UTC)
    for end in ends(days):
        for position, name in enumerate((*names, "prediction", "score")):
            yield _drift(model, name, position, end, outage, chance)
        yield from _quality(model, names, end, outage, chance)
        yield from _performance(model, end, outage, chance)


def healthy(model: str, names: tuple[str, ...] = FEATURES, days: int = 30) -> Iterator[Result]:
    """Every window fine, also in one segment."""
    chance = Random(3)
    for end in ends(days):
        for name in (*names, "prediction"):
            value = 0.02 + 0.03 * chance.random()
            yield result(model=model, field=name, end=end, value=value, effect=value / 2)
        yield result(model=model, segment=NORTH, end=end, value=0.04)


def silent(model: str, days: int = 20) -> Iterator[Result]:
    """Fine until three days ago, then no rows."""
    for end in ends(days):
        gone = end > LAST_END - 3 * DAY
        for name in FEATURES[:3]:
            yield result(
                model=model,
                field=name,
                end=end,
                value=None if gone else 0.03,
                status="nodata" if gone else "ok",
                reason="no rows in the window" if gone else "",
                n_current=0 if gone else 800,
            )


def _drift(model: str, name: str, position: int, end: datetime, outage: datetime, chance: Random) -> Result:
    method = "total_variation" if name in ("region", "purpose", "prediction") else "ks"
    if end == outage:
        return result(
            model=model, field=name, method=method, end=end, value=None, status="nodata",
            reason="no rows in the window", n_current=0,
        )  # fmt: skip
    value = 0.02 + 0.04 * chance.random()
    if position == 0 and end > datetime(2026, 5, 3, tzinfo=UTC):
        value = 0.16 + 0.006 * (end - datetime(2026, 5, 3, tzinfo=UTC)).days + 0.02 * chance.random()
    if position == 1 and end > datetime(2026, 5, 25, tzinfo=UTC):
        value = 0.12 + 0.03 * chance.random()
    return result(
        model=model, field=name, method=method, end=end, value=value, status=judged(value, DRIFT_LIMIT),
        effect=value * 1.7, n_current=900 + chance.randrange(300),
    )  # fmt: skip


def _quality(model: str, names: tuple[str, ...], end: datetime, outage: datetime, chance: Random) -> Iterator[Result]:
    for name in names:
        for method, usual, limit in (("missing", 0.01, 0.05), ("range", 0.0, 0.01)):
            value: float | None = usual * chance.random()
            status: Status = "ok"
            if (
                method == "missing"
                and name == names[-1 if len(names) < 3 else 2]
                and end > datetime(2026, 5, 29, tzinfo=UTC)
            ):
                value, status = 0.08, "warning"
            if end == outage:
                value, status = None, "nodata"
            yield result(
                model=model, kind="quality", method=method, field=name, end=end, value=value, threshold=limit,
                status=status, reason="no rows in the window" if value is None else "",
            )  # fmt: skip
    yield result(
        model=model, kind="quality", method="volume", field=None, end=end, value=0.0 if end == outage else 1.0,
        threshold=None, status="critical" if end == outage else "ok",
        reason="no rows, 1,050 usually" if end == outage else "",
    )  # fmt: skip


def _performance(model: str, end: datetime, outage: datetime, chance: Random) -> Iterator[Result]:
    labelled = end <= datetime(2026, 5, 21, tzinfo=UTC)
    for method, usual, limit in (("accuracy", 0.86, 0.80), ("roc_auc", 0.91, 0.85)):
        value: float | None = usual - 0.02 * chance.random()
        if end > datetime(2026, 5, 6, tzinfo=UTC):
            value = limit - 0.01 - 0.02 * chance.random()
        status: Status = "warning" if value is not None and value < limit else "ok"
        reason = ""
        if end == outage:
            value, status, reason = None, "nodata", "no rows in the window"
        elif not labelled:
            value, status, reason = None, "insufficient", "12 labels of 1,040 rows: at least 100 are needed"
        yield result(
            model=model, kind="performance", method=method, field=None, end=end, value=value, threshold=limit,
            status=status, reason=reason, effect=None if value is None else value - usual,
            n_current=0 if value is None else 1000,
        )  # fmt: skip
