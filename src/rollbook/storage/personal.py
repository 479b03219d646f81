"""Everything that the database holds of one person, found by walking all tables.

Each table says in `HANDLING` what becomes of it; a table that says nothing fails a test. What is
named by subject id is deleted wherever it is, so a new table of that kind cannot be forgotten.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    LargeBinary,
    Row,
    Table,
    delete,
    func,
    insert,
    select,
    update,
)

from rollbook.domain.erasing import Destroyed, Handling, Intent
from rollbook.domain.ports import ReviewItem
from rollbook.domain.row_digests import NOTES_BEGIN
from rollbook.errors import DecryptionFailed
from rollbook.storage.codec import from_json, instant, iso, to_json
from rollbook.storage.forgetting import count_erasure
from rollbook.storage.repositories.accounts import OWNER, REPLY, SESSION
from rollbook.storage.repositories.samples import SqlReferences
from rollbook.storage.repositories.site import SETTING, SqlReviews
from rollbook.storage.repositories.tasks import SqlTasks
from rollbook.storage.row_digests import SqlRowDigests
from rollbook.storage.scanning import token_mark
from rollbook.storage.tables import metadata, replies, site, users, web_sessions
from rollbook.storage.vault import SqlVault

_OWN, _ACCOUNT, _INSIDE, _STAYS, _NOTHING = Handling
HANDLING: Mapping[str, Handling] = {
    "absences": _OWN,
    "api_tokens": _ACCOUNT,
    "blocks": _STAYS,  # what the register says, by random ids, for charts
    "cameras": _NOTHING,
    "consents": _OWN,
    "counters": _NOTHING,
    "credentials": _OWN,
    "data_keys": _NOTHING,
    "devices": _NOTHING,
    "documents": _NOTHING,
    "due": _NOTHING,
    "group_staff": _ACCOUNT,
    "groups": _NOTHING,
    "heads": _NOTHING,
    "ledger": _STAYS,
    "memberships": _STAYS,
    "outbox": _OWN,
    "passkeys": _ACCOUNT,
    "planned": _NOTHING,
    "plans": _NOTHING,
    "receipts": _STAYS,
    "recipients": _ACCOUNT,
    "replies": _INSIDE,
    "requests": _OWN,
    "reviews": _INSIDE,
    "samples": _OWN,
    "series": _NOTHING,
    "sessions": _NOTHING,
    "sheets": _STAYS,
    "site": _NOTHING,
    "subject_keys": _OWN,
    "subjects": _OWN,
    "tallies": _NOTHING,
    "tasks": _INSIDE,
    "throttles": _NOTHING,
    "users": _ACCOUNT,
    "web_sessions": _INSIDE,
}
SHORTEST = 4  # characters of a word that is looked for inside other rows


class SqlPersonRows:
    """Rows of one person, in all tables."""

    def __init__(
        self,
        connection: Connection,
        vault: SqlVault,
        references: SqlReferences,
        digests: SqlRowDigests,
        touch: Any,
    ) -> None:
        self._connection = connection
        self._vault = vault
        self._references = references
        self._digests = digests
        self._touch: Callable[[], None] = touch

    def erase(self, subject_id: str, user_id: str | None, words: Sequence[str]) -> Destroyed:
        found = Destroyed(templates=self._templates(subject_id))
        needles = _needles(subject_id, user_id, words)
        if user_id is not None:
            self._digests.account_gone(user_id)
        for cut in (self._cut_reviews, self._cut_tasks, self._cut_replies, self._cut_sessions):
            found = found.and_(cut(needles, user_id))
        for table in reversed(metadata.sorted_tables):
            for column in _own_columns(table, user_id):
                wanted = subject_id if column.name == "subject_id" else user_id
                found = found.and_(self._delete(table, column, wanted))
        self._vault.destroy_key(subject_id)
        self._touch()
        return found

    def _templates(self, subject_id: str) -> tuple[bytes, ...]:
        try:
            samples = self._references.of(subject_id)
        except DecryptionFailed:  # the key is gone already, as after a restore
            return ()
        return tuple(one.template.values.astype("<f4").tobytes() for one in samples)

    def left(self, subject_id: str) -> dict[str, int]:
        counts = {
            table.name: self._count(table, column, subject_id)
            for table, column in _readable_ids()
            if HANDLING.get(table.name) is not Handling.STAYS
        }
        owner = users.c.subject == self._vault.blind(OWNER, subject_id)
        counts["users"] = self._connection.execute(select(func.count()).where(owner)).scalar() or 0
        return {name: count for name, count in counts.items() if count}

    def staying(self, subject_id: str) -> dict[str, int]:
        return {
            table.name: self._count(table, column, subject_id)
            for table, column in _readable_ids()
            if HANDLING.get(table.name) is Handling.STAYS and column.name == "subject_id"
        }

    def remember(self, intent: Intent) -> None:
        self.forget(intent.receipt_id)
        key = NOTES_BEGIN + intent.receipt_id
        payload = self._vault.seal(to_json(_noted(intent)), purpose=SETTING, owner=key)
        self._connection.execute(insert(site).values(key=key, payload=payload))

    def intents(self) -> list[Intent]:
        rows = self._connection.execute(
            select(site).where(site.c.key.startswith(NOTES_BEGIN))
        ).all()
        found = [
            _intent(
                row.key.removeprefix(NOTES_BEGIN),
                from_json(self._vault.open(bytes(row.payload), purpose=SETTING, owner=row.key)),
            )
            for row in rows
        ]
        return sorted(found, key=lambda intent: (intent.at, intent.receipt_id))

    def forget(self, receipt_id: str) -> bool:
        gone = delete(site).where(site.c.key == NOTES_BEGIN + receipt_id)
        return self._connection.execute(gone).rowcount > 0

    def tell_processes(self) -> None:
        count_erasure(self._connection)

    def _delete(self, table: Table, column: Column[Any], wanted: str | None) -> Destroyed:
        rows = self._connection.execute(select(table).where(column == wanted)).all()
        if not rows:
            return Destroyed()
        self._connection.execute(delete(table).where(column == wanted))
        return Destroyed({table.name: len(rows)}, frozenset(_marks(table, rows)))

    def _count(self, table: Table, column: Column[Any], wanted: str) -> int:
        query = select(func.count()).select_from(table).where(column == wanted)
        return self._connection.execute(query).scalar() or 0

    def _cut_reviews(self, needles: Sequence[bytes], user_id: str | None) -> Destroyed:
        """Take the person out of the candidates of unsure faces; who is alone goes as a whole."""
        reviews, subject_id = SqlReviews(self._connection, self._vault), needles[0].decode()
        touched = 0
        for item in reviews.all():
            if not _holds(to_json(item.body), needles[:1]):
                continue
            reviews.delete(item.review_id)
            rest = _without_candidate(item, subject_id)
            if rest is not None:
                reviews.add(rest)
            touched += 1
        return _touched("reviews", touched)

    def _cut_tasks(self, needles: Sequence[bytes], user_id: str | None) -> Destroyed:
        """Delete the person's own tasks and those about them; from others cut their lines."""
        tasks, touched = SqlTasks(self._connection, self._vault), 0
        files: list[str] = []
        for task in tasks.all():
            if task.user_id == user_id or _holds(to_json(dict(task.spec)), needles):
                files += _kept_files(task.spec)
                tasks.delete(task.task_id)
                touched += 1
                continue
            kept = tuple(line for line in task.lines if not _holds(to_json(str(line)), needles))
            if len(kept) < len(task.lines):
                tasks.amend(replace(task, lines=kept))
                touched += 1
        return replace(_touched("tasks", touched), files=tuple(files))

    def _cut_replies(self, needles: Sequence[bytes], user_id: str | None) -> Destroyed:
        """Delete remembered answers to forms that lead to the person's pages."""
        rows = self._connection.execute(select(replies).where(replies.c.payload.is_not(None)))
        named = [
            bytes(row.request) for row in rows.all() if _holds(self._opened(row, REPLY), needles)
        ]
        for request in named:
            self._connection.execute(delete(replies).where(replies.c.request == request))
        return _touched("replies", len(named))

    def _cut_sessions(self, needles: Sequence[bytes], user_id: str | None) -> Destroyed:
        """End the browsers of the person's account; from others take what names the person."""
        ended, cut = 0, 0
        for row in self._connection.execute(select(web_sessions)).all():
            own = web_sessions.c.token == row.token
            if user_id is not None and row.user_id == user_id:
                self._connection.execute(delete(web_sessions).where(own))
                ended += 1
                continue
            text = self._opened(row, SESSION)
            if _holds(text, needles):
                kept = {k: v for k, v in from_json(text).items() if not _holds(to_json(v), needles)}
                owner = bytes(row.token).hex()
                payload = self._vault.seal(to_json(kept), purpose=SESSION, owner=owner)
                self._connection.execute(update(web_sessions).where(own).values(payload=payload))
                cut += 1
        return _touched("web_sessions", ended + cut)

    def _opened(self, row: Row[Any], purpose: str) -> bytes:
        owner = bytes(row[0]).hex()  # both tables begin with the blind index of what was brought
        return self._vault.open(bytes(row.payload), purpose=purpose, owner=owner)


