"""Published papers on every database: sealed, newest first, and never changed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from builders import DAY, NOW
from rollbook.domain.documents import LANGUAGES, Document, PaperKind, document_id_of
from rollbook.errors import AlreadyExists, NotFound
from rollbook.storage.database import Database
from rollbook.storage.tables import documents


def paper(document_id: str, kind: PaperKind = PaperKind.NOTICE, minute: int = 0) -> Document:
    at = NOW + timedelta(minutes=minute)
    return Document(
        document_id, kind, "en", "Notice", "# Notice\n\nWe keep little.\n", at, "x", "b"
    )


def test_a_version_comes_back_as_it_was(database: Database) -> None:
    made = paper("notice-1")
    with database.uow() as uow:
        uow.documents.add(made)
        uow.commit()
    with database.uow() as uow:
        assert uow.documents.get("notice-1") == made
        with pytest.raises(NotFound):
            uow.documents.get("notice-2")


def test_a_version_cannot_be_put_in_the_place_of_another(database: Database) -> None:
    with database.uow() as uow:
        uow.documents.add(paper("notice-1"))
        uow.commit()
    with database.uow() as uow:
        with pytest.raises(AlreadyExists):
            uow.documents.add(replace(paper("notice-1"), text="# Other\n"))
        uow.commit()
    with database.uow() as uow:
        assert "We keep little" in uow.documents.get("notice-1").text


def test_the_newest_comes_first_and_kinds_are_told_apart(database: Database) -> None:
    with database.uow() as uow:
        uow.documents.add(paper("notice-1"))
        uow.documents.add(paper("dpia-1", PaperKind.DPIA, 1))
        uow.documents.add(paper("notice-2", minute=2))
        uow.commit()
    with database.uow() as uow:
        assert [d.document_id for d in uow.documents.all()] == ["notice-2", "dpia-1", "notice-1"]
        notices = uow.documents.all([PaperKind.NOTICE])
    assert [one.document_id for one in notices] == ["notice-2", "notice-1"]


def test_no_text_is_readable_in_the_table(database: Database) -> None:
    with database.uow() as uow:
        uow.documents.add(paper("notice-1"))
        uow.commit()
    with database.engine.connect() as connection:
        (row,) = connection.execute(select(documents)).all()
    assert (row.document_id, row.kind) == ("notice-1", "notice")
    assert b"keep little" not in bytes(row.payload)


def test_every_id_fits_its_column_and_tells_which_paper_it_is() -> None:
    ids = [document_id_of(kind, one, DAY) for kind in PaperKind for one in LANGUAGES]
    assert max(map(len, ids)) <= 32 and len(set(ids)) == len(ids)
    assert all(kind.value in ids[2 * place] for place, kind in enumerate(PaperKind))
    assert max(len(kind.value) for kind in PaperKind) <= 16
