"""What is answered when a request, or one item of it, cannot be taken."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

# What is asked of a client that met a full queue or a store that is away; both pass quickly or not soon.
RETRY_SECONDS = 1


class RequestError(Exception):
    """A request that is refused as a whole: an HTTP status and a sentence that says what to do about it."""

    def __init__(
        self, status: int, sentence: str, *, headers: Mapping[str, str] | None = None, **details: str | int
    ) -> None:
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence
        self.headers = dict(headers or {})
        self.details = details

    def body(self) -> dict[str, Any]:
        """The JSON object of the answer."""
        return {"error": self.sentence, **self.details}


class OverLimitError(RequestError):
    """A request beyond a limit; the answer names the limit and its value."""

    def __init__(self, limit: str, value: int, sentence: str) -> None:
        super().__init__(413, sentence, limit=limit, value=value)


class BusyError(RequestError):
    """The collector has as much to do as it can hold, or cannot reach the store: try again."""

    def __init__(self, sentence: str) -> None:
        super().__init__(503, sentence, headers={"Retry-After": str(RETRY_SECONDS)})


class ItemError(Exception):
    """One item that cannot be stored: the field at fault (None: the item as a whole) and why."""

    def __init__(self, field: str | None, error: str) -> None:
        super().__init__(error)
        self._field = field
        self._error = error

    def reason(self) -> tuple[str | None, str]:
        """The field and the sentence."""
        return self._field, self._error


class UnreadError(ItemError):
    """One item that did not decode. Why is found out when somebody asks: it takes longer than decoding did."""

    def __init__(self, explain: Callable[[], ItemError]) -> None:
        super().__init__(None, "cannot be read")
        self._explain = explain

    def reason(self) -> tuple[str | None, str]:
        return self._explain().reason()


class Rejection(msgspec.Struct, frozen=True):
    """One item of a request that was not stored. ``index`` counts the items of the body from 0."""

    index: int
    field: str | None
    error: str


class Rejections:
    """The items of one request that were refused: the first ``shown`` of them in words, the rest as a number."""

    def __init__(self, shown: int) -> None:
        self._shown = shown
        self.total = 0
        self.listed: list[Rejection] = []

    def add(self, index: int, error: ItemError) -> None:
        """Refuse the item at ``index``."""
        self.total += 1
        if len(self.listed) < self._shown:
            field, sentence = error.reason()
            self.listed.append(Rejection(index, field, sentence))

    def in_order(self) -> list[Rejection]:
        """Those that are shown, by the place of their items."""
        return sorted(self.listed, key=lambda rejection: rejection.index)
