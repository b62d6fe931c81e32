"""How a command fails: one sentence on standard error and an exit status, no traceback unless it is asked for."""

USAGE = 2
# 128 + SIGINT, as shells say it.
INTERRUPTED = 130
_NOT_OURS = "modelwatch failed unexpectedly ({}): run it again with --debug to see where"


class CommandError(Exception):
    """A command that cannot do what was asked; the message says why and what to do."""


def sentence(error: BaseException) -> str:
    """What to tell the user about an exception that ended a command."""
    told = (str(error).strip().splitlines() or [""])[0]
    if _is_told_to_users(error) and told:
        return told
    return _NOT_OURS.format(f"{type(error).__name__}: {told}" if told else type(error).__name__)


def _is_told_to_users(error: BaseException) -> bool:
    """Whether the message was written for users: exceptions of this project are, those of others hardly ever."""
    if isinstance(error, CommandError):
        return True
    room = type(error).__module__.partition(".")[0]
    return room in ("alerts", "collector", "dashboard", "detectors", "modelwatch", "store")
