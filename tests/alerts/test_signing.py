"""Signatures, checked by the reference implementation of Standard Webhooks."""

import base64
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from alerts.channels.signing import SecretError, parse_secrets, signed_headers
from tests.alerts.examples import NOW

keys = st.binary(min_size=24, max_size=64)


def secret(key: bytes) -> str:
    return "whsec_" + base64.b64encode(key).decode()


@given(
    keys,
    st.from_regex(r"[A-Za-z0-9_-]{1,100}", fullmatch=True),
    st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),
    st.text(),
)
def test_signatures_are_those_of_the_reference_implementation(
    key: bytes, message_id: str, now: datetime, body: str
) -> None:
    headers = signed_headers(parse_secrets(secret(key)), message_id, now, body.encode())
    assert headers["webhook-id"] == message_id
    assert headers["webhook-timestamp"] == str(int(now.timestamp()))
    assert headers["webhook-signature"] == Webhook(secret(key)).sign(message_id, now, body)


@given(st.lists(keys, min_size=2, max_size=3, unique=True))
def test_while_secrets_change_each_of_them_verifies(several: list[bytes]) -> None:
    text = " \n".join(secret(key) for key in several)
    headers = signed_headers(parse_secrets(text), "msg_1", datetime.now(UTC), b'{"type": "test"}')
    assert len(headers["webhook-signature"].split(" ")) == len(several)
    for key in several:
        assert Webhook(secret(key)).verify(b'{"type": "test"}', headers) == {"type": "test"}


def test_padding_may_be_left_out() -> None:
    assert parse_secrets(secret(b"k" * 25).rstrip("=")) == parse_secrets(secret(b"k" * 25))


def test_without_a_secret_there_is_no_signature() -> None:
    assert sorted(signed_headers((), "msg_1", NOW, b"{}")) == ["webhook-id", "webhook-timestamp"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "is empty"),
        (" \n", "is empty"),
        ("hunter2hunter2hunter2hunter2hunter2", "must begin with whsec_"),
        ("whsec_", "has 0 bytes"),
        (secret(b"k" * 23), "has 23 bytes"),
        (secret(b"k" * 65), "has 65 bytes"),
        ("whsec_hunter2 hunter2", "hunter2 hunter2"),
        ("whsec_" + "%" * 40, "is not base64"),
        ("whsec_" + "é" * 40, "is not base64"),
        (secret(b"k" * 24) + " whsec_short", "a"),
    ],
)
def test_a_secret_that_cannot_be_used_is_refused_without_being_shown(text: str, why: str) -> None:
    with pytest.raises(SecretError) as refused:
        parse_secrets(text)
    if "hunter2" not in why:
        assert why in str(refused.value)
    assert "hunter2" not in str(refused.value)


def test_a_key_does_not_show_in_a_printed_secret() -> None:
    assert "kkk" not in repr(parse_secrets(secret(b"k" * 24)))


@pytest.mark.parametrize("message_id", ["", "msg.1", "msg 1", "msg\r\n1", "m" * 101, "é"])
def test_an_id_that_could_be_confused_with_the_rest_is_refused(message_id: str) -> None:
    with pytest.raises(ValueError, match="message id"):
        signed_headers((), message_id, NOW, b"{}")
