"""Erasure on every database: all rows go at once, and the receipt says who searched what."""

from __future__ import annotations

from pathlib import Path

import pytest

from builders import DAY, NOW, make_class, make_consent, make_reference
from rollbook.services.erasing import Erasing
from rollbook.services.erasure_list import ErasedList
from rollbook.storage.database import Database
from rollbook.storage.erasures import ErasureList
from rollbook.storage.remains import HomeRemains, ListOfErased
from rollbook.storage.work_files import WorkFiles
from rollbook.testing import FixedClock


@pytest.fixture
def erasing(database: Database, keys_dir: Path, book: Path, tmp_path: Path) -> Erasing:
    sqlite = database.engine.dialect.name == "sqlite"
    signer = database.ring.signer
    lists = ListOfErased(ErasureList(keys_dir, signer.public_key, signer.sign))
    file = book / "rollbook.db" if sqlite else None
    remains = HomeRemains(book, file, WorkFiles(book / "work"))
    listed = ErasedList(database.uow, FixedClock(NOW), lambda: lists)
    return Erasing(database.uow, FixedClock(NOW), lambda: DAY, remains, listed)


def test_a_person_is_erased_and_the_others_stay(database: Database, erasing: Erasing) -> None:
    _group, (ada, grace) = make_class(database.uow, ["Zenobia Quartermaine", "Grace Hopper"])
    with database.uow() as uow:
        for seed, who in ((1, ada), (2, grace)):
            uow.consents.add(make_consent(who.subject_id))
            uow.references.add(make_reference(who.subject_id, seed))
        uow.commit()
    (receipt,) = erasing.erase([ada.subject_id])
    sqlite = database.engine.dialect.name == "sqlite"
    assert receipt.body["state"] == "complete"
    assert receipt.body["log_of_changes"] == ("emptied" if sqlite else "kept by the server")
    with database.uow() as uow:
        assert uow.person_rows.left(ada.subject_id) == {}
        assert uow.subjects.all() == [grace]
        assert len(uow.references.of(grace.subject_id)) == 1
        assert uow.consents.of(ada.subject_id) == []
        assert uow.register.verify().holds


def test_a_note_of_what_is_to_be_done_holds_no_name(database: Database, erasing: Erasing) -> None:
    _group, (ada,) = make_class(database.uow, ["Zenobia Quartermaine"])
    (begun,) = erasing.begin([ada.subject_id], "administrator 1")
    assert erasing.pending() == [begun.intent]
    assert "Zenobia" not in repr(begun) and "Zenobia" not in repr(begun.wanted)
    (receipt,) = erasing.finish_all()
    assert receipt.body["interrupted"] is True
    assert erasing.pending() == [] and erasing.finish_all() == []
