"""Finding words for JSON that would not decode: which field, and what to write instead."""

import difflib
import json
import math
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import msgspec

from collector.problems import ItemError
from collector.splitting import members

UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)

_NOT_NUMBERS = frozenset({b"NaN", b"nan", b"Infinity", b"-Infinity", b"+Infinity", b"inf", b"-inf"})
_NUMBER = re.compile(rb"-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?")
_KINDS = {b"[": "a list", b"{": "an object", b'"': "text", b"true": "true", b"false": "false", b"null": "null"}
_NAME_SHOWN = 256
# An item whose first hundred keys are known ones repeats itself; it is not read further.
_KEYS_READ = 100


@dataclass(frozen=True)
class Entries:
    """An object whose keys are free: what its values must be, and how many there may be."""

    decoder: "msgspec.json.Decoder[object]"
    expected: str
    at_most: int


@dataclass(frozen=True)
class FieldRule:
    """One field of an item: how it is read alone, and in words what it must be.

    ``entries`` says more where the field is an object with free keys.
    """

    decoder: "msgspec.json.Decoder[object]"
    expected: str
    required: bool = False
    entries: Entries | None = None


def wrong_field(text: bytes, rules: Mapping[str, FieldRule]) -> ItemError:
    """Why the JSON ``text`` of one item is not an object of these fields."""
    if not text.startswith(b"{"):
        return ItemError(None, f"is {_kind(text)}: an item must be one JSON object")
    found = members(text, _KEYS_READ)
    if found is None:
        return ItemError(None, f"is not sound JSON: {_cause(text)}")
    names = []
    for member in found:
        name = _key_text(member.key)
        names.append(name)
        rule = rules.get(name)
        if rule is None:
            return ItemError(shown(name), _unknown(name, rules))
        error = _wrong_value(name, member.value, rule)
        if error is not None:
            return error
    for name, rule in rules.items():
        if rule.required and name not in names:
            return ItemError(name, f"is missing: it must be {rule.expected}")
    return ItemError(None, f"is not sound JSON: {_cause(text)}")


def wrong_entry(field: str, text: bytes, entries: Entries) -> ItemError:
    """Which entry of an object with free keys is wrong, as ``field.key``, and why."""
    found = members(text, entries.at_most)
    if found is None:
        return ItemError(field, f"is not sound JSON: {_cause(text)}")
    for member in found:
        name = f"{field}.{shown(_key_text(member.key))}"
        flaw = _text_flaw(member.key)
        if flaw is not None:
            return ItemError(name, f"has a name that {flaw}")
        try:
            entries.decoder.decode(member.value)
        except UNREADABLE:
            return ItemError(name, why_not(member.value, entries.expected))
    return ItemError(field, f"is not sound JSON: {_cause(text)}")


def why_not(value: bytes, expected: str) -> str:
    """Why one JSON value is not what was expected."""
    value = value.strip()
    if not value:
        return f"has no value: it must be {expected}"
    if value in _NOT_NUMBERS:
        return f"is {value.decode()}, which JSON does not know: send null for a missing value"
    if value.startswith(b'"'):
        flaw = _text_flaw(value)
        if flaw is not None:
            return flaw
    if _NUMBER.fullmatch(value) and math.isinf(float(value)):
        return "is a number beyond the range of double precision"
    return f"is {_kind(value)}: it must be {expected}"


def shown(text: str) -> str:
    """A name fit for an answer: valid text of bounded length."""
    text = text.encode("utf-8", "replace").decode()
    return text if len(text) <= _NAME_SHOWN else text[:_NAME_SHOWN] + "..."


def _wrong_value(name: str, value: bytes, rule: FieldRule) -> ItemError | None:
    try:
        rule.decoder.decode(value)
    except UNREADABLE:
        if rule.entries is not None and value.startswith(b"{"):
            return wrong_entry(name, value, rule.entries)
        return ItemError(name, why_not(value, rule.expected))
    return None


def _unknown(name: str, known: Collection[str]) -> str:
    close = difflib.get_close_matches(name[:_NAME_SHOWN], known, n=1)
    hint = f"did you mean {close[0]}?" if close else f"known are {', '.join(known)}"
    return f"is not a known key: {hint}"


def _key_text(key: bytes) -> str:
    """The text of a key given as JSON text; what cannot be read of it is replaced."""
    text = key.decode("utf-8", "replace")
    try:
        return str(json.loads(text, strict=False))
    except ValueError:
        return text.strip('"')


def _text_flaw(value: bytes) -> str | None:
    """What is wrong with JSON text in quotes, if anything."""
    try:
        text = json.loads(value.decode(), strict=False)
    except UnicodeDecodeError:
        return "is not valid UTF-8"
    except ValueError:
        return "is not sound JSON text"
    try:
        text.encode()
    except UnicodeEncodeError:
        return "holds half of a surrogate pair, which is no character"
    if any(byte < 0x20 for byte in value):
        return "holds a control character that is not escaped"
    return None


def _kind(value: bytes) -> str:
    named = _KINDS.get(value) or _KINDS.get(value[:1])
    if named is not None:
        return named
    return "a number" if _NUMBER.fullmatch(value) else "not sound JSON"


def _cause(text: bytes) -> str:
    try:
        msgspec.json.decode(text, type=msgspec.Raw)
    except RecursionError:
        return "it is nested too deeply"
    except UNREADABLE as error:
        return str(error).removeprefix("JSON is malformed: ")
    return "it cannot be read"
