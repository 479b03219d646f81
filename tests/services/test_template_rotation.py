"""Renewing the templates' transform: nobody's face is needed, and the old ones become useless."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

from builders import SPACE, make_reference, make_subject
from rollbook.bootstrap import build
from rollbook.domain.receipts import ReceiptKind
from rollbook.domain.register import EntryKind
from rollbook.domain.subjects import Reference, Subject
from rollbook.errors import StorageError
from rollbook.services import template_rotation
from rollbook.services.template_rotation import TemplateRotation
from rollbook.settings import Settings
from rollbook.storage.database import Database
from rollbook.storage.tables import data_keys, samples
from rollbook.testing import FixedClock


@pytest.fixture
def rotation(database: Database, monkeypatch: pytest.MonkeyPatch) -> TemplateRotation:
    monkeypatch.setattr(template_rotation, "BATCH", 4)
    monkeypatch.setattr(template_rotation, "PAUSE", 0.0)
    return TemplateRotation(database.uow, FixedClock(), by="cli")


def enrolled(database: Database, count: int) -> tuple[list[Subject], list[Reference]]:
    people = [make_subject(f"Person {number}") for number in range(count)]
    made = [make_reference(one.subject_id, seed, crop=None) for seed, one in enumerate(people)]
    with database.uow() as uow:
        uow.subjects.add_many(people)
        for reference in made:
            uow.references.add(reference)
        uow.commit()
    return people, made


def stored(database: Database) -> list[tuple[int, bytes]]:
    with database.engine.connect() as connection:
        rows = connection.execute(samples.select().order_by(samples.c.number)).all()
    return [(row.transform, bytes(row.template)) for row in rows]


def assert_same(database: Database, made: list[Reference]) -> None:
    with database.uow() as uow:
        for reference in made:
            now = uow.references.get(reference.reference_id).template.values
            assert np.abs(now - reference.template.values).max() < 1e-6


def test_all_templates_are_stored_anew(database: Database, rotation: TemplateRotation) -> None:
    _, made = enrolled(database, 10)
    before = stored(database)
    with database.uow() as uow:
        version = uow.gallery_version()
    told: list[tuple[int, int]] = []
    done = rotation.run(lambda at, total: told.append((at, total)))
    after = stored(database)
    assert (done.number, done.samples) == (2, 10)
    assert told == [(4, 10), (8, 10), (10, 10)]
    assert [number for number, _ in before] == [1] * 10
    assert [number for number, _ in after] == [2] * 10
    assert not {token for _, token in before} & {token for _, token in after}
    assert_same(database, made)
    with database.uow() as uow:
        assert uow.gallery_version() == version  # nobody has to read a gallery anew
        assert not uow.protection.renewing()
        (receipt,) = uow.receipts.all([ReceiptKind.ROTATION])
        (entry,) = uow.register.entries([EntryKind.TRUST])
    assert receipt == done.receipt
    assert receipt.body == {
        "event": "templates renewed", "transform": 2, "samples": 10, "by": "cli"
    }  # fmt: skip
    assert entry.body["receipt_id"] == receipt.receipt_id


def test_a_row_put_back_from_before_is_useless(
    database: Database, rotation: TemplateRotation
) -> None:
    _, (made,) = enrolled(database, 1)
    with database.engine.connect() as connection:
        old = connection.execute(samples.select()).one()
    rotation.run()
    with database.engine.begin() as connection:
        kept = {"template": old.template, "transform": old.transform}
        connection.execute(samples.update().values(kept))
    with database.uow() as uow, pytest.raises(StorageError, match="renewed"):
        uow.references.get(made.reference_id)


def test_a_run_that_was_killed_is_taken_up(database: Database, rotation: TemplateRotation) -> None:
    _, made = enrolled(database, 10)

    def die(done: int, total: int) -> None:
        if done == 8:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rotation.run(die)
    assert rotation.unfinished()
    assert [number for number, _ in stored(database)] == [2] * 8 + [1] * 2
    assert_same(database, made)  # half of them are here, half are there
    done = rotation.run()
    assert (done.number, done.samples) == (2, 2)  # not a third transform
    assert not rotation.unfinished()
    assert_same(database, made)
    assert rotation.run().number == 3


def test_a_site_without_samples_gets_a_new_transform_too(
    database: Database, rotation: TemplateRotation
) -> None:
    done = rotation.run()
    assert (done.number, done.samples) == (2, 0)
    _, made = enrolled(database, 1)
    assert [number for number, _ in stored(database)] == [2]
    assert_same(database, made)


def test_secrets_are_not_destroyed_while_templates_need_them(database: Database) -> None:
    enrolled(database, 1)
    with database.uow() as uow:
        uow.protection.begin()
        with pytest.raises(StorageError, match="former transform"):
            uow.protection.finish()


def test_others_write_and_read_meanwhile(database: Database, rotation: TemplateRotation) -> None:
    """Whoever enrols while the transform is renewed writes under the new one."""
    _, made = enrolled(database, 40)
    problems: list[Exception] = []
    late: list[Reference] = []

    def work() -> None:
        try:
            for seed in range(15):
                one = make_subject(f"Late {seed}")
                reference = make_reference(one.subject_id, 100 + seed, crop=None)
                with database.uow() as uow:
                    uow.subjects.add(one)
                    uow.references.add(reference)
                    uow.commit()
                late.append(reference)
                with database.uow() as uow:
                    owners, rows = uow.references.templates(SPACE)
                assert len(owners) >= 40 + len(late) and np.isfinite(rows).all()
        except Exception as error:
            problems.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    rotation.run()
    thread.join()
    rotation.run()
    assert problems == []
    assert {number for number, _ in stored(database)} == {3}
    assert_same(database, [*made, *late])


def test_the_log_of_the_database_is_emptied_of_the_former_secret(book: Path) -> None:
    app = build(Settings(home=book))
    with app.database.engine.connect() as connection:
        query = data_keys.select().where(data_keys.c.purpose == "transform")
        wrapped = bytes(connection.execute(query).one().wrapped)
    app.template_rotation.run()
    log = book / "rollbook.db-wal"
    assert not log.exists() or log.stat().st_size == 0
    assert wrapped not in (book / "rollbook.db").read_bytes()
    app.database.close()
