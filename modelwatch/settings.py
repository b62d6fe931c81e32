"""Settings: environment variables, then ``modelwatch.toml`` in the working directory, then defaults.

A flag of a command goes before all of them. Everything is checked once, when a command starts, and an error names
the setting, where it was given and what to write instead.
"""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import fields
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, cast

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, ValidationError, create_model
from pydantic_core import ErrorDetails
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)
from pydantic_settings import SettingsError as SourceError

from collector.settings import CollectorSettings, Limits, Pressure

FILE = "modelwatch.toml"
PREFIX = "MODELWATCH_"

Port = Annotated[int, Field(ge=1, le=65535)]
LogLevel = Literal["debug", "info", "warning", "error"]


class SettingsError(ValueError):
    """A setting that cannot be used; the message names it and what to write instead."""


def _section(record: type[Limits] | type[Pressure]) -> type[BaseModel]:
    """A table of settings with the names, types and defaults of a record of the collector."""
    members: dict[str, Any] = {
        each.name: (Annotated[int, Field(gt=0)] if each.type is int else each.type, each.default)
        for each in fields(record)
    }
    return create_model(record.__name__, __config__=ConfigDict(extra="forbid"), **members)


_LimitsSection, _PressureSection = _section(Limits), _section(Pressure)


def _address(url: str | None) -> str | None:
    if url is not None and not url.startswith(("http://", "https://")):
        raise ValueError("write an address that begins with http:// or https://")
    return None if url is None else url.rstrip("/")


class Settings(BaseSettings):
    """Everything that can be set. In the file a setting has its name here; in the environment ``MODELWATCH_<NAME>``.

    ``database_url`` is where the store is; without it the store is a SQLite file in ``data_dir``.
    ``key_pepper`` is the secret that the digests of API keys are made with, and ``require_keys`` asks for keys also
    on a loopback address. ``tick_seconds`` is how often the scheduler looks what is due.
    ``public_dashboard_url`` is the dashboard's address as those see it who receive alerts. ``limits`` and
    ``pressure`` are those of the collector.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        env_ignore_empty=True,
        extra="forbid",
        validate_default=False,
        frozen=True,
    )

    database_url: str | None = None
    data_dir: Path = Path("modelwatch-data")
    collector_host: Annotated[str, Field(min_length=1)] = "127.0.0.1"
    collector_port: Port = 8000
    dashboard_host: Annotated[str, Field(min_length=1)] = "127.0.0.1"
    dashboard_port: Port = 8501
    key_pepper: SecretStr = SecretStr("")
    require_keys: bool = False
    tick_seconds: Annotated[float, Field(ge=1, le=86_400)] = 60.0
    public_dashboard_url: Annotated[str | None, AfterValidator(_address)] = None
    log_level: LogLevel = "info"
    limits: _LimitsSection = _LimitsSection()  # type: ignore[valid-type]
    pressure: _PressureSection = _PressureSection()  # type: ignore[valid-type]

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, FILE)

    @property
    def store_url(self) -> str:
        """The address of the store."""
        return self.database_url or f"sqlite:///{self.data_dir / 'modelwatch.db'}"

    @property
    def dashboard_url(self) -> str:
        """The address of the dashboard for links: the public one, else where it is served here."""
        if self.public_dashboard_url is not None:
            return self.public_dashboard_url
        host = "127.0.0.1" if self.dashboard_host in ("0.0.0.0", "::") else self.dashboard_host  # noqa: S104
        return f"http://{host}:{self.dashboard_port}"

    @property
    def pepper(self) -> bytes:
        """The pepper of API keys as bytes."""
        return self.key_pepper.get_secret_value().encode()

    def collector(self) -> CollectorSettings:
        """The settings of the collector."""
        return CollectorSettings(
            database_url=self.store_url,
            host=self.collector_host,
            port=self.collector_port,
            require_keys=self.require_keys,
            pepper=self.pepper,
            limits=Limits(**dict(cast(BaseModel, self.limits))),
            pressure=Pressure(**dict(cast(BaseModel, self.pressure))),
        )


def load_settings(flags: Mapping[str, object] | None = None) -> Settings:
    """The settings of this process; ``flags`` (by the names of settings) that are not None go before all else.

    Raises SettingsError.
    """
    given = {name: value for name, value in (flags or {}).items() if value is not None}
    try:
        return Settings(**cast(dict[str, Any], given))
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{FILE} is not valid TOML: {error}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{FILE} cannot be read: {error}") from None
    except SourceError as error:
        raise SettingsError(f"{error}: write one value a variable, like {PREFIX}LIMITS__ROWS=1000") from None
    except ValidationError as error:
        raise SettingsError(_explained(error.errors()[0], given)) from None


def _explained(error: ErrorDetails, flags: Mapping[str, object]) -> str:
    path = tuple(map(str, error["loc"]))
    if error["type"] == "extra_forbidden":
        return _unknown(path)
    name = _where_given(path, flags)
    told = error["msg"].removeprefix("Value error, ")
    told = told.replace("Input should be", "it must be")
    secret = path[0] in ("key_pepper", "database_url")
    return f"{name}: {told}" + ("" if secret else f", not {error['input']!r}")


def _unknown(path: tuple[str, ...]) -> str:
    known: list[str] = list(Settings.model_fields)
    for name in path[:-1]:
        section = Settings.model_fields[name].annotation
        known = list(section.model_fields) if isinstance(section, type) and issubclass(section, BaseModel) else []
    near = get_close_matches(path[-1], known, n=1)
    hint = f"did you mean {'.'.join((*path[:-1], near[0]))}?" if near else f"there are {', '.join(known)}"
    return f"{FILE}: there is no setting {'.'.join(path)}: {hint}"


def _where_given(path: tuple[str, ...], flags: Mapping[str, object]) -> str:
    """The name of a setting as its user wrote it."""
    if path[0] in flags:
        return path[0].replace("_", " ")
    variable = PREFIX + "__".join(path).upper()
    return variable if os.environ.get(variable) else f"{'.'.join(path)} in {FILE}"
