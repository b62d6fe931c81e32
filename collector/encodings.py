"""Undoing the compression of a body without ever holding more of it than the limit."""

import zlib
from typing import Protocol

import zstandard

from collector.problems import OverLimitError, RequestError

ENCODINGS = ("gzip", "zstd", "identity")

# A gzip or zstd body may be several streams on end; more than this is not how anybody sends events.
_MOST_STREAMS = 100
# zstd cannot be told where to stop, but a block of it, at least 4 bytes, holds at most 128 kB: so a slice of this
# many bytes gives at most 8 MB at once.
_ZSTD_SLICE = 256


class _Inflater(Protocol):
    """One compressed stream, read a little at a time."""

    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def inflate(self, data: bytes, room: int) -> bytes:
        """What ``data`` holds; at least one byte more than ``room`` if it holds more than that."""
        ...


def inflate(body: bytes, encoding: str, limit: int) -> bytes:
    """The body as it was before it was compressed, at most ``limit`` bytes.

    Raises OverLimitError beyond that, and RequestError 400 when the stream is damaged or breaks off.
    """
    if encoding == "identity":
        return body
    parts: list[bytes] = []
    size = streams = 0
    rest = body
    while rest:
        streams += 1
        if streams > _MOST_STREAMS:
            raise RequestError(400, f"the {encoding} body is made of more than {_MOST_STREAMS:,} streams: send one")
        stream: _Inflater = _Gzip() if encoding == "gzip" else _Zstd(limit)
        try:
            if encoding == "zstd" and zstandard.frame_content_size(rest) > limit - size:
                raise _too_large(limit)
            part = stream.inflate(rest, limit - size)
        except (zlib.error, zstandard.ZstdError) as error:
            raise RequestError(400, f"the body is not sound {encoding}: {error}") from None
        size += len(part)
        if size > limit:
            raise _too_large(limit)
        if not stream.eof:
            raise RequestError(400, f"the {encoding} body breaks off before its end: nothing of it was stored")
        parts.append(part)
        rest = stream.unused_data
    return b"".join(parts)


def _too_large(limit: int) -> OverLimitError:
    return OverLimitError(
        "inflated_bytes", limit, f"the body inflates to more than {limit:,} bytes: send smaller batches"
    )


class _Gzip:
    def __init__(self) -> None:
        self._stream = zlib.decompressobj(wbits=31)

    @property
    def eof(self) -> bool:
        return self._stream.eof

    @property
    def unused_data(self) -> bytes:
        return self._stream.unused_data

    def inflate(self, data: bytes, room: int) -> bytes:
        return self._stream.decompress(data, room + 1)


class _Zstd:
    def __init__(self, limit: int) -> None:
        window = 1 << max(limit - 1, 1024).bit_length()
        self._stream = zstandard.ZstdDecompressor(max_window_size=window).decompressobj()
        self._after = b""

    @property
    def eof(self) -> bool:
        return self._stream.eof

    @property
    def unused_data(self) -> bytes:
        return self._after

    def inflate(self, data: bytes, room: int) -> bytes:
        parts: list[bytes] = []
        size = 0
        for start in range(0, len(data), _ZSTD_SLICE):
            part = self._stream.decompress(data[start : start + _ZSTD_SLICE])
            parts.append(part)
            size += len(part)
            if size > room:
                break
            if self._stream.eof:
                self._after = self._stream.unused_data + data[start + _ZSTD_SLICE :]
                break
        return b"".join(parts)
