"""Settings come from flags, the environment and a file, in this order, and say what is wrong with them."""

from pathlib import Path

import pytest

from collector.settings import CollectorSettings, Limits
from modelwatch.settings import SettingsError, load_settings


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("DATABASE_URL", "DATA_DIR"):
        monkeypatch.delenv(f"MODELWATCH_{name}", raising=False)


def write(text: str) -> None:
    Path("modelwatch.toml").write_text(text)


def test_nothing_need_be_set() -> None:
    settings = load_settings()
    assert settings.store_url == "sqlite:///modelwatch-data/modelwatch.db"
    assert settings.dashboard_url == "http://127.0.0.1:8501"
    assert settings.collector() == CollectorSettings(database_url=settings.store_url)


def test_a_flag_goes_before_the_environment_and_that_before_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    write("collector_port = 1\ndashboard_port = 1\ntick_seconds = 5\n")
    monkeypatch.setenv("MODELWATCH_COLLECTOR_PORT", "2")
    monkeypatch.setenv("MODELWATCH_DASHBOARD_PORT", "2")
    settings = load_settings({"dashboard_port": 3, "collector_host": None})
    assert (settings.tick_seconds, settings.collector_port, settings.dashboard_port) == (5, 2, 3)
    assert settings.collector_host == "127.0.0.1"


def test_the_data_folder_holds_the_store_unless_its_address_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODELWATCH_DATA_DIR", "/data/here")
    assert load_settings().store_url == "sqlite:////data/here/modelwatch.db"
    monkeypatch.setenv("MODELWATCH_DATABASE_URL", "postgresql://a@b/c")
    assert load_settings().store_url == "postgresql://a@b/c"
    monkeypatch.setenv("MODELWATCH_DATABASE_URL", "")
    assert load_settings().store_url == "sqlite:////data/here/modelwatch.db"


def test_limits_of_the_collector(monkeypatch: pytest.MonkeyPatch) -> None:
    write("[limits]\nrows = 7\n[pressure]\nqueued_rows = 9\n")
    monkeypatch.setenv("MODELWATCH_LIMITS__TAGS", "3")
    collector = load_settings().collector()
    assert (collector.limits.rows, collector.limits.tags, collector.limits.features) == (7, 3, Limits().features)
    assert collector.pressure.queued_rows == 9


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("colector_port = 1", "modelwatch.toml: there is no setting colector_port: did you mean collector_port?"),
        ("[limits]\nrow = 1", "modelwatch.toml: there is no setting limits.row: did you mean limits.rows?"),
        ("limits = 3", "limits in modelwatch.toml: "),
        ("collector_port = 'x'", "collector_port in modelwatch.toml: it must be a valid integer"),
        ("[limits]\nrows = 0", "limits.rows in modelwatch.toml: it must be greater than 0, not 0"),
        ("collector_port =", "modelwatch.toml is not valid TOML: "),
        ("log_level = 'loud'", "log_level in modelwatch.toml: it must be 'debug', 'info', 'warning' or 'error'"),
        ("public_dashboard_url = 'here'", "public_dashboard_url in modelwatch.toml: write an address"),
    ],
)
def test_a_wrong_file_is_named_with_what_to_write(text: str, told: str) -> None:
    write(text)
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert str(caught.value).startswith(told)


@pytest.mark.parametrize(
    ("variable", "value", "told"),
    [
        ("MODELWATCH_COLLECTOR_PORT", "99999", "MODELWATCH_COLLECTOR_PORT: it must be less than or equal to 65535"),
        ("MODELWATCH_TICK_SECONDS", "0", "MODELWATCH_TICK_SECONDS: it must be greater than or equal to 1, not '0'"),
        ("MODELWATCH_LIMITS__ROWS", "many", "MODELWATCH_LIMITS__ROWS: it must be a valid integer"),
        ("MODELWATCH_LIMITS", "{", 'error parsing value for field "limits"'),
        ("MODELWATCH_REQUIRE_KEYS", "perhaps", "MODELWATCH_REQUIRE_KEYS: it must be a valid boolean"),
    ],
)
def test_a_wrong_variable_is_named_with_what_to_write(
    variable: str, value: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert str(caught.value).startswith(told)


def test_a_file_that_is_no_text_is_said_to_be_so() -> None:
    Path("modelwatch.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingsError, match=r"modelwatch\.toml cannot be read"):
        load_settings()


def test_secrets_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODELWATCH_KEY_PEPPER", "do not tell")
    settings = load_settings()
    assert "do not tell" not in repr(settings)
    assert settings.pepper == b"do not tell"
