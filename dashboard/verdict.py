"""Sentences about models, composed from what is recorded. Plain text: whoever shows it makes it safe for its medium."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from dashboard import states, words
from dashboard.facts import Change, Episode, ModelFacts, counted, distinct_changes, level
from dashboard.frames import WORST_SEGMENT
from dashboard.states import NEEDS_SOMEBODY, Level

# A change is named as a possible cause when it came at most this long before the first bad window ended.
CAUSE_WITHIN = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Verdict:
    """One sentence to read first, and the ones that explain it. ``command`` is what to run next, if anything."""

    level: Level
    headline: str
    details: tuple[str, ...] = ()
    command: str | None = None


def judge(facts: ModelFacts, now: datetime) -> Verdict:
    """What to say about one model."""
    state = level(facts)
    if facts.firing:
        return Verdict(state, *_firing(facts, now))
    if state == "waiting":
        return _set_up(facts, now)
    details = tuple(text for text in (_pending(facts), _labels(facts, now), _deliveries(facts)) if text)
    return Verdict(state, _quiet_headline(facts, state, now), details)


def fleet_headline(models: Sequence[ModelFacts], now: datetime) -> str:
    """What to say about all models: who needs somebody, and for what."""
    needy = [facts for facts in sorted(models, key=urgency) if level(facts) in NEEDS_SOMEBODY]
    if needy and len(models) == 1:
        return judge(models[0], now).headline
    if needy:
        verb = "needs" if len(needy) == 1 else "need"
        told = words.listed([f"{facts.name} ({_reason(facts, now)})" for facts in needy])
        return f"{words.share_of(len(needy), len(models), 'model')} {verb} you: {told}."
    waiting = [facts.name for facts in models if level(facts) == "waiting"]
    if len(waiting) == len(models):
        return f"{words.count(len(models), 'model')}, none of them judged yet: {words.listed(waiting)}."
    if waiting:
        return f"No model needs you. Not set up yet: {words.listed(waiting)}."
    return f"No model needs you. {words.count(len(models), 'model')} watched."


def fleet_discoveries(models: Sequence[ModelFacts]) -> str:
    """Which drift alerts of a fleet are more than the chance of many looks; empty where no such test was made."""
    tested = [facts for facts in models if any(each.discovery is not None for each in facts.firing)]
    if len(models) < 2 or not tested:
        return ""
    sure = [facts.name for facts in tested if any(each.discovery for each in facts.firing)]
    told = f"{words.share_of(len(sure), len(tested), 'model')} with drift alerts"
    if not sure:
        return f"{told} stand out from the chance of looking at the whole fleet."
    verb = "stands" if len(sure) == 1 else "stand"
    return (
        f"{told} {verb} out from the chance of looking at the whole fleet: {words.listed(sure)}. "
        "Of those that do in a quarter at most one in ten is expected to be false."
    )


def urgency(facts: ModelFacts) -> tuple[int, float, str]:
    """Sorting models by this puts the one that needs somebody most first."""
    worst = max((episode.excess for episode in facts.firing), default=0.0)
    return states.level(level(facts)).rank, -worst, facts.name


def in_brief(facts: ModelFacts, now: datetime) -> str:
    """Why the model is in its state, for a table's cell: ``drift in income and age; worse ROC AUC``."""
    if facts.firing:
        return _subjects(facts.firing, 3)
    state = level(facts)
    if state == "waiting":
        missing = "event" if facts.last_received is None else "baseline" if facts.baseline is None else "window judged"
        return f"no {missing} yet"
    if state == "pending":
        return f"beyond a limit: {_subjects(facts.pending, 3)}" if facts.pending else "beyond a limit, no alert yet"
    told = {"error": "a check failed", "nodata": "no rows in the last window", "insufficient": "too few rows"}
    return told.get(state, "")


def firing_since(facts: ModelFacts, now: datetime) -> str:
    """When the oldest firing alert began, in the model's time zone; empty when nothing fires."""
    begun = [start for episode in facts.firing if (start := begin(episode, facts)) is not None]
    return words.moment(min(begun), facts.zone, now.year) if begun else ""


def begin(episode: Episode, facts: ModelFacts) -> datetime | None:
    """The start of the window in which an alert began: the first bad day, where windows are days."""
    if episode.since is None:
        return None
    wall = episode.since.astimezone(facts.zone).replace(tzinfo=None) - episode.window
    return wall.replace(tzinfo=facts.zone)


