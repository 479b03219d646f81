"""Fixtures that several kinds of tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def faces_dir() -> Path:
    """Return the folder of development faces; skip where it is absent."""
    folder = Path(os.environ.get("ROLLBOOK_FACES", PROJECT.parent / "shared" / "faces"))
    if not (folder / "lfw").is_dir():
        pytest.skip(f"development faces are not at {folder}; set ROLLBOOK_FACES to their folder")
    return folder


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads the environment of the person who runs it."""
    for name in list(os.environ):
        if name.startswith("ROLLBOOK_") and name != "ROLLBOOK_FACES":
            monkeypatch.delenv(name)
