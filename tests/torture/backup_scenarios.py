"""Killed while backing up and restoring: there is always a backup, and a home, that is whole."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from builders import NOW
from rollbook.domain.register import EntryKind, NewEntry
from rollbook.errors import RollbookError
from rollbook.storage.backup.archive import HomeArchive
from rollbook.storage.backup.bundle import newest_bundle
from rollbook.storage.backup.keying import SiteKeys
from rollbook.storage.backup.naming import left_over, of_kind
from rollbook.storage.backup.places import Place
from rollbook.storage.backup.returning import BUILDING, NewHome, bring_back, find
from rollbook.storage.backup.writing import no_progress
from rollbook.storage.database import Database
from rollbook.storage.keys import FileKeySource, load_site_keys
from torture.frame import open_home
from torture.scenarios import PEOPLE, Scenario, Tell, integrity

SITE, KEEP = "a" * 32, 3


def place_of(home: Path) -> Path:
    return home.parent / "disk"


def back_up(home: Path, database: Database, number: int) -> str:
    """Make a backup and return its name; `number` is how many there were before."""
    archive = HomeArchive(database, home, home / "keys")
    archive.try_out(str(place_of(home)), SITE)
    at = NOW + timedelta(days=number)
    return archive.back_up(str(place_of(home)), SITE, at, KEEP, no_progress).name


class BackingUp(Scenario):
    """Backups are made one after the other while entries come in."""

    longest = 0.8

    def prepare(self, home: Path) -> None:
        super().prepare(home)
        database = open_home(home)
        back_up(home, database, 0)
        database.close()

    def work(self, home: Path, tell: Tell) -> None:
        database = open_home(home)
        tell("begun at all")
        while True:
            with database.uow() as uow:
                body = {"event": "signed in", "at": NOW.isoformat(), "by": "test"}
                number = uow.register.append(NewEntry(EntryKind.ACCESS, body)).number
                uow.commit()
            tell(f"begun {number}")
            tell(f"made {back_up(home, database, number)}")

    def look(self, database: Database, told: list[str]) -> Iterator[str]:
        home = Path(str(database.engine.url.database)).parent
        place, archive = Place(str(place_of(home))), HomeArchive(database, home, home / "keys")
        made = [line.split()[1] for line in told if line.startswith("made")]
        if made and made[-1] not in place.names():
            yield "an acknowledged backup is gone"
        yield from whole(place, archive)
        yield from comes_back(home)
        bundle = newest_bundle(place, SiteKeys(tuple(load_site_keys(home / "keys"))))
        if bundle is None or len(bundle.subject_keys) != PEOPLE:
            yield "there is no key bundle that opens"
        with database.uow() as uow:
            back_up(home, database, uow.register.count() + 1)
        if len(of_kind(place.names(), "keys")) != 1 or left_over(place.names()):
            yield "the next run did not tidy up"


def whole(place: Place, archive: HomeArchive) -> Iterator[str]:
    """Yield which data files do not open to their last byte."""
    for name in of_kind(place.names(), "data"):
        try:
            archive.check(f"{place.shown}/{name}", no_progress)
        except RollbookError as error:
            yield f"a backup with a finished name is not whole: {error}"


def comes_back(home: Path) -> Iterator[str]:
    """Restore the newest backup that the kill left onto a machine where there is only the key."""
    target = target_of(home)
    shutil.rmtree(target, ignore_errors=True)
    (target / "keys").mkdir(parents=True)
    shutil.copy(home / "keys" / "site.key", target / "keys")
    restore(home, 0)
    yield from looks_well(target)
    with closing_home(target) as restored, restored.uow() as uow:
        if uow.register.count() == 0:
            yield "what was restored has no register"


class Restoring(Scenario):
    """An installation is restored over and over."""

    longest = 1.2

    def prepare(self, home: Path) -> None:
        super().prepare(home)
        database = open_home(home)
        back_up(home, database, 0)
        database.close()
        shutil.copytree(home / "keys", target_of(home) / "keys")

    def again(self, home: Path) -> None:
        shutil.rmtree(target_of(home) / "backups", ignore_errors=True)

    def work(self, home: Path, tell: Tell) -> None:
        tell("begun at all")
        for number in range(1_000_000):
            tell("begun")
            restore(home, number)
            tell("restored")

    def look(self, database: Database, told: list[str]) -> Iterator[str]:
        home = Path(str(database.engine.url.database)).parent
        target = target_of(home)
        aside = list(target.glob("backups/before-restore-*/rollbook.db"))
        if (target / "rollbook.db").exists():
            yield from looks_well(target)
        elif "restored" in told and not aside:
            yield "neither the old nor the new installation is there"
        restore(home, 2_000_000)
        yield from looks_well(target)
        if list(target.glob(f"{BUILDING}*")):
            yield "the next restore did not tidy up"


def looks_well(target: Path) -> Iterator[str]:
    """Yield what is wrong with an installation that was restored."""
    with closing_home(target) as restored, restored.uow() as uow:
        if len(uow.subjects.names()) != PEOPLE:
            yield "people are missing from what was restored"
        if not uow.register.verify().holds:
            yield "the register of what was restored does not hold"
        if uow.register.standing().refuses:
            yield "the witness refuses what was restored"
    yield from integrity(target)


@contextmanager
def closing_home(home: Path) -> Iterator[Database]:
    """Open a home for as long as the block runs."""
    database = open_home(home)
    try:
        yield database
    finally:
        database.close()


def target_of(home: Path) -> Path:
    return home.parent / "target"


def restore(home: Path, number: int) -> None:
    """Restore over what there is; each has a time of its own, so that copies do not meet."""
    target = target_of(home)
    new = NewHome(target, target / "keys", FileKeySource(target / "keys"))
    at = NOW + timedelta(seconds=number)
    bring_back(find(str(place_of(home)), None, new), new, at, "test", True, no_progress)
