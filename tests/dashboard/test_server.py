import json
import sys

import pytest

from dashboard import links, server


def options(command: list[str]) -> dict[str, str]:
    return dict(part.removeprefix("--").split("=", 1) for part in command if part.startswith("--"))


def test_the_command_asks_nothing_and_sends_nothing() -> None:
    command = server.command(8501)
    given = options(command)
    assert command[:4] == [sys.executable, "-m", "streamlit", "run"]
    assert given["browser.gatherUsageStats"] == "false"
    assert given["server.headless"] == "true"
    assert given["server.showEmailPrompt"] == "false"
    assert given["server.fileWatcherType"] == "none"
    assert given["server.address"] == "127.0.0.1"
    assert given["server.port"] == "8501"


def test_both_themes_are_given() -> None:
    given = options(server.command(8501))
    for theme in ("light", "dark"):
        assert {f"theme.{theme}.backgroundColor", f"theme.{theme}.textColor"} <= set(given)


@pytest.mark.parametrize("port", [0, -1, 65536])
def test_a_port_that_is_none_is_refused(port: int) -> None:
    with pytest.raises(ValueError, match=f"port {port} is not between"):
        server.command(port)


def test_the_stores_address_is_not_on_the_command_line_where_others_can_read_it() -> None:
    secret = "postgresql://user:secret@host/db"
    assert server.environment(secret, {"PATH": "/bin"}) == {"PATH": "/bin", "MODELWATCH_DATABASE_URL": secret}
    assert json.loads(server.environment(secret, {}, ("modelwatch", "x"))["MODELWATCH_PROGRAM"]) == ["modelwatch", "x"]
    assert not any("secret" in part for part in server.command(8501))


def test_the_address_of_a_model_carries_names_of_any_kind() -> None:
    address = links.model_address("credit", monitor="drift", segment="region=north & south", base="https://host/")
    assert address == "https://host/model?model=credit&monitor=drift&segment=region%3Dnorth+%26+south"
    assert links.model_address("credit") == "/model?model=credit"


def test_streamlit_finds_no_pages_by_itself() -> None:
    """Files in a folder ``pages`` are run without the navigation when a link is the first thing that is opened."""
    assert not server.APP.with_name("pages").exists()