def _reason(facts: ModelFacts, now: datetime) -> str:
    if facts.firing:
        since, others = firing_since(facts, now), len(facts.firing) - 1
        more = f" and {others} more" if others else ""
        return f"{_subject(facts.firing[0], 24)}{more}{f', since {since}' if since else ''}"
    return "a check failed" if level(facts) == "error" else _silence(facts, now)


def _silence(facts: ModelFacts, now: datetime) -> str:
    return f"no data, last event {words.age(facts.last_received, now)}" if facts.last_received else "no data"


def _firing(facts: ModelFacts, now: datetime) -> tuple[str, tuple[str, ...]]:
    worst, others = facts.firing[0], facts.firing[1:]
    since = begin(worst, facts)
    when = f" since {words.moment(since, facts.zone, now.year)}" if since else ""
    headline = f"{facts.name} needs you: {_subject(worst)}{when}{_limit(worst)}."
    details = [f"Also: {_subjects(others, 4)}."] if others else []
    cause = _cause(worst, facts, now)
    if cause:
        details.append(cause)
    if all(episode.state == "recovering" for episode in facts.firing):
        details.append("The last window was good; the alert ends after more good ones.")
    details += [text for text in (_blind(facts, now), _labels(facts, now), _deliveries(facts)) if text]
    return headline, tuple(details)


def _subject(episode: Episode, limit: int = 40) -> str:
    where = f" in segment {words.shorten(episode.segment, limit)}" if episode.segment else ""
    name = words.shorten(episode.field, limit) if episode.field is not None else None
    if episode.kind == "drift":
        return f"drift in {name}{where}" if name else f"drift of the whole model{where}"
    if name:
        return f"{words.method(episode.method)} in {name}{where}"
    if episode.method == WORST_SEGMENT:
        return "worse performance in one part of the stream"
    worse = "worse " if episode.kind == "performance" else ""
    return f"{worse}{words.method(episode.method)}{where}"


def _subjects(episodes: Sequence[Episode], most: int) -> str:
    """Alerts in words, the fields that drift taken together."""
    drifting = [words.shorten(e.field) for e in episodes if e.kind == "drift" and e.field is not None]
    parts = [f"drift in {words.listed(list(dict.fromkeys(drifting)), most)}"] if drifting else []
    rest = list(dict.fromkeys(_subject(e) for e in episodes if e.kind != "drift" or e.field is None))
    if rest:
        parts.append(words.listed(rest, most))
    return "; ".join(parts)


def _limit(episode: Episode) -> str:
    if episode.value is None:
        return ""
    limit = f", limit {words.amount(episode.method, episode.threshold)}" if episode.threshold is not None else ""
    name = words.method(episode.method) if episode.kind == "drift" else "now"
    return f" ({name} {words.amount(episode.method, episode.value)}{limit})"


def _cause(episode: Episode, facts: ModelFacts, now: datetime) -> str | None:
    """The last deploy or new version before the first bad window was over."""
    if episode.since is None:
        return None
    changes = distinct_changes(facts.changes)
    recent = [c for c in changes if episode.since - CAUSE_WITHIN <= c.at <= episode.since]
    if not recent:
        return None
    change = max(recent, key=lambda c: (c.at, c.what == "deploy"))
    day = words.moment(change.at, facts.zone, now.year)
    note = f" ({words.shorten(change.note, 80)})" if change.note else ""
    verb = "was deployed" if change.what == "deploy" else "sent its first event"
    version = words.shorten(change.version)
    return f"Last change before it: version {version} {verb} on {day}{_before(change, episode, facts)}{note}."


