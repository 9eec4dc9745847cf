"""Settings of the server, the last layer: this class knows every key there is."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)
from rapidfuzz import process

from index.errors import BadSettings
from rag.config import RagConfig

PREFIX = "DOSSIER_"
SHORTEST_KEY = 12


class Config(RagConfig):
    """All settings; the keys are the same in `dossier.toml`, as `DOSSIER_KEY` in the environment and as flags."""

    host: str = "127.0.0.1"
    """The address to listen on; any but loopback needs a key."""
    port: int = Field(default=7860, ge=0, le=65535)
    """The port to listen on; 0 takes a free one."""
    key: SecretStr | None = None
    """What programs send as a bearer token and the page asks for; at least 12 characters. Not a flag: others on the
    machine can read those."""
    key_file: Path | None = None
    """A file that holds the key, read where `key` is not set."""
    hosts: Annotated[tuple[str, ...], NoDecode] = ()
    """Further host names that browsers may use for this server, such as a proxy's; separated by commas."""
    folders: Annotated[tuple[Path, ...], NoDecode] = ()
    """Folders of this machine that the endpoint and the page may sync dossiers with, with all inside them; separated
    by commas; none by default."""
    page: bool = True
    """Whether the chat page is served beside the endpoint."""
    path: str = ""
    """The path under which a proxy shows this server, such as `/dossier`."""
    requests_per_minute: int = Field(default=0, ge=0, le=1_000_000)
    """How many requests other than reading a caller may send in a minute; 0: any number. A key can have its own."""
    log: Literal["plain", "json"] = "plain"
    """What is written to standard error: `plain` tells warnings, `json` every request and answer, a line each."""
    log_contents: bool = False
    """Whether questions, answers and what errors say are written to the log."""

    traces: str = ""
    """The address of an OpenTelemetry collector (OTLP over HTTP, such as `http://127.0.0.1:4318`) that is told how long
    requests, answers and adding took; none by default."""

    @field_validator("hosts", "folders", mode="before")
    @classmethod
    def _split(cls, names: object) -> object:
        return [name.strip() for name in names.split(",") if name.strip()] if isinstance(names, str) else names

    @field_validator("path")
    @classmethod
    def _under(cls, path: str) -> str:
        path = path.strip().rstrip("/")
        if path and not re.fullmatch(r"(?:/[\w.~-]+)+", path, re.ASCII):
            raise ValueError("a path begins with / and holds letters, digits, '-', '_', '.' and '~'")
        return path

    @field_validator("traces")
    @classmethod
    def _collector(cls, address: str) -> str:
        if address and not re.fullmatch(r"https?://[\w.:\[\]-]+(?:/[\w./~-]*)?", address, re.ASCII):
            raise ValueError("an address begins with http:// or https:// and holds no name, password or query")
        return address

    @field_validator("key")
    @classmethod
    def _long_enough(cls, key: SecretStr | None) -> SecretStr | None:
        if key is not None and len(key.get_secret_value()) < SHORTEST_KEY:
            raise ValueError(f"a key has at least {SHORTEST_KEY} characters")
        return key

    @classmethod
    def load(cls, path: Path | None = None, /, **flags: object) -> Self:
        """Read the settings file (`dossier.toml` here where no other is named), the environment and the flags.

        Raises BadSettings for an unknown key, naming the nearest known one, and for an impossible value.
        """
        written = _read(path)
        _refuse_unknown(written, f"the settings file {path or 'dossier.toml'}")
        _refuse_unknown(
            {name[len(PREFIX) :].lower() for name in os.environ if name.startswith(PREFIX)}, "the environment"
        )
        given = {name: value for name, value in flags.items() if value is not None}
        _refuse_unknown(given, "the flags")

        class Located(cls):  # type: ignore[misc, valid-type]  # the same settings, from the file named by the caller
            model_config = SettingsConfigDict(toml_file=None)

            @classmethod
            def settings_customise_sources(
                cls,
                settings_cls: type[BaseSettings],
                init_settings: PydanticBaseSettingsSource,
                env_settings: PydanticBaseSettingsSource,
                dotenv_settings: PydanticBaseSettingsSource,
                file_secret_settings: PydanticBaseSettingsSource,
            ) -> tuple[PydanticBaseSettingsSource, ...]:
                return init_settings, env_settings, InitSettingsSource(settings_cls, dict(written))

        try:
            config: Self = Located(**given)
            if config.key is None and config.key_file is not None:
                config = Located(**given, key=_key_in(config.key_file))
        except ValidationError as error:
            raise _explain(error) from None
        return config


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Give the known name that `name` was probably meant to be."""
    found = process.extractOne(name.lower(), list(known), score_cutoff=55)
    return found[0] if found else None


def _read(path: Path | None) -> Mapping[str, Any]:
    file = path or Path("dossier.toml")
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if path is None:
            return {}
        raise BadSettings(f"There is no settings file {str(path)!r}.", "Name one that exists or none.") from None
    except (OSError, ValueError) as error:
        raise BadSettings(f"The settings file {str(file)!r} cannot be read: {error}.", "It is a TOML file.") from None


def _refuse_unknown(names: Iterable[str], where: str) -> None:
    known = Config.model_fields
    for name in names:
        if name not in known:
            meant = nearest(name, known)
            hint = f"Did you mean {meant!r}?" if meant else f"Known: {', '.join(known)}."
            shown = name if where != "the environment" else PREFIX + name.upper()
            raise BadSettings(f"{shown!r} in {where} is not a setting.", hint)


def _key_in(file: Path) -> SecretStr:
    try:
        return SecretStr(file.read_text(encoding="utf-8").strip())
    except (OSError, ValueError) as error:
        raise BadSettings(f"The key file {str(file)!r} cannot be read: {error}.", "It holds the key alone.") from None


def _explain(error: ValidationError) -> BadSettings:
    """Say it without the value: it may be the key."""
    first = error.errors(include_url=False, include_input=True)[0]
    name = ".".join(str(part) for part in first["loc"]) or "the settings"
    found = "" if name.startswith("key") else f" (found {first['input']!r})"
    reason = first["msg"].removeprefix("Value error, ")
    where = f"It is set in dossier.toml, as {PREFIX}{name.upper()} or by a flag."
    return BadSettings(f"The setting {name!r} is not possible{found}: {reason}.", where)
