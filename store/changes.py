"""What applying a model file would change, in words that a person can check before saying yes."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from msgspec import Struct
from msgspec.structs import asdict

from store.definitions import ChannelSpec, ModelDefinition, MonitorSpec, named_channels, named_monitors

_SPEAK_FOR_THEMSELVES = frozenset({"model", "fields", "monitors", "channels"})


def new_model(definition: ModelDefinition) -> tuple[str, ...]:
    """One line for the model, one for each field, monitor and channel it begins with."""
    return (
        f"model {definition.model}: new, {definition.task}",
        *(f"field {name}: new, {spec.kind}" for name, spec in definition.fields.items()),
        *(_added("monitor", spec) for spec in named_monitors(definition)),
        *(_added("channel", spec) for spec in named_channels(definition)),
    )


def model_changes(old: ModelDefinition, new: ModelDefinition) -> tuple[str, ...]:
    """One line a key of the file that differs, leaving out monitors and channels."""
    lines = []
    for key, before in asdict(old).items():
        after = getattr(new, key)
        if before != after and key not in _SPEAK_FOR_THEMSELVES:
            change = _differences(before, after) if isinstance(after, Struct) else _step(key, before, after)
            lines.append(f"{key}: {change}")
    return (*lines, *_field_changes(old, new))


def monitor_changes(old: Mapping[str, MonitorSpec], new: Mapping[str, MonitorSpec]) -> tuple[str, ...]:
    """One line a monitor that is added, removed or changed; both by name."""
    return _named_changes("monitor", old, new)


def channel_changes(
    old: Mapping[str, ChannelSpec], new: Mapping[str, ChannelSpec], disabled: Mapping[str, str]
) -> tuple[str, ...]:
    """One line a channel that is added, removed or changed; and one for each of the ``disabled`` that is used again."""
    again = (f"channel {name}: enabled again (it was off: {disabled[name]})" for name in new if name in disabled)
    return (*_named_changes("channel", old, new), *again)


def _field_changes(old: ModelDefinition, new: ModelDefinition) -> list[str]:
    lines = []
    for name in dict.fromkeys([*old.fields, *new.fields]):
        before, after = old.fields.get(name), new.fields.get(name)
        if after is None:
            lines.append(f"field {name}: no longer declared")
        elif before is None:
            lines.append(f"field {name}: declared {after.kind}")
        elif before != after:
            lines.append(f"field {name}: {_differences(before, after)}")
    return lines


def _named_changes(what: str, old: Mapping[str, Struct], new: Mapping[str, Struct]) -> tuple[str, ...]:
    lines = []
    for name in dict.fromkeys([*old, *new]):
        before, after = old.get(name), new.get(name)
        if after is None:
            lines.append(f"{what} {name}: removed")
        elif before is None:
            lines.append(_added(what, after))
        elif before != after:
            lines.append(f"{what} {name}: {_differences(before, after)}")
    return tuple(lines)


def _added(what: str, spec: Struct) -> str:
    settings = asdict(spec)
    detail = f"window {settings['window']}" if "window" in settings else _shown("url", settings["url"])
    return f"{what} {settings['name']}: new, {settings['kind']}, {detail}"


def _differences(old: Any, new: Any) -> str:
    before, after = asdict(old), asdict(new)
    return ", ".join(f"{key} {_step(key, before[key], after[key])}" for key in after if before[key] != after[key])


def _step(key: str, before: object, after: object) -> str:
    old, new = _shown(key, before), _shown(key, after)
    return f"changed, still at {new}" if old == new else f"{old} -> {new}"


def _shown(key: str, value: object) -> str:
    if value is None or value == "" or value == ():
        return "none"
    if isinstance(value, Struct):
        return _shown(key, asdict(value))
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return "[" + ", ".join(_shown(key, part) for part in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {_shown(key, part)}" for name, part in value.items()) + "}"
    if key == "url":
        return _without_path(str(value))
    return str(value)


def _without_path(url: str) -> str:
    # The path of a webhook's address is often its password.
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}{f':{parts.port}' if parts.port else ''}/..."
