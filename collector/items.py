"""A body cut into its items: each decoded if it can be, each flawed one named by its place.

The whole body is decoded at one go. Only when that fails is it cut up and every item decoded alone, so that a bad
event costs its neighbours time but never their place in the log.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

import msgspec

from collector.problems import ItemError, OverLimitError, Rejections, RequestError, UnreadError
from collector.reasons import UNREADABLE
from collector.settings import Limits
from collector.splitting import Piece, Splitter, lines, solid_from

Item = TypeVar("Item")
Checked = TypeVar("Checked")
Layout = Literal["json", "lines"]

_BOM = b"\xef\xbb\xbf"
_OBJECTS_ON_LINES = re.compile(rb"[ \t\r\n]*+\{[^\n]*+\n[ \t\r\n]*+\{")
# An event holds at most four objects: itself, features, tags, and scores by class.
_OBJECTS_AN_EVENT = 4


@dataclass(frozen=True)
class ItemKind(Generic[Item]):
    """One kind of item that bodies hold: its decoders, and how to say what is wrong with one that does not decode."""

    many: "msgspec.json.Decoder[list[Item]]"
    one: "msgspec.json.Decoder[Item]"
    diagnose: Callable[[bytes], ItemError]


@dataclass(frozen=True, slots=True)
class Items(Generic[Item]):
    """The items of a body that decoded; ``indexes`` are their places among all items of the body."""

    items: list[Item]
    indexes: "range | list[int]"

    def checked(self, check: Callable[[Item], Checked], rejections: Rejections) -> "Items[Checked]":
        """What ``check`` makes of each item; an item for which it raises ItemError is rejected."""
        made: list[Checked] = []
        refused: set[int] = set()
        for index, item in zip(self.indexes, self.items, strict=True):
            try:
                made.append(check(item))
            except ItemError as error:
                rejections.add(index, error)
                refused.add(index)
        indexes = [index for index in self.indexes if index not in refused] if refused else self.indexes
        return Items(made, indexes)


def read_items(
    body: bytes, layout: Layout, kind: ItemKind[Item], limits: Limits, rejections: Rejections
) -> Items[Item]:
    """Decode a body of one object, a list of objects, or an object a line; what does not decode is rejected.

    Raises RequestError when the body is empty or nothing of the kind, OverLimitError when it holds too many items.
    """
    body = body.removeprefix(_BOM)
    start = solid_from(body, 0)
    if start == len(body):
        raise RequestError(400, "the body is empty: send one JSON object, a JSON array, or one JSON object a line")
    shape = _shape(body, start, layout)
    found = _read_at_once(body, shape, kind, limits)
    if found is None:
        found = _read_one_by_one(body, shape, start, kind, limits, rejections)
    return found


def _shape(body: bytes, start: int, layout: Layout) -> Literal["list", "lines", "object"]:
    if layout == "lines":
        return "lines"
    opener = body[start : start + 1]
    if opener == b"[":
        return "list"
    if opener != b"{":
        raise RequestError(400, "the body is neither a JSON object nor a JSON array of objects")
    return "lines" if _OBJECTS_ON_LINES.match(body) else "object"


def _read_at_once(body: bytes, shape: str, kind: ItemKind[Item], limits: Limits) -> Items[Item] | None:
    if body.count(b"{") > _OBJECTS_AN_EVENT * limits.rows:
        return None
    try:
        if shape == "list":
            items = kind.many.decode(body)
        elif shape == "lines":
            items = kind.one.decode_lines(body)
        else:
            items = [kind.one.decode(body)]
    except UNREADABLE:
        return None
    if len(items) > limits.rows:
        raise _too_many(limits)
    return Items(items, range(len(items)))


def _read_one_by_one(
    body: bytes, shape: str, start: int, kind: ItemKind[Item], limits: Limits, rejections: Rejections
) -> Items[Item]:
    items: list[Item] = []
    indexes: list[int] = []
    for index, piece in enumerate(_pieces(body, shape, start, rejections)):
        if index >= limits.rows:
            raise _too_many(limits)
        text = body[piece.start : piece.end]
        try:
            items.append(kind.one.decode(text))
            indexes.append(index)
            if not piece.complete:
                rejections.add(index + 1, _broken_off(piece.end))
        except UNREADABLE:
            rejections.add(index, _unread(kind, text) if piece.complete else _broken_off(piece.start))
    return Items(items, indexes)


def _pieces(body: bytes, shape: str, start: int, rejections: Rejections) -> Iterator[Piece]:
    if shape == "lines":
        yield from lines(body)
    elif shape == "object":
        yield Piece(start, len(body), True)
    else:
        yield from _pieces_of_list(body, start, rejections)


def _pieces_of_list(body: bytes, start: int, rejections: Rejections) -> Iterator[Piece]:
    splitter, count, complete, end = Splitter(body, start), 0, True, start + 1
    for piece in splitter:
        yield piece
        count, complete, end = count + 1, piece.complete, piece.end
    if splitter.end is None:
        if complete:
            rejections.add(count, _broken_off(end))
        return
    rest = solid_from(body, splitter.end)
    if rest < len(body):
        error = ItemError(None, f"there is more after the end of the array: not read from byte {rest} on")
        rejections.add(count, error)


def _unread(kind: ItemKind[Item], text: bytes) -> ItemError:
    return UnreadError(lambda: kind.diagnose(text))


def _broken_off(position: int) -> ItemError:
    return ItemError(
        None, f"the JSON breaks off here or is damaged: the body could not be read from byte {position} on"
    )


def _too_many(limits: Limits) -> OverLimitError:
    return OverLimitError("rows", limits.rows, f"the body holds more than {limits.rows:,} items: send smaller batches")
