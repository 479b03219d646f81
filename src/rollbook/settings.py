"""The settings of one installation; the only reader of the environment."""

from __future__ import annotations

from pathlib import Path

import platformdirs
from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from rollbook.errors import ConfigurationError


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

    @field_validator("home")
    @classmethod
    def _fits_an_address(cls, home: Path) -> Path:
        if "?" in str(home.absolute()):  # would end the path in the database's address
            raise ValueError("its path must not hold a question mark")
        return home

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
    def resolved_database_url(self) -> str:
        if self.database_url:
            return self.database_url
        return f"sqlite:///{(self.home / 'rollbook.db').absolute().as_posix()}"


def load_settings(home: Path | None = None) -> Settings:
    """Read the environment; `home` wins over `ROLLBOOK_HOME`.

    Raises:
        ConfigurationError: a setting has a value that is not allowed; the text names it.
    """
    try:
        return Settings() if home is None else Settings(home=home)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"]) or "settings"
        why = first["msg"].removeprefix("Value error, ")
        raise ConfigurationError(
            f"The setting ROLLBOOK_{name.upper()} cannot be used: {why}."
        ) from error
