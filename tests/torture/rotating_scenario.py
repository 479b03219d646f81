"""Killed while all keys are exchanged: who comes later goes on, and all templates are read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from builders import make_consent, make_reference
from rollbook.domain.task_ports import TaskState
from rollbook.storage.database import Database
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
    beside = file.with_name("minutes.new")
    beside.write_text(str(minutes))
    beside.replace(file)  # a kill in between must not leave it empty
    return minutes
