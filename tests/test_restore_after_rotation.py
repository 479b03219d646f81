"""Keys are exchanged between a backup and its return: what comes back, and what is refused."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from builders import make_class
from rollbook.bootstrap import App, build
from rollbook.bootstrap.restoring import restore_to
from rollbook.errors import DecryptionFailed
from rollbook.services.tasks import TaskRunner
from rollbook.settings import Settings

NAMES = ["Ada Lovelace", "Alan Turing", "Grace Hopper"]


def _silent(done: int, total: int) -> None:
    """Nobody looks on."""


class Life:
    """A site with three people, of which backups are made, and whose keys are exchanged."""

    def __init__(self, book: Path, disk: Path) -> None:
        self.book, self.disk = book, disk
        self.app: App = build(Settings(home=book))
        make_class(self.app.uow, NAMES)

    def add_destination(self) -> None:
        self.app.backups.add(str(self.disk), "test")

    def back_up(self) -> Path:
        """Write a backup, and return a copy of its data file that nobody deletes."""
        made = self.app.backups.back_up_to(str(self.disk), "test", 14, _silent, make=True)
        kept = self.disk.parent / "kept"
        kept.mkdir(exist_ok=True)
        return Path(shutil.copy2(self.disk / made.name, kept))

    def rotate(self) -> None:
        rotation = self.app.key_rotation
        rotation.start([], "", "test")
        TaskRunner(self.app.uow, self.app.clock, {"rotation of keys": rotation.work}).run_one()

    def bundle(self) -> str:
        (found,) = self.disk.glob("keys-*.rbk")
        return str(found)

    def restored(self, home: Path, data: Path) -> App:
        """Return what comes back on an empty machine that has the site key of today."""
        (home / "keys").mkdir(parents=True)
        shutil.copy2(self.book / "keys" / "site.key", home / "keys")
        new = Settings(home=home)
        restore_to(new, str(data), self.bundle(), datetime.now(UTC), "test", False, _silent)
        return build(new)


@pytest.fixture
def life(book: Path, tmp_path: Path) -> Iterator[Life]:
    made = Life(book, tmp_path / "disk")
    yield made
    made.app.database.close()


def _names(app: App) -> list[str]:
    with app.uow() as uow:
        found = sorted(uow.subjects.names().values())
    app.database.close()
    return found


def test_a_backup_comes_back_after_keys_were_exchanged(life: Life, tmp_path: Path) -> None:
    life.rotate()
    data = life.back_up()
    assert _names(life.restored(tmp_path / "new", data)) == NAMES


@pytest.mark.slow
def test_an_older_backup_comes_back_with_the_newest_bundle_and_key(
    life: Life, tmp_path: Path
) -> None:
    life.add_destination()
    old = life.back_up()
    for _ in range(2):
        life.rotate()
    life.back_up()
    assert _names(life.restored(tmp_path / "new", old)) == NAMES


@pytest.mark.slow
def test_a_backup_whose_people_have_other_keys_by_now_is_refused(
    life: Life, tmp_path: Path
) -> None:
    """It lay where nobody knew of it when the former keys were destroyed."""
    old = life.back_up()
    with life.app.uow() as uow:
        uow.site.set("backup_elsewhere", [])
        uow.commit()
    shutil.rmtree(life.disk)
    life.rotate()
    life.back_up()
    home = tmp_path / "new"
    with pytest.raises(DecryptionFailed, match="exchanged since"):
        life.restored(home, old)
    assert not (home / "rollbook.db").exists()
