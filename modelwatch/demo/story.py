"""What happens on each of the demo's thirty days: two realistic faults, and labels that come three days late."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import pandas as pd

from modelwatch.demo.claims import ServedModel

DAYS = 30
EVENTS_A_DAY = 1_000
LABEL_DELAY = 3
# Days are counted from 0. The unit fault is mended after five days; the re-coding is still there at the end.
UNIT_FAULT = range(12, 17)
RECODING = range(22, DAYS)
_WORD_CODES = {"excellent": "E", "good": "G", "fair": "F", "poor": "P"}


@dataclass(frozen=True, slots=True)
class Day:
    """One day of traffic. ``events`` and ``labels`` are ready for the collector; labels are of earlier days."""

    start: datetime
    events: list[dict[str, object]]
    labels: list[dict[str, object]]
    deploy: dict[str, object] | None
    note: str


def days(model: ServedModel, model_name: str, first: datetime, seed: int) -> Iterator[Day]:
    """The thirty days from ``first`` on. People arrive at random with replacement, so that days differ by chance."""
    rng = np.random.default_rng(seed)
    waiting: list[list[dict[str, object]]] = []
    for number in range(DAYS):
        start = first + timedelta(days=number)
        rows = rng.integers(len(model.people), size=EVENTS_A_DAY)
        seconds = np.sort(rng.uniform(0, 86_400, size=EVENTS_A_DAY))
        sent = _as_sent(model.people.iloc[rows], number)
        scores = model.score(sent)
        version = "2" if number >= RECODING.start else "1"
        ids = [f"{start:%Y%m%d}-{row:04d}" for row in range(EVENTS_A_DAY)]
        stamps = [(start + timedelta(seconds=float(second))).isoformat() for second in seconds]
        features = sent.to_dict("records")
        events: list[dict[str, object]] = [
            {
                "prediction_id": ids[i],
                "timestamp": stamps[i],
                "version": version,
                "features": features[i],
                "prediction": int(scores[i] >= 0.5),
                "score": round(float(scores[i]), 6),
            }
            for i in range(EVENTS_A_DAY)
        ]
        known_at = (start + timedelta(days=LABEL_DELAY, hours=6)).isoformat()
        waiting.append(
            [
                {"prediction_id": ids[i], "label": int(model.visits_often[rows[i]]), "timestamp": known_at}
                for i in range(EVENTS_A_DAY)
            ]
        )
        labels = waiting.pop(0) if number >= LABEL_DELAY else []
        yield Day(start, events, labels, _deploy(number, start, model_name), _note(number))


def _as_sent(people: pd.DataFrame, day: int) -> pd.DataFrame:
    if day in UNIT_FAULT:
        return people.assign(disease_index=(people["disease_index"] / 100).round(4))
    if day in RECODING:
        return people.assign(self_rated_health=people["self_rated_health"].map(_WORD_CODES))
    return people


def _deploy(day: int, start: datetime, model_name: str) -> dict[str, object] | None:
    notes = {
        UNIT_FAULT.start: ("1", "feature pipeline 2.4"),
        UNIT_FAULT.stop: ("1", "feature pipeline 2.4.1, hotfix"),
        RECODING.start: ("2", "new intake form"),
    }
    if day not in notes:
        return None
    version, note = notes[day]
    return {"model": model_name, "version": version, "at": start.isoformat(), "note": note}


def _note(day: int) -> str:
    notes = {
        UNIT_FAULT.start: "fault: upstream sends disease_index as a share instead of per cent",
        UNIT_FAULT.stop: "mended: disease_index is in per cent again",
        RECODING.start: "fault: self_rated_health arrives re-coded as E, G, F, P",
    }
    return notes.get(day, "")
