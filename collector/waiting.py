"""Asking the store from the event loop: on a thread, and a 503 when it does not answer."""

import asyncio
import logging
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from collector.problems import BusyError
from store.definitions import DefinitionError

logger = logging.getLogger(__name__)

Arguments = ParamSpec("Arguments")
Answer = TypeVar("Answer")

UNREACHABLE = "the store cannot be reached now: try again"


async def ask(question: Callable[Arguments, Answer], *arguments: Arguments.args, **named: Arguments.kwargs) -> Answer:
    """What ``question`` answers, or the DefinitionError it raises.

    BusyError when the store fails; the reason goes to the log, not to the client.
    """
    try:
        return await asyncio.to_thread(question, *arguments, **named)
    except DefinitionError:
        raise
    except Exception:
        logger.exception("the store did not answer")
        raise BusyError(UNREACHABLE) from None
