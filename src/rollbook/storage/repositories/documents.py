"""Published papers, each version sealed as a whole. There is no way to change one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, insert, select
from sqlalchemy.exc import IntegrityError

from rollbook.domain.documents import Document, PaperKind
from rollbook.errors import AlreadyExists, NotFound
from rollbook.storage.codec import from_json, instant, iso, to_json
from rollbook.storage.connecting import savepoint
from rollbook.storage.tables import documents
from rollbook.storage.vault import SqlVault

PAPER = "paper"


class SqlDocuments:
    """A row says which kind of paper it is; all else is sealed."""

    def __init__(self, connection: Connection, vault: SqlVault) -> None:
        self._connection = connection
        self._vault = vault

    def add(self, document: Document) -> None:
        fields = {
            "language": document.language,
            "title": document.title,
            "text": document.text,
            "at": iso(document.at),
            "by": document.by,
            "basis": document.basis,
        }
        row = {
            "document_id": document.document_id,
            "kind": document.kind.value,
            "payload": self._vault.seal(to_json(fields), purpose=PAPER, owner=_owner(document)),
        }
        try:
            with savepoint(self._connection):
                self._connection.execute(insert(documents).values(row))
        except IntegrityError as error:
            raise AlreadyExists("A paper with this name is published already.") from error

    def get(self, document_id: str) -> Document:
        query = select(documents).where(documents.c.document_id == document_id)
        row = self._connection.execute(query).first()
        if row is None:
            raise NotFound("There is no such paper.")
        return self._open(row)

    def all(self, kinds: Sequence[PaperKind] | None = None) -> list[Document]:
        query = select(documents).order_by(documents.c.number.desc())
        if kinds is not None:
            query = query.where(documents.c.kind.in_([kind.value for kind in kinds]))
        return [self._open(row) for row in self._connection.execute(query)]

    def _open(self, row: Row[Any]) -> Document:
        owner = f"{row.kind} {row.document_id}"
        fields = from_json(self._vault.open(bytes(row.payload), purpose=PAPER, owner=owner))
        return Document(
            document_id=row.document_id,
            kind=PaperKind(row.kind),
            language=fields["language"],
            title=fields["title"],
            text=fields["text"],
            at=instant(fields["at"]),
            by=fields["by"],
            basis=fields["basis"],
        )


def _owner(document: Document) -> str:
    return f"{document.kind.value} {document.document_id}"