def _own_columns(table: Table, user_id: str | None) -> Iterator[Column[Any]]:
    handling = HANDLING.get(table.name)
    if "subject_id" in table.c and handling is not Handling.STAYS:
        yield table.c.subject_id
    if "user_id" in table.c and handling is Handling.ACCOUNT and user_id is not None:
        yield table.c.user_id


def _readable_ids() -> Iterator[tuple[Table, Column[Any]]]:
    """Yield every column that could hold a random id in clear."""
    for table in metadata.sorted_tables:
        for column in table.c:
            if getattr(column.type, "length", None) == 32 and column.type.python_type is str:
                yield table, column


def _marks(table: Table, rows: Iterable[Row[Any]]) -> Iterator[str]:
    sealed = [column.name for column in table.c if isinstance(column.type, LargeBinary)]
    for row in rows:
        for name in sealed:
            value = getattr(row, name)
            mark = None if value is None else token_mark(bytes(value))
            if mark is not None:
                yield mark


def _needles(subject_id: str, user_id: str | None, words: Sequence[str]) -> list[bytes]:
    """Return what names the person in canonical JSON, the subject id first."""
    long_enough = [word for word in words if len(word) >= SHORTEST]
    texts = [subject_id, *([user_id] if user_id else []), *long_enough]
    return [json.dumps(text, ensure_ascii=False)[1:-1].encode() for text in texts]


