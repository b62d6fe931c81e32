"""The addresses of the pages: what an alert links to, and what the browser's address line carries."""

from urllib.parse import urlencode

# The names of the model page's parameters; its widgets are bound to them.
MODEL = "model"
MONITOR = "monitor"
SEGMENT = "segment"
FIELD = "field"
MEASURE = "measure"
METRIC = "metric"
RANGE = "range"
UNTIL = "until"
RANGES = ("7d", "30d", "90d", "all")
DEFAULT_RANGE = "30d"


def model_address(
    model: str, *, monitor: str | None = None, segment: str | None = None, field: str | None = None, base: str = ""
) -> str:
    """The address of the page of ``model``, opened at a monitor, segment and field where given.

    ``base`` is the dashboard's own address, like ``https://monitoring.example.org``; without it the address is
    relative to the dashboard.
    """
    chosen = {MODEL: model, MONITOR: monitor, SEGMENT: segment, FIELD: field}
    query = urlencode({name: value for name, value in chosen.items() if value})
    return f"{base.rstrip('/')}/model?{query}"
