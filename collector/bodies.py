"""Reading the body of a request: what it may be, how large, and undoing its compression."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, TypeVar

from litestar import Request
from litestar.datastructures import Headers

from collector.encodings import ENCODINGS, inflate
from collector.items import Layout
from collector.problems import BusyError, OverLimitError, RequestError

JSON_TYPE = "application/json"
LINE_TYPES = ("application/x-ndjson", "application/jsonl", "application/x-jsonlines", "application/jsonlines")
EVENT_TYPES = (JSON_TYPE, *LINE_TYPES)

_UTF8 = ("utf-8", "utf8", "us-ascii")
# Such a body is decoded in some ten milliseconds. A thread would only fight with the loop for the interpreter lock, so
# it is worth its cost for larger ones alone, which would keep everybody else waiting.
_DECODED_AT_ONCE = 1_000_000

Decoded = TypeVar("Decoded")


@dataclass(frozen=True, slots=True)
class Body:
    """A body as it was sent, and how its headers say it is to be read."""

    data: bytes
    layout: Layout
    encoding: str


class BytesInFlight:
    """How many bytes the bodies of all requests at work take, and the limit beyond which none may join them."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.size = 0


class Share:
    """What one request has taken of the bytes in flight; given back when the block ends."""

    def __init__(self, in_flight: BytesInFlight) -> None:
        self._in_flight = in_flight
        self._taken = 0

    def __enter__(self) -> "Share":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._in_flight.size -= self._taken

    def take(self, size: int) -> None:
        """Make room for ``size`` more bytes, or raise BusyError. A request that is alone is never refused."""
        others = self._in_flight.size - self._taken
        if others and self._in_flight.size + size > self._in_flight.limit:
            raise BusyError("the collector is at work on too many large requests: try again")
        self._in_flight.size += size
        self._taken += size


async def read_body(request: Request[Any, Any, Any], accepted: Sequence[str], limit: int, share: Share) -> Body:
    """Receive the body of a request, at most ``limit`` bytes of it.

    Raises RequestError 415 for a type or encoding that is not taken, OverLimitError for too many bytes.
    """
    headers = request.headers
    layout, encoding = _layout(headers, accepted), _encoding(headers)
    announced = headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > limit:
        raise _too_large(limit)
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            raise _too_large(limit)
        share.take(len(chunk))
        chunks.append(chunk)
    return Body(chunks[0] if len(chunks) == 1 else b"".join(chunks), layout, encoding)


async def decode_body(body: Body, limit: int, share: Share, decode: Callable[[bytes], Decoded]) -> Decoded:
    """``decode`` of the body once it is inflated to at most ``limit`` bytes, off the event loop if it is large."""
    data = body.data
    if body.encoding != "identity":
        data = await asyncio.to_thread(inflate, data, body.encoding, limit)
        share.take(len(data))
    if len(data) <= _DECODED_AT_ONCE:
        return decode(data)
    return await asyncio.to_thread(decode, data)


def _layout(headers: Headers, accepted: Sequence[str]) -> Layout:
    given = headers.get("content-type", "")
    kind, _, parameters = given.lower().partition(";")
    kind = kind.strip()
    if kind not in accepted or not _is_utf8(parameters):
        sent = repr(given[:100]) if given else "missing"
        raise RequestError(
            415, f"the content-type is {sent}: send {' or '.join(accepted)}, in UTF-8", accepted=", ".join(accepted)
        )
    return "lines" if kind in LINE_TYPES else "json"


def _is_utf8(parameters: str) -> bool:
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip() == "charset" and value.strip().strip('"') not in _UTF8:
            return False
    return True


def _encoding(headers: Headers) -> str:
    encoding = headers.get("content-encoding", "").strip().lower() or "identity"
    if encoding not in ENCODINGS:
        raise RequestError(
            415,
            f"the content-encoding is {encoding[:100]!r}: send {' or '.join(ENCODINGS)}",
            accepted=", ".join(ENCODINGS),
        )
    return encoding


def _too_large(limit: int) -> OverLimitError:
    return OverLimitError("body_bytes", limit, f"the body is larger than {limit:,} bytes: send smaller batches")
