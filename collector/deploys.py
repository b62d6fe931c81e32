"""Deploy markers on the wire."""

from datetime import datetime

import msgspec

from collector.problems import RequestError
from collector.reasons import UNREADABLE
from collector.settings import Limits
from collector.values import text_value_fault, version_fault


class DeployMarker(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A version of a model that went live; ``at`` left out means now."""

    model: str
    version: str
    at: datetime | None = None
    note: str = ""


def read_marker(data: bytes, limits: Limits) -> DeployMarker:
    """The marker in a body, or RequestError naming the field that is wrong."""
    if not data.strip():
        raise RequestError(400, "the body is empty: send one JSON object with model and version")
    try:
        marker = msgspec.json.decode(data, type=DeployMarker)
    except msgspec.ValidationError as error:
        raise RequestError(422, str(error)) from None
    except UNREADABLE as error:
        raise RequestError(400, f"the body is not sound JSON: {error}") from None
    faults = {"version": version_fault(marker.version, limits), "note": text_value_fault(marker.note, limits)}
    if marker.at is not None and marker.at.tzinfo is None:
        faults["at"] = "has no time zone: append Z or an offset"
    for field, fault in faults.items():
        if fault is not None:
            raise RequestError(422, f"{field} {fault}", field=field)
    return marker
