"""Killed while erasing: either nobody is erased, or all of it is done by the next start."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from builders import eraser, make_consent, make_reference, make_subject
from rollbook.domain.receipts import ReceiptKind
from rollbook.storage.database import Database
from rollbook.storage.erasures import ErasureList
from torture.frame import open_home
from torture.scenarios import Scenario, Tell

OWN = ("subjects", "subject_keys", "consents", "samples")


class Erasing(Scenario):
    """People are added with consent and sample, and erased."""

    longest = 1.0

    def work(self, home: Path, tell: Tell) -> None:
        database = open_home(home)
        erasing, number = eraser(database), 0
        tell("begun at all")
        while True:
            number += 1
            person = make_subject(f"Quartermaine {number}")
            with database.uow() as uow:
                uow.subjects.add(person)
                uow.consents.add(make_consent(person.subject_id))
                uow.references.add(make_reference(person.subject_id, number))
                uow.commit()
            tell(f"begun {person.subject_id}")
            erasing.erase([person.subject_id])
            tell(f"erased {person.subject_id}")

    def look(self, database: Database, told: list[str]) -> Iterator[str]:
        eraser(database).finish_all()
        home = Path(str(database.engine.url.database)).parent
        signer = database.ring.signer
        listed = ErasureList(home / "keys", signer.public_key, signer.sign).erased_ids()
        with database.uow() as uow:
            receipts = uow.receipts.all([ReceiptKind.ERASURE], 10_000)
            yield from ("an erasure waits for ever" for _ in uow.person_rows.intents())
        done = {str(one.body["subject_id"]) for one in receipts}
        if done != listed:
            yield "receipts and the list of erased people do not say the same"
        states = {str(one.body["state"]) for one in receipts} - {"complete"}
        yield from (f"a receipt says: {state}" for state in states)
        acknowledged = {line.split()[1] for line in told if line.startswith("erased")}
        if acknowledged - done:
            yield "an acknowledged erasure has no receipt"
        yield from _halves(home, {line.split()[1] for line in told if len(line) > 20}, done)


def _halves(home: Path, people: set[str], erased: set[str]) -> Iterator[str]:
    """Yield who is neither there with all rows, nor gone with all rows."""
    with closing(sqlite3.connect(home / "rollbook.db")) as connection:
        for subject_id in people:
            counts = {
                connection.execute(
                    f"SELECT count(*) FROM {table} WHERE subject_id = ?", [subject_id]
                ).fetchone()[0]
                for table in OWN
            }
            if counts != ({0} if subject_id in erased else {1}):
                yield "somebody is erased by half"
