"""The one sentence of an alert that can be read at three in the morning without a dashboard."""

import unicodedata
from collections.abc import Sequence
from datetime import datetime, timedelta

from alerts.body import DeployFacts, SuspectFacts, SuspectKind, Window
from store.records import Result, ResultKind

_LONGEST_NAME = 60
_LONGEST_REASON = 200
_LONGEST_CAUSE = 300
# A deploy longer ago than this before the window is hardly the cause, so the sentence leaves it out.
_SUSPECT = timedelta(days=7)
_ACRONYMS = {
    "auc": "AUC",
    "f1": "F1",
    "js": "JS",
    "ks": "KS",
    "mae": "MAE",
    "mape": "MAPE",
    "psi": "PSI",
    "r2": "R2",
    "rmse": "RMSE",
    "roc": "ROC",
}
# The source of a limit that lies above a change that lasts: what it resolves is told, but not over.
LASTING = "calibrated, above a change that labels showed to be harmless"
_OF_THE_STREAM: dict[SuspectKind, str] = {
    "schema": "a change of the schema",
    "volume": "the volume of rows",
    "labels": "the labels",
}
_TROUBLE: dict[ResultKind, str] = {
    "drift": "drift",
    "quality": "data quality problem",
    "performance": "performance drop",
    "estimate": "estimated performance drop",
}


def firing_sentence(
    ranked: Sequence[Result],
    window: Window,
    in_a_row: int,
    deploy: DeployFacts | None,
    suspects: Sequence[SuspectFacts] = (),
    cause: str | None = None,
) -> str:
    """What is wrong, where, since when, how badly, what may be behind it, and what went live shortly before.

    ``ranked`` are the results behind the alerts that began to fire, the worst first, at least one; ``suspects`` the
    likeliest first, and ``cause`` what is said where none of them is a finding.
    """
    worst = ranked[0]
    since = f"since {_instant(window.start)}"
    if in_a_row > 1:
        since = f"in {in_a_row} windows in a row, the last {_span(window)}"
    parts = [f"{_TROUBLE[worst.kind]} in {_subjects(ranked)} {since}", f"worst: {_figures(worst)}"]
    suspected = _suspected(worst, suspects, cause)
    parts += suspected
    told = bool(suspected) and all(suspect.kind == "deploy" for suspect in suspects)
    if deploy is not None and window.start - deploy.at <= _SUSPECT and not told:
        parts.append(_deployed(deploy, window))
    return f"{one_line(worst.model, _LONGEST_NAME)}: " + "; ".join(parts)


def _suspected(worst: Result, suspects: Sequence[SuspectFacts], cause: str | None) -> list[str]:
    """The suspects by name; where nothing was found, the sentence that says so.

    The worst alert's own field is named already, and deploys are told by the sentence about them.
    """
    findings = [suspect for suspect in suspects if suspect.kind != "deploy"]
    if not findings:
        return [] if cause is None else [one_line(cause, _LONGEST_CAUSE)]
    own = worst.field if worst.kind in ("drift", "quality") else None
    others = [
        suspect for suspect in findings if suspect.segment is not None or suspect.field is None or suspect.field != own
    ]
    names = list(dict.fromkeys(_suspect_name(suspect) for suspect in others))
    return [f"suspects so far: {', '.join(names)}"] if names else []


def _suspect_name(suspect: SuspectFacts) -> str:
    where = "" if suspect.segment is None else f"segment {one_line(suspect.segment, _LONGEST_NAME)}"
    what = "" if suspect.field is None else one_line(suspect.field, _LONGEST_NAME)
    if where or what:
        return " in ".join(part for part in (what, where) if part)
    return _OF_THE_STREAM.get(suspect.kind, "how the fields go together")


