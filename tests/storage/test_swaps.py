"""No sealed payload can lie in the place of another one: not of another row, owner or purpose.

Which payloads there are comes from the tables themselves; a new table needs two rows and a reader
here, or the tests fail.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import LargeBinary, Row, select, update

from builders import NOW, make_consent
from rollbook.domain.accounts import WebSession
from rollbook.domain.camera_ports import SiteCamera
from rollbook.domain.facts import Block, no_facts
from rollbook.domain.kiosks import Credential, CredentialKind
from rollbook.domain.messages import Audience, Event, EventKind, MessageState, Queued, Recipient
from rollbook.domain.passkeys import Passkey
from rollbook.domain.ports import ReviewItem, UnitOfWork
from rollbook.domain.subjects import new_id
from rollbook.domain.task_ports import Task
from rollbook.domain.tokens import ApiToken, Scope
from rollbook.errors import DecryptionFailed, NotFound, RegisterTampered
from rollbook.services.register import RegisterKeeper
from rollbook.storage.database import Database
from rollbook.storage.resealing import SealedColumn, sealed_columns
from rollbook.storage.tables import metadata
from rollbook.storage.unit_of_work import Memory
from web.full_school import make_full_site
from web.school import Site

Read = Callable[[Any, Row[Any]], object]  # from a transaction, what the row holds
KEYS_OF_REPLIES = ("request 0", "request 1")
READERS: dict[str, Read] = {
    "absences": lambda uow, row: uow.absences.get(row.absence_id),
    "api_tokens": lambda uow, row: uow.tokens.get(row.token_id),
    "blocks": lambda uow, row: uow.blocks.some([row.month]),
    "cameras": lambda uow, row: uow.cameras.get(row.camera_id),
    "consents": lambda uow, row: uow.consents.of(row.subject_id),
    "credentials": lambda uow, row: uow.credentials.of(row.subject_id),
    "devices": lambda uow, row: uow.devices.get(row.device_id),
    "documents": lambda uow, row: uow.documents.get(row.document_id),
    "groups": lambda uow, row: uow.groups.get(row.group_id),
    "ledger": lambda uow, row: uow.register.entries(before=row.number + 1, limit=1),
    "outbox": lambda uow, row: _message(uow, row),
    "passkeys": lambda uow, row: uow.passkeys.of_user(row.user_id),
    "plans": lambda uow, row: uow.sessions.all(),
    "receipts": lambda uow, row: uow.receipts.get(row.receipt_id),
    "recipients": lambda uow, row: uow.recipients.get(row.recipient_id),
    "replies": lambda uow, row: [uow.replies.of(key) for key in KEYS_OF_REPLIES],
    "requests": lambda uow, row: uow.requests.get(row.request_id),
    "reviews": lambda uow, row: uow.reviews.get(row.review_id),
    "samples": lambda uow, row: uow.references.get(row.reference_id),
    "series": lambda uow, row: uow.series.get(row.series_id),
    "sheets": lambda uow, row: uow.register.of_session(row.session_id),
    "site": lambda uow, row: uow.site.get(row.key),
    "subjects": lambda uow, row: uow.subjects.get(row.subject_id),
    "tasks": lambda uow, row: uow.tasks.get(row.task_id),
    "users": lambda uow, row: uow.users.get(row.user_id),
    "web_sessions": lambda uow, row: uow.web_sessions.of_user(row.user_id),
}


def test_every_column_of_bytes_says_what_it_holds() -> None:
    for table in metadata.sorted_tables:
        for column in table.columns:
            if isinstance(column.type, LargeBinary):
                assert set(column.info) & {"sealed", "holds"}, f"{table.name}.{column.name}"
    assert {column.table.name for column in sealed_columns()} == set(READERS)
    for column in sealed_columns("subject", "crops"):
        assert "subject_id" in column.table.columns


@dataclass
class Full:
    """A site with at least two rows in each table."""

    database: Database

    def rows(self, column: SealedColumn) -> list[Row[Any]]:
        query = select(column.table).where(column.column.is_not(None)).order_by(column.row_id)
        with self.database.engine.connect() as connection:
            return list(connection.execute(query))

    def put(self, column: SealedColumn, row: Row[Any], token: bytes) -> None:
        row_id = row._mapping[column.row_id]
        changed = update(column.table).where(column.row_id == row_id)
        with self.database.engine.begin() as connection:
            connection.execute(changed.values({column.column.name: token}))

    def read(self, column: SealedColumn, row: Row[Any], memory: Memory | None = None) -> object:
        """Read it as a process does that has opened nothing before, or with what one remembers."""
        fresh = Database(self.database.engine, self.database.keys, memory or Memory())
        with fresh.uow() as uow:
            return READERS[column.table.name](uow, row)


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory, blank_home: Path) -> Full:
    import shutil

    home = tmp_path_factory.mktemp("swaps") / "home"
    shutil.copytree(blank_home, home)
    site = make_full_site(home)
    _fill_what_a_school_lacks(site)
    return Full(site.parts.database)


def _fill_what_a_school_lacks(site: Site) -> None:
    parts = site.parts
    keeper = RegisterKeeper(parts.uow, parts.clock)
    keeper.close_session(site.session.session_id)
    ada, user = site.ada.subject_id, site.users["alice"].user_id
    later = NOW + timedelta(days=7)
    with parts.uow() as uow:
        uow.consents.add(make_consent(ada))
        for number in range(2):
            name = f"number {number}"
            token = ApiToken(new_id(), user, name, frozenset({Scope.PEOPLE_READ}), NOW, later)
            uow.tokens.add(token, name)
            uow.cameras.add(SiteCamera(new_id(), name, name, name))
            uow.credentials.put(_card(ada, number))
            uow.passkeys.add(Passkey(name.encode(), user, name, b"key", 0, NOW))
            uow.replies.claim(KEYS_OF_REPLIES[number], NOW)
            uow.replies.answer(KEYS_OF_REPLIES[number], {"n": number})
            uow.reviews.add(ReviewItem(new_id(), site.session.session_id, {"n": number}, NOW))
            uow.tasks.add(Task(new_id(), name, user, user, NOW, NOW))
            uow.blocks.put(Block(f"2025-0{1 + number}", number, no_facts()))
            _add_messages(uow, ada if number else site.people[1].subject_id, user, number)
            uow.web_sessions.put(WebSession(name, user, NOW, later, {"n": number}))
        uow.commit()


def _add_messages(uow: UnitOfWork, subject_id: str, user_id: str, number: int) -> None:
    """A guardian and an account that are told, and a message to each."""
    wants = frozenset({EventKind.ABSENT})
    for subject, user, audience in (
        (subject_id, None, Audience.GUARDIAN),
        (None, user_id, Audience.TUTOR),
    ):
        one = Recipient(
            new_id(), audience, "mail", f"{number}@example.org", "en", wants, subject, user
        )
        uow.recipients.put(one)
        uow.outbox.add(Event(EventKind.ABSENT, f"{number}", NOW, one.recipient_id, subject), NOW)


def _card(subject_id: str, number: int) -> Credential:
    kind = list(CredentialKind)[number]
    return Credential(new_id(), subject_id, kind, f"secret {number}", NOW, f"lookup {number}")


COLUMNS = sealed_columns()
NAMES = [f"{column.table.name}.{column.column.name}" for column in COLUMNS]


def _pairs(rows: list[Row[Any]]) -> Iterator[tuple[Row[Any], Row[Any]]]:
    """Yield two rows of different people, and two of one person, where there are such."""
    yield rows[0], rows[1]
    seen: dict[str, Row[Any]] = {}
    for row in rows if "subject_id" in rows[0]._fields else ():
        if row.subject_id in seen:
            yield seen[row.subject_id], row
            return
        seen[row.subject_id] = row


def _noticed(full: Full, column: SealedColumn, row: Row[Any], memory: Memory | None) -> bool:
    try:
        full.read(column, row, memory)
    except (DecryptionFailed, RegisterTampered):
        return True
    except NotFound:  # requests whose person's key does not open them count as gone
        return column.table.name == "requests"
    return False


@pytest.mark.parametrize("column", COLUMNS, ids=NAMES)
def test_two_rows_cannot_change_places(full: Full, column: SealedColumn) -> None:
    rows = full.rows(column)
    assert len(rows) > 1, "add rows of this table to the site of these tests"
    for one, two in _pairs(rows):
        memory = Memory()
        tokens = [bytes(row._mapping[column.column]) for row in (one, two)]
        for row in (one, two):
            full.read(column, row, memory)  # what is remembered must not hide the swap
        full.put(column, one, tokens[1])
        full.put(column, two, tokens[0])
        found = [_noticed(full, column, row, None) for row in (one, two)]
        if column.table.name != "plans":  # opened by what the index says, and remembered so
            found += [_noticed(full, column, row, memory) for row in (one, two)]
        full.put(column, one, tokens[0])
        full.put(column, two, tokens[1])
        assert all(found)
        full.read(column, one)


@pytest.mark.parametrize("column", COLUMNS, ids=NAMES)
def test_no_payload_serves_another_purpose(full: Full, column: SealedColumn) -> None:
    row = full.rows(column)[0]
    own = bytes(row._mapping[column.column])
    for other in COLUMNS:
        if other is column:
            continue
        full.put(column, row, bytes(_of_same_owner(full.rows(other), row)._mapping[other.column]))
        assert _noticed(full, column, row, None), f"{other.table.name}.{other.column.name}"
    full.put(column, row, own)
    full.read(column, row)


def _message(uow: Any, row: Row[Any]) -> Queued:
    """Return a message from the list, which leaves out what cannot be opened."""
    found = {one.message_id: one for one in uow.outbox.newest(list(MessageState), 100)}
    if row.message_id not in found:
        raise DecryptionFailed("It is not in the list.")
    return found[row.message_id]


def _of_same_owner(rows: list[Row[Any]], row: Row[Any]) -> Row[Any]:
    """Return a row about the same person, for whom the key would be the right one."""
    owner = row._mapping.get("subject_id")
    same = (one for one in rows if owner and one._mapping.get("subject_id") == owner)
    return next(same, rows[0])
