"""Cutting JSON text into its parts when it cannot be decoded as a whole.

A decoder gives up at the first flaw. To keep the good neighbours of a bad item, the text is cut at the commas that
separate items, by a scanner that knows strings and brackets and nothing else. It does not recurse, reads each byte
once, and holds one byte for each open bracket, so no nesting, however deep, can hurt it.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

# A string (possessive: no backtracking), a bracket, a comma, or the quote of a string that never ends.
_TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)*+"|[\[\]{},]|"', re.DOTALL)
_LINE = re.compile(rb"[ \t\r\n]*+([^\n]++)")
_BLANKS = re.compile(rb"[ \t\r\n]*+")
_KEY = re.compile(rb'\s*+("(?:[^"\\]++|\\.)*+")\s*+:\s*+', re.DOTALL)
_BLANK = b" \t\r\n"
_OPEN_LIST, _OPEN_OBJECT = ord("["), ord("{")
_CLOSES = {ord("]"): _OPEN_LIST, ord("}"): _OPEN_OBJECT}


class Piece(NamedTuple):
    """One part of a list or object: ``body[start:end]``, without the blanks around it.

    ``complete`` is False for the last part of a text that breaks off inside it.
    """

    start: int
    end: int
    complete: bool


class Member(NamedTuple):
    """One key of an object as JSON text, quotes and all, and its value as JSON text."""

    key: bytes
    value: bytes


class Splitter:
    """Cuts the list or object that opens at ``start``; iterate it once, then ask for ``end``."""

    def __init__(self, body: bytes, start: int) -> None:
        self._body = body
        self._start = start
        # Where reading stopped: after the closing bracket, or None when the text ends before it.
        self.end: int | None = None

    def __iter__(self) -> Iterator[Piece]:
        body, opener = self._body, self._body[self._start]
        open_brackets = _OpenBrackets()
        begin, anything = self._start + 1, False
        last = _last_solid(body)
        for token in _TOKEN.finditer(body, begin):
            byte = body[token.start()]
            if byte == 0x22:
                if token.end() - token.start() == 1:
                    break
            elif byte == 0x2C:
                if not open_brackets:
                    yield _trimmed(body, begin, token.start(), True)
                    begin, anything = token.end(), True
            elif byte in _CLOSES:
                if self._closes_all(byte, opener, open_brackets, token.start() == last):
                    piece = _trimmed(body, begin, token.start(), not open_brackets)
                    if anything or piece.start < piece.end:
                        yield piece
                    self.end = token.end()
                    return
                open_brackets.close(_CLOSES[byte])
            else:
                open_brackets.open(byte)
        piece = _trimmed(body, begin, len(body), False)
        if piece.start < piece.end:
            yield piece

    @staticmethod
    def _closes_all(byte: int, opener: int, open_brackets: "_OpenBrackets", is_last: bool) -> bool:
        """Whether a closing bracket ends the whole text.

        When an item forgot to close a bracket of its own, only the very last bracket of the text is taken for it:
        then the items before it are safe.
        """
        if _CLOSES[byte] != opener:
            return False
        return not open_brackets or (is_last and not open_brackets.has(opener))


class _OpenBrackets:
    """The brackets that are open, innermost last; closing one closes those inside it that were forgotten."""

    def __init__(self) -> None:
        self._stack = bytearray()
        self._counts = {_OPEN_LIST: 0, _OPEN_OBJECT: 0}

    def __bool__(self) -> bool:
        return bool(self._stack)

    def has(self, opener: int) -> bool:
        return self._counts[opener] > 0

    def open(self, opener: int) -> None:
        self._stack.append(opener)
        self._counts[opener] += 1

    def close(self, opener: int) -> None:
        if not self.has(opener):
            return
        while True:
            popped = self._stack.pop()
            self._counts[popped] -= 1
            if popped == opener:
                return


def members(text: bytes, at_most: int) -> list[Member] | None:
    """The keys and values of one JSON object, in order, each value unread; None when that cannot be told.

    Reading stops after ``at_most`` members and one more.
    """
    if not text.startswith(b"{"):
        return None
    splitter = Splitter(text, 0)
    found: list[Member] = []
    for piece in splitter:
        part = text[piece.start : piece.end]
        key = _KEY.match(part)
        if key is None or not piece.complete:
            return None
        found.append(Member(key[1], part[key.end() :]))
        if len(found) > at_most:
            return found
    return found if splitter.end == len(text) else None


def lines(body: bytes) -> Iterator[Piece]:
    """The lines of newline-delimited JSON that are not blank."""
    for line in _LINE.finditer(body):
        yield _trimmed(body, line.start(1), line.end(1), True)


def solid_from(body: bytes, start: int) -> int:
    """The position of the first byte at or after ``start`` that is not blank; the length of the body if none is."""
    blanks = _BLANKS.match(body, start)
    return start if blanks is None else blanks.end()


def _trimmed(body: bytes, start: int, end: int, complete: bool) -> Piece:
    start = min(solid_from(body, start), end)
    return Piece(start, start + len(body[start:end].rstrip(_BLANK)), complete)


def _last_solid(body: bytes) -> int:
    return len(body.rstrip(_BLANK)) - 1