def _before(change: Change, episode: Episode, facts: ModelFacts) -> str:
    start = begin(episode, facts)
    if start is None:
        return ""
    ahead = start - change.at
    if ahead < timedelta(0):
        return ", within the first bad window"
    hours = int(ahead.total_seconds() // 3600)
    if hours == 0:
        return ", as the first bad window began"
    return f", {words.count(hours // 24, 'day') if hours >= 48 else words.count(hours, 'hour')} earlier"


def _quiet_headline(facts: ModelFacts, state: Level, now: datetime) -> str:
    statuses = counted(facts.windows)
    where = _windows(facts, now)
    if state == "ok":
        inputs = counted(tuple(window for window in facts.windows if window.kind != "performance"))
        few = inputs.get("insufficient", 0) + inputs.get("nodata", 0)
        rest = f" {words.count(few, 'other')} could not be judged." if few else ""
        return f"{facts.name} is healthy: {words.count(statuses['ok'], 'check')} passed in {where}.{rest}"
    if state == "pending":
        bad = statuses.get("warning", 0) + statuses.get("critical", 0)
        return f"{facts.name} is being watched: {words.count(bad, 'check')} beyond a limit in {where}, no alert yet."
    if state == "error":
        return f"{facts.name} cannot be judged in full: {words.count(statuses['error'], 'check')} failed in {where}."
    if state == "insufficient":
        return f"{facts.name} cannot be judged: too few rows in {where}."
    last = f" The last event came {words.age(facts.last_received, now)}." if facts.last_received else ""
    return f"{facts.name} has no data: no rows in {where}.{last}"


def _windows(facts: ModelFacts, now: datetime) -> str:
    last = max(facts.windows, key=lambda window: window.end)
    together = all((w.start, w.end) == (last.start, last.end) for w in facts.windows)
    if together:
        return f"the window of {words.window(last.start, last.end, facts.zone, now.year)}"
    return f"the last windows, up to {words.last_day(last.end, facts.zone, now.year)}"


def _pending(facts: ModelFacts) -> str | None:
    return (
        f"Beyond its limit, waiting for another bad window: {_subjects(facts.pending, 4)}." if facts.pending else None
    )


def _blind(facts: ModelFacts, now: datetime) -> str | None:
    """Why a firing alert may be old news: nothing was there to judge since."""
    last = facts.last_judged
    if last is None or set(last.statuses) - {"nodata", "insufficient"}:
        return None
    return f"No data in {_windows(facts, now)}, so the alert stays as it was."


def _labels(facts: ModelFacts, now: datetime) -> str | None:
    if facts.labels is None or not facts.labels.waiting:
        return None
    waiting = words.count(facts.labels.waiting, "later window")
    if facts.labels.known_to is None:
        return f"Performance is not known yet: {words.count(facts.labels.waiting, 'window')} waiting for labels."
    verb = "waits" if facts.labels.waiting == 1 else "wait"
    return f"Labels to {words.last_day(facts.labels.known_to, facts.zone, now.year)}: {waiting} {verb} for theirs."


def _deliveries(facts: ModelFacts) -> str | None:
    parts = []
    if facts.dead_messages:
        verb = "was" if facts.dead_messages == 1 else "were"
        parts.append(f"{words.count(facts.dead_messages, 'alert message')} {verb} given up after all attempts failed.")
    if facts.disabled_channels:
        parts.append(f"Channel switched off: {words.listed([words.shorten(n) for n in facts.disabled_channels])}.")
    return " ".join(parts) or None


def _set_up(facts: ModelFacts, now: datetime) -> Verdict:
    """A model that cannot be judged yet: what is there, what is missing, and the next command."""
    if facts.last_received is None and facts.baseline is None:
        return Verdict(
            "waiting",
            f"{facts.name} has not received an event yet.",
            (f"Post events to /v1/models/{facts.name}/predictions of the collector, or load a file:",),
            f"modelwatch ingest {facts.name} FILE",
        )
    if facts.baseline is None:
        return Verdict(
            "waiting",
            f"{facts.name} has no baseline to compare with: {words.count(facts.n_logged, 'event')} received.",
            (
                f"The first {facts.baseline_rows:,} events become the baseline by themselves.",
                "To choose one now, give a file of training or reference rows:",
            ),
            f"modelwatch baseline {facts.name} FILE",
        )
    if facts.last_received is None:
        return Verdict(
            "waiting",
            f"{facts.name} has a baseline of {facts.baseline.n_rows:,} rows and no event yet.",
            (f"Post events to /v1/models/{facts.name}/predictions of the collector, or load a file:",),
            f"modelwatch ingest {facts.name} FILE",
        )
    return Verdict(
        "waiting",
        f"{facts.name} receives events, and no window has been judged yet.",
        (
            f"The last event came {words.age(facts.last_received, now)}.",
            "The scheduler judges each window once it is over. To judge what is due now:",
        ),
        "modelwatch cycle --once",
    )
