"""The secret of this installation that the digests of API keys are made with."""

import os
import secrets
from contextlib import suppress
from pathlib import Path

from modelwatch.failures import CommandError
from modelwatch.settings import Settings

_FILE = "key-pepper"


def pepper(settings: Settings) -> bytes:
    """The pepper that is set; beside an embedded store, one that is made at first use and kept in a file there.

    Empty for any other store without one: several machines may share that, and must be told the same pepper.
    """
    if settings.pepper or settings.database_url is not None:
        return settings.pepper
    path = settings.data_dir / _FILE
    try:
        return _kept(path)
    except OSError as error:
        raise CommandError(f"the pepper of the API keys cannot be kept in {path}: {error.strerror}") from error


def _kept(path: Path) -> bytes:
    path.parent.mkdir(parents=True, exist_ok=True)
    # Written aside and linked into place: whoever comes second finds a whole pepper, never half of one.
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    if not path.exists():
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "w") as file:
                file.write(secrets.token_urlsafe(32))
            with suppress(FileExistsError):
                os.link(draft, path)
        finally:
            draft.unlink()
    return path.read_bytes().strip()
