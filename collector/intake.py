"""From a body to the answer: decode, check, store, and say what became of every item."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import msgspec
from litestar import Request

from collector.bodies import EVENT_TYPES, Share, decode_body, read_body
from collector.group_commit import QueueFullError, Write, WriteFailedError
from collector.items import ItemKind, Items, read_items
from collector.labels import LABELS, label_rows
from collector.predictions import PREDICTIONS
from collector.problems import BusyError, ItemError, Rejection, Rejections
from collector.service import Collector
from collector.waiting import UNREACHABLE
from store.records import LabelRow, PredictionRow, WriteOutcome

Row = TypeVar("Row", PredictionRow, LabelRow)
Item = TypeVar("Item")
Made = TypeVar("Made")

# As many items are checked in some ten milliseconds; see the size of bodies that are decoded at once.
_CHECKED_AT_ONCE = 1_500


class Answer(msgspec.Struct, omit_defaults=True):
    """What became of the items of a request: counts, and each rejected one by its place in the body.

    ``rejected_total`` is there when more were rejected than ``rejected`` lists.
    """

    accepted: int
    duplicates: int
    rejected: list[Rejection]
    rejected_total: int | msgspec.UnsetType = msgspec.UNSET

    @property
    def status(self) -> int:
        """422 when there was something and all of it was rejected, else 200."""
        return 200 if self.accepted or self.duplicates or not self.rejected else 422


async def take_predictions(collector: Collector, name: str, request: Request[Any, Any, Any]) -> Answer:
    """Store the predictions in the body of a request, under the model of that name."""
    now, rejections = collector.clock(), Rejections(collector.limits.rejected_shown)
    model = await collector.catalog.model(name)
    with Share(collector.in_flight) as share:
        events = await _items(collector, request, PREDICTIONS, share, rejections)
        versions = await collector.catalog.versions(model, dict.fromkeys(event.version for event in events.items), now)
        rows = await _checked(
            events, lambda: collector.prediction_check.rows(events, model.id, versions, now, rejections)
        )
        outcomes = await _committed(collector, collector.storage.write_predictions, rows)
    return _answer(rows, outcomes, rejections, _other_prediction)


async def take_labels(collector: Collector, name: str, request: Request[Any, Any, Any]) -> Answer:
    """Store the labels in the body of a request, under the model of that name."""
    now, rejections = collector.clock(), Rejections(collector.limits.rejected_shown)
    model = await collector.catalog.model(name)
    with Share(collector.in_flight) as share:
        labels = await _items(collector, request, LABELS, share, rejections)
        rows = await _checked(labels, lambda: label_rows(labels, model.id, collector.limits, now, rejections))
        outcomes = await _committed(collector, collector.storage.write_labels, rows)
    return _answer(rows, outcomes, rejections, _other_label)


async def _items(
    collector: Collector,
    request: Request[Any, Any, Any],
    kind: ItemKind[Item],
    share: Share,
    rejections: Rejections,
) -> Items[Item]:
    limits = collector.limits
    body = await read_body(request, EVENT_TYPES, limits.body_bytes, share)
    return await decode_body(
        body, limits.inflated_bytes, share, lambda data: read_items(data, body.layout, kind, limits, rejections)
    )


async def _checked(items: Items[Any], check: Callable[[], Made]) -> Made:
    return check() if len(items.items) <= _CHECKED_AT_ONCE else await asyncio.to_thread(check)


async def _committed(collector: Collector, write: Write, rows: Items[Any]) -> list[WriteOutcome]:
    try:
        return await collector.commits.commit(write, rows.items)
    except QueueFullError as error:
        raise BusyError(f"{error}: try again") from None
    except WriteFailedError:
        raise BusyError(UNREACHABLE) from None


def _answer(
    rows: Items[Row], outcomes: Sequence[WriteOutcome], rejections: Rejections, other: Callable[[Row], str]
) -> Answer:
    accepted, duplicates = outcomes.count("accepted"), outcomes.count("duplicate")
    if accepted + duplicates < len(outcomes):
        for index, row, outcome in zip(rows.indexes, rows.items, outcomes, strict=True):
            if outcome == "conflict":
                rejections.add(index, ItemError("prediction_id", other(row)))
    listed = rejections.in_order()
    cut = rejections.total if rejections.total > len(listed) else msgspec.UNSET
    return Answer(accepted, duplicates, listed, cut)


def _other_prediction(row: PredictionRow) -> str:
    return f"{row.prediction_id!r} was already logged with other content; the first is kept"


def _other_label(row: LabelRow) -> str:
    return (
        f"{row.prediction_id!r} already has another label or probability at this timestamp; the first is kept: "
        "send a correction with a later timestamp"
    )
