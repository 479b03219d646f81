"""Backends by name: each is found through the entry points of the installed packages."""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import Any

from rollbook.errors import ConfigurationError, ModelUnavailable
from rollbook.extras import how_to_add


def load_backend(kind: str, name: str) -> Any:
    """Import one installed backend, for example ("detectors", "yunet").

    Raises:
        ConfigurationError: no backend of this kind has the name.
        ModelUnavailable: the backend needs a package that is not installed.
    """
    found = entry_points(group=f"rollbook.{kind}", name=name)
    if not found:
        installed = ", ".join(sorted(entry_points(group=f"rollbook.{kind}").names))
        raise ConfigurationError(f"There is no backend {name!r} of {kind}; installed: {installed}.")
    try:
        return next(iter(found)).load()
    except ImportError as error:
        raise ModelUnavailable(
            "The backend %(name)r needs the package %(package)r. Install it with: %(command)s",
            name=name,
            package=error.name,
            command=how_to_add(name),
        ) from error
