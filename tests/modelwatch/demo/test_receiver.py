"""The demo's receiver takes genuine messages, once, and nothing else."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from standardwebhooks.webhooks import Webhook

from modelwatch.demo.receiver import Receiver

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
BODY = json.dumps({"type": "alert.firing", "timestamp": "2026-01-01T00:00:00Z", "data": {"summary": "x"}})


def headers(body: str, secret: str = SECRET) -> dict[str, str]:
    now = datetime.now(UTC)
    return {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(secret).sign("msg_1", now, body),
    }


def test_a_genuine_message_is_shown_once_however_often_it_comes() -> None:
    shown: list[dict[str, Any]] = []
    with Receiver(SECRET, shown.append) as receiver:
        answers = [httpx.post(receiver.url, content=BODY, headers=headers(BODY)).status_code for _ in range(2)]
    assert answers == [204, 204]
    assert shown == [json.loads(BODY)]


@pytest.mark.parametrize("secret", ["whsec_" + base64.b64encode(bytes(32)).decode(), SECRET])
def test_a_message_that_is_not_genuine_is_refused(secret: str) -> None:
    shown: list[dict[str, Any]] = []
    with Receiver(SECRET, shown.append) as receiver:
        answer = httpx.post(receiver.url, content=BODY + " ", headers=headers(BODY, secret))
    assert answer.status_code == 401
    assert shown == []