def _holds(text: bytes, needles: Iterable[bytes]) -> bool:
    return any(needle in text for needle in needles)


def _touched(table: str, count: int) -> Destroyed:
    return Destroyed({table: count}) if count else Destroyed()


def _without_candidate(item: ReviewItem, subject_id: str) -> ReviewItem | None:
    candidates = item.body.get("candidates")
    others = [c for c in candidates if c[0] != subject_id] if isinstance(candidates, list) else []
    if not others or item.body.get("subject_id") == subject_id:
        return None
    return replace(item, body={**item.body, "candidates": others})


def _kept_files(spec: Mapping[str, object]) -> list[str]:
    """Return the names of the work files that a task keeps, each beside its key."""
    found = []
    for value in spec.values():
        if isinstance(value, dict) and {"name", "key"} <= value.keys():
            found.append(str(value["name"]))
        elif isinstance(value, list) and len(value) == 2 and _is_file_name(value[0]):
            found.append(str(value[0]))
    return found


def _is_file_name(value: object) -> bool:
    return isinstance(value, str) and len(value) == 32 and not set(value) - set("0123456789abcdef")


def _noted(intent: Intent) -> dict[str, object]:
    return {
        "subject_id": intent.subject_id,
        "by": intent.by,
        "at": iso(intent.at),
        "rows": dict(intent.rows),
        "tokens": sorted(intent.tokens),
        "files": list(intent.files),
        "stays": dict(intent.stays),
        "first_receipt": intent.first_receipt,
    }


def _intent(receipt_id: str, fields: Mapping[str, Any]) -> Intent:
    return Intent(
        receipt_id=receipt_id,
        subject_id=fields["subject_id"],
        by=fields["by"],
        at=instant(fields["at"]),
        rows=fields["rows"],
        tokens=frozenset(fields["tokens"]),
        files=tuple(fields["files"]),
        stays=fields["stays"],
        first_receipt=fields["first_receipt"],
    )
