"""The settings of one installation; the only reader of the environment."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self

import platformdirs
from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from rollbook.errors import ConfigurationError
from rollbook.hardening import take_variable

SITE_KEY = "ROLLBOOK_SITE_KEY"
_taken: dict[str, SecretStr] = {}  # out of the environment of this process


def default_home() -> Path:
    """Return the platform's data folder for Rollbook."""
    return Path(platformdirs.user_data_dir("rollbook", appauthor=False))


class Settings(BaseSettings):
    """Each can be given as an environment variable `ROLLBOOK_<NAME>`."""

    model_config = SettingsConfigDict(
        env_prefix="ROLLBOOK_", env_ignore_empty=True, extra="forbid", frozen=True
    )

    home: Path = Field(default_factory=default_home, description="Folder of all data.")
    database_url: str | None = Field(
        default=None, description="SQLAlchemy address; by default `rollbook.db` in the home."
    )
    detector: str = Field(default="yunet", description="Name of an installed detector.")
    embedder: str = Field(default="sface", description="Name of an installed embedder.")
    user_model: Path | None = Field(
        default=None, description="TOML file that describes an ONNX embedder of the site's own."
    )
    target_fpir: float = Field(
        default=0.001, gt=0, lt=0.5, description="Rate at which a stranger may get a name."
    )
    keep_crops: bool = Field(
        default=True, description="Keep a sealed crop of each sample, for `rollbook encode`."
    )
    threads: int | None = Field(
        default=None, ge=1, description="Threads for the networks; by default all cores."
    )

    hosts: str = Field(
        default="", description="Further names by which `rollbook up` is reached, with commas."
    )
    behind_proxy: bool = Field(
        default=False, description="A proxy on this machine brings HTTPS and tells who asks."
    )

    key_source: Literal["file", "keyring"] = Field(
        default="file", description="Where the site key lies, unless one of the next three says."
    )
    site_key: SecretStr | None = Field(
        default=None, description="The site key itself; removed from the environment once read."
    )
    site_key_file: Path | None = Field(
        default=None, description="File with the site key; it is only read."
    )
    key_command: str | None = Field(
        default=None, description="Command that prints the site key; run without a shell."
    )
    passphrase_file: Path | None = Field(
        default=None, description="File with the passphrase of a locked site key."
    )
    passphrase_fd: int | None = Field(
        default=None, ge=0, description="File descriptor from which that passphrase is read once."
    )

    broker_url: SecretStr | None = Field(
        default=None,
        description="Broker of a site with several machines, as redis://host:6379/0; messages "
        "are then sent by its workers.",
    )

    anchors_dir: Path | None = Field(
        default=None,
        description="Folder for the daily anchors of the register; by default `exports/anchors` "
        "in the home.",
    )

    @field_validator("home")
    @classmethod
    def _fits_an_address(cls, home: Path) -> Path:
        if "?" in str(home.absolute()):  # would end the path in the database's address
            raise ValueError("its path must not hold a question mark")
        return home

    @model_validator(mode="after")
    def _one_source_of_the_key(self) -> Self:
        given = [self.site_key, self.site_key_file, self.key_command]
        chosen = sum(value is not None for value in given) + (self.key_source == "keyring")
        if chosen > 1:
            raise ValueError(
                "give one of ROLLBOOK_SITE_KEY, ROLLBOOK_SITE_KEY_FILE, ROLLBOOK_KEY_COMMAND and "
                "ROLLBOOK_KEY_SOURCE=keyring, not several"
            )
        return self

    @property
    def host_names(self) -> tuple[str, ...]:
        return tuple(name.strip().lower() for name in self.hosts.split(",") if name.strip())

    @property
    def models_dir(self) -> Path:
        return self.home / "models"

    @property
    def keys_dir(self) -> Path:
        return self.home / "keys"

    @property
    def resolved_anchors_dir(self) -> Path:
        return self.anchors_dir or self.home / "exports" / "anchors"

    @property
    def resolved_database_url(self) -> str:
        if self.database_url:
            return self.database_url
        return f"sqlite:///{(self.home / 'rollbook.db').absolute().as_posix()}"


def load_settings(home: Path | None = None) -> Settings:
    """Read the environment; `home` wins over `ROLLBOOK_HOME`.

    Raises:
        ConfigurationError: a setting has a value that is not allowed; the text names it.
    """
    key = take_variable(SITE_KEY)
    if key:
        _taken[SITE_KEY] = SecretStr(key)
    given: dict[str, object] = {}
    if SITE_KEY in _taken:
        given["site_key"] = _taken[SITE_KEY]
    if home is not None:
        given["home"] = home
    try:
        return Settings(**given)  # type: ignore[arg-type]
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        name = ".".join(str(part) for part in first["loc"]) or "site_key"
        why = first["msg"].removeprefix("Value error, ")
        raise ConfigurationError(
            f"The setting ROLLBOOK_{name.upper()} cannot be used: {why}."
        ) from error


def secret_environment() -> dict[str, str]:
    """Return what was taken out of the environment, for a child that must open the database."""
    return {name: value.get_secret_value() for name, value in _taken.items()}


def forget_secrets() -> None:
    """Forget what was taken out of the environment: for tests in one process."""
    _taken.clear()
