"""What the collector can be told: its limits, and how it is served."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True)
class Limits:
    """What one request may hold. An answer to a request beyond a limit names the limit and its value.

    Sizes are bytes, lengths are characters, and ``ahead`` is how far a timestamp may lie in the future of the
    collector's clock, since clocks differ.
    """

    body_bytes: int = 10 * MEGABYTE
    inflated_bytes: int = 50 * MEGABYTE
    definition_bytes: int = MEGABYTE
    rows: int = 50_000
    features: int = 2_000
    score_classes: int = 1_000
    tags: int = 50
    name_length: int = 256
    id_length: int = 200
    version_length: int = 128
    string_length: int = 10_000
    versions: int = 1_000
    earliest: datetime = datetime(1970, 1, 1, tzinfo=UTC)
    ahead: timedelta = timedelta(days=1)
    rejected_shown: int = 1_000
    listed: int = 10_000


@dataclass(frozen=True, slots=True)
class Pressure:
    """How much work the collector takes on before it answers 503 and asks to be tried again later.

    ``queued_rows`` wait for the store at most, ``commit_rows`` share one transaction, and ``bytes_in_flight`` is
    what the bodies of all requests at work may take in memory.
    """

    queued_rows: int = 200_000
    commit_rows: int = 20_000
    bytes_in_flight: int = 256 * MEGABYTE
    connections: int = 1_000


@dataclass(frozen=True, slots=True)
class CollectorSettings:
    """How a collector is served.

    Keys are asked for on every address but a loopback one, and there too with ``require_keys``. ``pepper`` is the
    secret that the digests of keys were made with. ``port`` 0 takes any free port.
    """

    database_url: str
    host: str = "127.0.0.1"
    port: int = 8000
    require_keys: bool = False
    pepper: bytes = b""
    limits: Limits = field(default_factory=Limits)
    pressure: Pressure = field(default_factory=Pressure)
    shutdown_seconds: int = 20