def resolved_sentence(ranked: Sequence[Result], window: Window, n_firing: int) -> str:
    """What is over, by which figures, and whether anything of the monitor is still firing.

    ``ranked`` are the results behind the alerts that were resolved, at least one.
    """
    first = ranked[0]
    left = "nothing of this monitor is firing any more"
    if n_firing:
        left = f"{n_firing} {'alert' if n_firing == 1 else 'alerts'} of this monitor still firing"
    parts = [f"{_TROUBLE[first.kind]} resolved in {_subjects(ranked)} by the window {_span(window)}"]
    lasting = [result for result in ranked if result.threshold_source == LASTING]
    if lasting:
        parts.append(f"the change of {_subjects(lasting)} lasts, but labels showed it to be harmless")
    # How the value lies against the baseline is no news any more: a loss may still be the larger one of both.
    parts += [_measured(first), left]
    return f"{one_line(first.model, _LONGEST_NAME)}: " + "; ".join(parts)


def one_line(text: str, longest: int) -> str:
    """Text of others, fit for a sentence: no control or invisible characters, no longer than ``longest``."""
    visible = "".join(" " if unicodedata.category(character)[0] in "CZ" else character for character in text)
    short = " ".join(visible.split())
    return short if len(short) <= longest else short[: longest - 3] + "..."


def number(value: float) -> str:
    """A figure for reading: three significant digits, thousands with commas."""
    if 999.5 <= abs(value) < 1e15:
        return f"{value:,.0f}"
    return f"{value:#.3g}".rstrip(".") if value else "0"


def _subjects(ranked: Sequence[Result]) -> str:
    names = list(dict.fromkeys(_subject(result) for result in ranked))
    if len(names) == 1:
        return names[0]
    more = len(names) - 1
    if all(result.field is not None for result in ranked):
        noun = "field"
    else:
        noun = "metric" if ranked[0].kind in ("performance", "estimate") else "check"
    return f"{names[0]} and {more} more {noun}{'' if more == 1 else 's'}"


def _subject(result: Result) -> str:
    return _method(result.method) if result.field is None else one_line(result.field, _LONGEST_NAME)


def _figures(result: Result) -> str:
    reason = one_line(result.reason, _LONGEST_REASON)
    return _measured(result) + (f", {reason}" if reason else "")


def _measured(result: Result) -> str:
    """The value and its limit."""
    words = [] if result.field is None else [one_line(result.field, _LONGEST_NAME)]
    words.append(_method(result.method))
    if result.segment is not None:
        words.append(f"[{one_line(result.segment, _LONGEST_NAME)}]")
    if result.value is not None:
        words.append(number(result.value))
    if result.threshold is not None:
        words.append(f"(limit {number(result.threshold)})")
    return " ".join(words)


def _method(method: str) -> str:
    # That a value is estimated is said by the trouble, and again by the reason.
    method = method.removeprefix("cbpe_").removeprefix("dle_")
    return " ".join(_ACRONYMS.get(word, word) for word in one_line(method, _LONGEST_NAME).split("_"))


def _deployed(deploy: DeployFacts, window: Window) -> str:
    note = one_line(deploy.note, _LONGEST_REASON)
    what = f"version {one_line(deploy.version, _LONGEST_NAME)}" + (f" ({note})" if note else "")
    if deploy.at < window.start:
        return f"{what} went live {_length(window.start - deploy.at)} before the window"
    if deploy.at == window.start:
        return f"{what} went live as the window began"
    return f"{what} went live {_length(deploy.at - window.start)} into the window"


def _length(span: timedelta) -> str:
    minutes = int(span.total_seconds()) // 60
    days, hours = minutes // 1440, minutes % 1440 // 60
    if days:
        return f"{days} d {hours} h" if hours else f"{days} d"
    return f"{hours} h {minutes % 60} min" if hours else f"{minutes} min"


def _span(window: Window) -> str:
    return f"from {_instant(window.start)} to {_instant(window.end)}"


def _instant(at: datetime) -> str:
    return at.strftime("%Y-%m-%d") if (at.hour, at.minute) == (0, 0) else at.strftime("%Y-%m-%d %H:%M UTC")
