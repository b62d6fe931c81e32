"""The page for receivers says what the code does: its example is the code's own, its programs verify real messages."""

import base64
import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from jsonschema import ValidationError  # type: ignore[import-untyped]

from alerts.body import Body
from alerts.channels.signing import parse_secrets, signed_headers
from alerts.lifecycle import step
from alerts.messages import Changed, Context, messages_for
from alerts.retry import DELAYS
from store.records import Result
from tests.alerts.examples import BASELINE, CAUSE, DEPLOYS, DRIFT, MODEL, MONITOR, NOW, SUSPECTS, result
from tests.alerts.webhook_schema import DOCS, schema, strict_validator

PAGE = (DOCS / "webhook.md").read_text(encoding="utf-8")
SECRETS = tuple("whsec_" + base64.b64encode(letter * 32).decode() for letter in (b"a", b"b"))
Verified = Callable[[str, Mapping[str, str], bytes], Any]


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def example_body() -> str:
    results = [
        result(reason="mean 51,200 -> 512", id=4711),
        result(field="age", value=0.17, status="warning", id=4712),
        result(field="score", value=0.14, status="warning", segment="region=north", id=4715),
    ]
    context = Context(
        MODEL,
        MONITOR,
        BASELINE,
        DEPLOYS,
        "https://modelwatch.example.org/?model=credit",
        n_firing=len(results),
        suspects=SUSPECTS,
        cause=CAUSE,
    )
    (message,) = messages_for([_fired(each) for each in results], context, NOW)
    return message.body


def _fired(of: Result) -> Changed:
    alert, change = step(None, of, DRIFT, model_id=1, monitor_id=3)
    assert alert is not None
    assert change is not None
    return Changed(alert, change, of)


def test_the_example_is_what_the_code_sends_and_what_the_schema_says() -> None:
    (example,) = blocks("json")
    assert example == json.dumps(json.loads(example_body()), indent=2, ensure_ascii=False) + "\n"
    strict_validator().validate(json.loads(example))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("type",), "alert.exploded"),
        (("timestamp",), "2026-05-04 00:05"),
        (("data", "summary"), ""),
        (("data", "window", "end"), "2026-05-04T00:00:00+00:00"),
        (("data", "alerts", 0, "status"), "insufficient"),
        (("data", "alerts", 0, "n_current"), -1),
        (("data", "undocumented"), 1),
    ],
)
def test_the_schema_refuses_what_is_not_so(path: tuple[str | int, ...], value: Any) -> None:
    body = json.loads(example_body())
    holder = body
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = value
    with pytest.raises(ValidationError):
        strict_validator().validate(body)


def test_the_schema_requires_every_key_that_is_always_sent() -> None:
    document = schema()
    data = document["properties"]["data"]
    assert sorted(document["required"]) == sorted(Body.__struct_fields__)
    for described in (
        document,
        data,
        data["properties"]["window"],
        document["$defs"]["alert"],
        document["$defs"]["suspect"],
    ):
        assert sorted(described["required"]) == sorted(described["properties"])


@pytest.fixture(params=[0, 1], ids=["standardwebhooks", "plain"])
def verified(request: pytest.FixtureRequest) -> Verified:
    """One of the page's two programs."""
    scope: dict[str, Any] = {}
    exec(compile(blocks("python")[request.param], "webhook.md", "exec"), scope)
    program: Verified = scope["verified"]
    return program


def test_the_programs_of_the_page_verify_a_message(verified: Verified) -> None:
    body = example_body().encode()
    headers = signed_headers(parse_secrets(" ".join(SECRETS)), "msg_1", datetime.now(UTC), body)
    for secret in SECRETS:
        assert verified(secret, headers, body) == json.loads(body)


@pytest.mark.parametrize("flaw", ["body", "id", "secret", "old"])
def test_the_programs_of_the_page_refuse_a_forged_or_an_old_message(verified: Verified, flaw: str) -> None:
    body = example_body().encode()
    sent = datetime.now(UTC) - timedelta(minutes=10 if flaw == "old" else 0)
    headers = signed_headers(parse_secrets(SECRETS[0]), "msg_1", sent, body)
    if flaw == "id":
        headers["webhook-id"] = "msg_2"
    with pytest.raises(Exception, match=r"(?i)signature|old"):
        verified(SECRETS[1] if flaw == "secret" else SECRETS[0], headers, body + b" " * (flaw == "body"))


def test_the_delays_of_the_page_are_those_of_the_code() -> None:
    units = {"s": 1, "min": 60, "h": 3600}
    (row,) = re.findall(r"waits of (.*?)\.", PAGE, re.DOTALL)
    waits = [int(number) * units[unit] for number, unit in re.findall(r"(\d+) (s|min|h)\b", row)]
    assert waits == [delay.total_seconds() for delay in DELAYS[1:]]
