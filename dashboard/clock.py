"""What time it is for the pages: now, or the moment at which a replayed history is to be looked at."""

import os
from datetime import UTC, datetime

VARIABLE = "MODELWATCH_NOW"


def now() -> datetime:
    """The present instant, or the one in the environment variable MODELWATCH_NOW (ISO 8601 with a zone).

    Raises ValueError, naming the variable, when that one cannot be read.
    """
    text = os.environ.get(VARIABLE)
    if not text:
        return datetime.now(UTC)
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise _refusal(text) from None
    if instant.tzinfo is None:
        raise _refusal(text)
    return instant.astimezone(UTC)


def _refusal(text: str) -> ValueError:
    return ValueError(f"{VARIABLE}={text!r} is not an instant: write it like 2026-05-31T09:00:00Z")
