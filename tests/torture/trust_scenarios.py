"""Kills while keys are exchanged, people are erased, and backups are written."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from shutil import copytree

from builders import NOW, eraser, make_class, make_consent, make_reference
from rollbook.bootstrap import build
from rollbook.bootstrap.restoring import restore_to
from rollbook.domain.subjects import new_id
from rollbook.domain.task_ports import TaskState
from rollbook.errors import NotFound
from rollbook.settings import Settings
from rollbook.storage.database import Database
from rollbook.testing import FixedClock
from storage.rotating import faults, rotate
from torture.frame import open_home
from torture.scenarios import Scenario, Tell


class Rotating(Scenario):
    """All keys are exchanged, again and again; who comes later takes over what was killed."""

    longest = 1.5

    def prepare(self, home: Path) -> None:
        super().prepare(home)
        database = open_home(home)
        with database.uow() as uow:
            for seed, person in enumerate(uow.subjects.all()):
                uow.consents.add(make_consent(person.subject_id))
                uow.references.add(make_reference(person.subject_id, seed))
            uow.commit()
        database.close()

    def work(self, home: Path, tell: Tell) -> None:
        database = open_home(home)
        while True:
            tell("begun")
            if rotate(database, _next_minutes(home)) is TaskState.DONE:
                tell("done")

    def look(self, database: Database, told: list[str]) -> Iterator[str]:
        with database.uow() as uow:
            people = uow.subjects.all()
            for person in people:
                if len(uow.references.of(person.subject_id)) != 1:
                    yield "a template is lost"
        home = Path(str(database.engine.url.database)).parent
        while rotate(database, _next_minutes(home)) is not TaskState.DONE:
            pass
        yield from faults(database, home / "keys")


def _next_minutes(home: Path) -> int:
    """Return by how much the next clock is late: a dead task is taken over after a minute."""
    file = home.parent / "minutes"
    minutes = int(file.read_text()) + 2 if file.exists() else 0
    file.write_text(str(minutes))
    return minutes


class Erasing(Scenario):
    """People are added and erased; an erasure that was begun is ended by who comes next."""

    def work(self, home: Path, tell: Tell) -> None:
        database = open_home(home)
        erasing = eraser(database, FixedClock(NOW))
        while True:
            _, (person,) = make_class(database.uow, ["Short Visit"], f"visit {new_id()}")
            tell(f"begun {person.subject_id}")
            erasing.erase([person.subject_id])
            tell(f"erased {person.subject_id}")

    def look(self, database: Database, told: list[str]) -> Iterator[str]:
        erasing = eraser(database, FixedClock(NOW))
        erasing.finish_all()
        if erasing.pending():
            yield "an erasure stays half done"
        listed = {line.subject_id for line in _listed(database)}
        for line in told:
            what, subject_id = line.split()
            gone = _is_gone(database, subject_id)
            if what == "erased" and not gone:
                yield "somebody who was erased is there again"
            if gone and subject_id not in listed:
                yield "somebody is gone and not in the list of erasures"
        yield from _half_people(database)


def _listed(database: Database) -> list[object]:
    from rollbook.storage.erasures import ErasureList

    home = Path(str(database.engine.url.database)).parent
    signer = database.ring.signer
    return list(ErasureList(home / "keys", signer.public_key, signer.sign).lines())


def _is_gone(database: Database, subject_id: str) -> bool:
    with database.uow() as uow:
        try:
            uow.subjects.get(subject_id)
        except NotFound:
            return True
    return False


def _half_people(database: Database) -> Iterator[str]:
    from sqlalchemy import select

    from rollbook.storage.tables import subject_keys, subjects

    with database.engine.connect() as connection:
        people = set(connection.execute(select(subjects.c.subject_id)).scalars())
        keys = set(connection.execute(select(subject_keys.c.subject_id)).scalars())
    if people != keys:
        yield f"{len(people ^ keys)} people have a key without a row, or a row without a key"


class BackingUp(Scenario):
    """Backups are written into a folder; each that was told of comes back as an installation."""

    longest = 2.5

    def work(self, home: Path, tell: Tell) -> None:
        app = build(Settings(home=home))
        while True:
            tell("begun")
            made = app.backups.back_up_to(
                str(_place(home)), "tester", 3, lambda done, total: None, make=True
            )
            tell(f"written {made.name}")

    def look(self, database: Database, told: list[str]) -> Iterator[str]:
        home = Path(str(database.engine.url.database)).parent
        written = [line.split(maxsplit=1)[1] for line in told if line.startswith("written")]
        if not written:
            return
        with tempfile.TemporaryDirectory(dir=home.parent) as folder:
            new = Path(folder) / "home"
            copytree(home / "keys", new / "keys")
            for spare in (new / "keys").glob("witness.*"):
                spare.unlink()
            settings, now = Settings(home=new), datetime.now(UTC)
            quiet = lambda done, total: None  # noqa: E731
            back = restore_to(settings, str(_place(home)), None, now, "tester", False, quiet)
            with database.uow() as uow:
                people = len(uow.subjects.all())
            if back.people != people:
                yield f"a backup holds {back.people} of {people} people"


def _place(home: Path) -> Path:
    return home.parent / "copies"
