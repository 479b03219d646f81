"""Fixtures that several kinds of tests share."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import keyring
import pytest
import typer.testing
from hypothesis import settings

from keyring_in_memory import MemoryKeyring
from quick_sqlite import quick_sqlite
from rollbook import settings as settings_of_rollbook
from rollbook.bootstrap.keys import key_source

if TYPE_CHECKING:
    from rollbook.storage.database import Database

# the default run looks for examples a little while; `make test` asks for the thorough profile
settings.register_profile("quick", max_examples=30)
settings.register_profile("thorough", max_examples=100)
settings.load_profile("quick")

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
    settings_of_rollbook.forget_secrets()
    key_source.cache_clear()


@pytest.fixture(scope="session", autouse=True)
def _commands_built_once() -> Iterator[None]:
    """Typer's runner builds all commands for each call, which takes longer than most of them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(typer.testing, "_get_command", cache(typer.main.get_command))
        yield


@pytest.fixture(scope="session", autouse=True)
def _quick_sqlite() -> Iterator[None]:
    with quick_sqlite():
        yield


@pytest.fixture(scope="session")
def blank_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a home with keys and an empty SQLite database, to be copied."""
    from rollbook.storage.database import Database

    folder = tmp_path_factory.mktemp("blank") / "home"
    url = f"sqlite:///{(folder / 'rollbook.db').as_posix()}"
    Database.open(url, keys_dir=folder / "keys", create=True).close()
    return folder


@pytest.fixture
def book(blank_home: Path, tmp_path: Path) -> Path:
    """Return a home folder of this test's own, set up but empty."""
    return Path(shutil.copytree(blank_home, tmp_path / "book"))


@pytest.fixture
def database(book: Path) -> Iterator[Database]:
    """Return the open database of `book`; `database.uow` starts a transaction."""
    from rollbook.storage.database import Database

    url = f"sqlite:///{(book / 'rollbook.db').as_posix()}"
    opened = Database.open(url, keys_dir=book / "keys")
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def prepared_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of prepared networks, made once for all tests."""
    import rollbook

    folder = tmp_path_factory.mktemp("prepared") / "models"
    rollbook.open_engine(folder)
    return folder


@pytest.fixture
def new_home(tmp_path: Path, prepared_models: Path) -> Path:
    """Return a home folder that has only the prepared networks, so that tests start fast."""
    folder = tmp_path / "home"
    shutil.copytree(prepared_models, folder / "models")
    return folder


@pytest.fixture
def system_keyring() -> Iterator[MemoryKeyring]:
    before, mine = keyring.get_keyring(), MemoryKeyring()
    keyring.set_keyring(mine)
    yield mine
    keyring.set_keyring(before)
