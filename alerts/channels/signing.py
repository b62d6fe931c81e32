"""Signatures of Standard Webhooks 1.0.0 (https://www.standardwebhooks.com), symmetric form ``v1``."""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

_PREFIX = "whsec_"
_SHORTEST, _LONGEST = 24, 64
# The id stands in the signed text before a dot, so it must not hold one; and it is a header.
_MESSAGE_ID = re.compile(r"[A-Za-z0-9_-]{1,100}")


class SecretError(ValueError):
    """A signing secret that cannot be used; the message says why and never shows the secret."""


@dataclass(frozen=True, slots=True)
class Secret:
    """The key behind a ``whsec_...`` secret."""

    key: bytes = field(repr=False)


def parse_secrets(text: str) -> tuple[Secret, ...]:
    """The secrets in ``text``, separated by white space: one, or several while one takes the other's place.

    Each is ``whsec_`` and the base64 of 24 to 64 bytes. Raises SecretError for anything else, and for none.
    """
    secrets = tuple(_parse(word) for word in text.split())
    if not secrets:
        raise SecretError(f"The signing secret is empty: write {_PREFIX} and the base64 of 24 to 64 random bytes.")
    return secrets


def signed_headers(secrets: Sequence[Secret], message_id: str, now: datetime, body: bytes) -> dict[str, str]:
    """The three headers of a signed message; without secrets the two that are not the signature.

    The receiver finds one signature for each secret and may accept any, so secrets can be changed without a gap.
    Raises ValueError for a message id that is not 1 to 100 letters, digits, ``-`` and ``_``.
    """
    if not _MESSAGE_ID.fullmatch(message_id):
        raise ValueError(f"message id {message_id!r}: use 1 to 100 letters, digits, - and _")
    timestamp = str(int(now.timestamp()))
    headers = {"webhook-id": message_id, "webhook-timestamp": timestamp}
    if secrets:
        signed = b".".join((message_id.encode(), timestamp.encode(), body))
        headers["webhook-signature"] = " ".join(_signature(secret, signed) for secret in secrets)
    return headers


def _parse(word: str) -> Secret:
    if not word.startswith(_PREFIX):
        raise SecretError(f"A signing secret must begin with {_PREFIX}.")
    encoded = word.removeprefix(_PREFIX)
    try:
        key = base64.b64decode(encoded.rstrip("=") + "=" * (-len(encoded.rstrip("=")) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise SecretError(f"A signing secret is not base64 after {_PREFIX}.") from error
    if not _SHORTEST <= len(key) <= _LONGEST:
        raise SecretError(f"A signing secret has {len(key)} bytes: it must have {_SHORTEST} to {_LONGEST}.")
    return Secret(key)


def _signature(secret: Secret, signed: bytes) -> str:
    return "v1," + base64.b64encode(hmac.new(secret.key, signed, hashlib.sha256).digest()).decode()
