"""Keys are exchanged while others use them; nothing is lost and the old keys open nothing more."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import select, update

from builders import NOW, make_class, make_consent, make_reference
from rollbook.domain.attendance import Status
from rollbook.domain.key_ports import Passed
from rollbook.domain.receipts import ReceiptKind
from rollbook.domain.register import EntryKind
from rollbook.domain.task_ports import TaskState
from rollbook.errors import DecryptionFailed, StorageUnavailable
from rollbook.services.key_rotation import BY_HAND, KIND, KeyRotation, Part
from rollbook.services.marks import marks_of
from rollbook.services.register import RegisterKeeper
from rollbook.services.tasks import TaskRunner
from rollbook.storage.database import Database
from rollbook.storage.keys import load_site_keys, opener
from rollbook.storage.resealing import data_columns, opens, sealed_columns
from rollbook.storage.rotation import SqlKeyStore
from rollbook.storage.tables import data_keys, metadata, subject_keys
from rollbook.testing import FixedClock

REASON = "broken collarbone after hockey"


class Rotating:
    """A database with people, marks and reasons, and what rotates its keys."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.clock = FixedClock(NOW)
        self.group, self.people = make_class(database.uow, ["Ada", "Bob", "Cleo"])
        self.keeper = RegisterKeeper(database.uow, self.clock)
        self.session = self.open_session()
        with database.uow() as uow:
            for seed, person in enumerate(self.people):
                uow.consents.add(make_consent(person.subject_id))
                uow.references.add(make_reference(person.subject_id, seed, crop=b"jpeg" * 100))
            uow.commit()
        self.store = SqlKeyStore(database.engine, database.keys)
        self.service = KeyRotation(database.uow, self.clock, self.store)

    def open_session(self, days: int = 0) -> str:
        starts = NOW + timedelta(days=days)
        opened = self.keeper.open_session(
            self.group.group_id, starts, starts + timedelta(hours=1), business_date=starts.date()
        )
        return opened.session_id

    def mark(self, person: int, reason: str | None = None) -> None:
        subject_id = self.people[person].subject_id
        self.keeper.mark_by_hand(self.session, subject_id, Status.EXCUSED, reason, "teacher")

    def rotate(self, *parts: Part, service: KeyRotation | None = None) -> TaskState:
        service = service or self.service
        task = service.start(parts, "", "tester")
        TaskRunner(self.database.uow, self.clock, {KIND: service.work}).run_one()
        with self.database.uow() as uow:
            done = uow.tasks.get(task.task_id)
        assert done.failure == "" or done.state is TaskState.FAILED
        return done.state

    def read_all(self) -> list[object]:
        """Return everything that was sealed, opened."""
        with self.database.uow() as uow:
            marks = marks_of(uow, [self.session])[self.session]
            people = [uow.subjects.get(person.subject_id) for person in self.people]
            samples = [uow.references.of(person.subject_id)[0] for person in self.people]
            consents = [uow.consents.of(person.subject_id) for person in self.people]
            crops = [sample.crop.jpeg for sample in samples if sample.crop is not None]
            values = [sample.template.values.round(5).tolist() for sample in samples]
            return [marks, people, consents, crops, values, uow.groups.all()]

    def data_tokens(self) -> Iterator[tuple[str, bytes]]:
        with self.database.engine.connect() as connection:
            for column in data_columns():
                query = select(column.column).where(column.column.is_not(None))
                for token in connection.execute(query).scalars():
                    yield column.key, bytes(token)

    def wrapped(self) -> dict[str, bytes]:
        with self.database.engine.connect() as connection:
            rows = [
                *connection.execute(select(data_keys)),
                *connection.execute(select(subject_keys)),
            ]
            return {row[0]: bytes(row[1]) for row in rows}

    def keys_of(self, person: int) -> int:
        subject_id = self.people[person].subject_id
        return len(self.database.ring.subject_keys(subject_id, self.wrapped()[subject_id]))


@pytest.fixture
def rotating(database: Database) -> Rotating:
    return Rotating(database)


def test_everything_reads_as_before_after_all_keys_were_exchanged(rotating: Rotating) -> None:
    rotating.mark(0, REASON)
    rotating.keeper.close_session(rotating.session)
    before = rotating.read_all()
    assert rotating.rotate() is TaskState.DONE
    assert rotating.read_all() == before
    assert rotating.keeper.verify().holds
    status = rotating.service.status()
    assert [one.keys for one in status.purposes] == [1] * 5
    assert [one.older_rows for one in status.purposes] == [0] * 5
    assert (status.older_person_rows, status.damaged_person_rows, status.site_keys) == (0, 0, 1)


def test_the_former_data_keys_open_nothing_more(rotating: Rotating) -> None:
    former = dict(rotating.database.ring.sealing)
    assert any(opens(former[key], token) for key, token in rotating.data_tokens())
    rotating.rotate(Part.DATA)
    tokens = list(rotating.data_tokens())
    assert tokens and not any(opens(key, token) for key in former.values() for _, token in tokens)


def test_the_former_site_key_unwraps_nothing_more_and_is_kept_for_backups(
    rotating: Rotating, keys_dir: Path
) -> None:
    (former,) = load_site_keys(keys_dir)
    rotating.rotate(Part.SITE)
    (present,) = load_site_keys(keys_dir)
    assert present != former
    wrapped = rotating.wrapped()
    assert not any(opens(Fernet(former), key) for key in wrapped.values())
    assert all(opens(Fernet(present), key) for key in wrapped.values())
    with rotating.database.uow() as uow:
        assert former in [one.key for one in uow.former_keys.site()]
        assert uow.former_keys.forget_site(NOW + timedelta(days=1)) >= 1
        uow.commit()
    with rotating.database.uow() as uow:
        assert list(uow.former_keys.site()) == []


def test_a_person_keeps_their_former_key_only_for_what_the_register_quotes(
    rotating: Rotating,
) -> None:
    rotating.mark(0, REASON)
    rotating.mark(1)
    rotating.rotate(Part.SUBJECTS)
    assert [rotating.keys_of(person) for person in range(3)] == [2, 1, 1]
    assert rotating.service.status().people_with_former == 1
    with rotating.database.uow() as uow:
        (first, _second) = marks_of(uow, [rotating.session])[rotating.session]
        assert first.reason == REASON
    rotating.rotate(Part.SUBJECTS)
    assert rotating.keys_of(0) == 2, "the newest, and the one that is quoted; none between"


def test_a_former_key_that_kept_backups_need_stays(rotating: Rotating) -> None:
    service = KeyRotation(
        rotating.database.uow,
        rotating.clock,
        rotating.store,
        kept_from=lambda now: now - timedelta(days=14),
    )
    rotating.rotate(Part.SUBJECTS, service=service)
    assert [rotating.keys_of(person) for person in range(3)] == [2, 2, 2]
    rotating.clock.at = NOW + timedelta(days=20)
    rotating.rotate(Part.SUBJECTS, service=service)
    assert [rotating.keys_of(person) for person in range(3)] == [2, 2, 2], "the oldest is gone"


def test_another_process_takes_up_new_keys_by_itself(rotating: Rotating, keys_dir: Path) -> None:
    url = rotating.database.engine.url.render_as_string(hide_password=False)
    other = Database.open(url, keys_dir=keys_dir)
    try:
        with other.uow() as reader:
            assert len(reader.subjects.all()) == 3
        rotating.rotate()
        with other.uow() as reader:
            assert {one.name for one in reader.subjects.all()} == {"Ada", "Bob", "Cleo"}
        keeper = RegisterKeeper(other.uow, rotating.clock)
        ada = rotating.people[0].subject_id
        keeper.mark_by_hand(rotating.session, ada, Status.EXCUSED, REASON, "teacher")
        _, (new,) = make_class(other.uow, ["Dora"], "9c")
    finally:
        other.close()
    with rotating.database.uow() as uow:
        assert uow.subjects.get(new.subject_id).name == "Dora"
        (mark,) = marks_of(uow, [rotating.session])[rotating.session]
        assert mark.reason == REASON
    former = list(rotating.store.reseal())
    assert sum(former, Passed()).found_nothing


def test_a_transaction_that_read_before_an_exchange_seals_with_the_new_keys(
    rotating: Rotating, keys_dir: Path
) -> None:
    url = rotating.database.engine.url.render_as_string(hide_password=False)
    other = Database.open(url, keys_dir=keys_dir)
    ada = rotating.people[0]
    try:
        with other.uow() as uow:
            uow.subjects.get(ada.subject_id)
            uow.consents.of(ada.subject_id)
            rotating.rotate(Part.DATA, Part.SUBJECTS)
            uow.consents.add(replace(make_consent(ada.subject_id), given_by="her father"))
            uow.site.set("site_name", "Saint Swithin's")
            uow.commit()
    finally:
        other.close()
    assert sum(rotating.store.reseal(), Passed()).found_nothing
    assert rotating.service.status().older_person_rows == 0
    with rotating.database.uow() as uow:
        assert [one.given_by for one in uow.consents.of(ada.subject_id)][-1] == "her father"


def test_a_rotation_that_was_stopped_goes_on_where_it_was(rotating: Rotating) -> None:
    task = rotating.service.start([Part.DATA], "", "tester")
    rotating.store.add_data_keys(task.task_id, NOW)
    assert rotating.service.stop(task.task_id, "tester")
    assert {one.keys for one in rotating.service.status().purposes} == {2}
    assert rotating.rotate(Part.SITE) is TaskState.DONE, "the one before comes first"
    assert {one.keys for one in rotating.service.status().purposes} == {1}
    with rotating.database.uow() as uow:
        events = [entry.body["event"] for entry in uow.register.entries([EntryKind.TRUST])]
        assert events == [
            "keys: rotation done",
            "keys: rotation resumed",
            "keys: rotation stopped",
            "keys: rotation begun",
        ]
        (receipt,) = uow.receipts.all([ReceiptKind.ROTATION])
        assert receipt.body["parts"] == ["data"]


def test_two_clicks_are_one_rotation(rotating: Rotating) -> None:
    first = rotating.service.start([Part.DATA], "", "tester")
    assert rotating.service.start([Part.DATA], "", "tester").task_id == first.task_id


def test_what_older_versions_sealed_opens_and_is_sealed_anew(rotating: Rotating) -> None:
    rotating.mark(0, REASON)
    before = rotating.read_all()
    _seal_as_before(rotating.database)
    assert rotating.read_all() == before
    status = {one.purpose: one for one in rotating.service.status().purposes}
    assert status["book"].older_rows > 0 and status["crops"].older_rows == 3
    rotating.rotate(Part.DATA)
    assert rotating.read_all() == before
    assert [one.older_rows for one in rotating.service.status().purposes] == [0] * 5


def _seal_as_before(database: Database) -> None:
    """Put all payloads under the keys that the first versions had for them."""
    ring = database.ring
    with database.engine.begin() as connection:
        for column in sealed_columns("book", "crops"):
            for row in connection.execute(select(column.table)).mappings().all():
                token = row[column.column.name]
                if token is None:
                    continue
                text = ring.sealing[column.key].decrypt(bytes(token))
                old = ring.seal.encrypt(text) if column.key == "book" else _as_token(text)
                changed = update(column.table).where(column.row_id == row[column.row_id.name])
                connection.execute(changed.values({column.column.name: old}))


def _as_token(raw: bytes) -> bytes:
    import base64

    return base64.urlsafe_b64encode(raw)


def test_a_damaged_row_is_told_and_does_not_keep_an_old_key_alive(rotating: Rotating) -> None:
    groups = metadata.tables["groups"]
    with rotating.database.engine.begin() as connection:
        connection.execute(update(groups).values(name=b"gAAAAAdamaged"))
    assert rotating.rotate(Part.DATA) is TaskState.DONE
    seal = rotating.service.status().purposes[0]
    assert (seal.purpose, seal.damaged_rows, seal.keys) == ("seal", 1, 1)


class Fixed:
    """A site key that a person put there and Rollbook cannot write."""

    def __init__(self, keys: list[bytes]) -> None:
        self.keys = keys

    def load(self) -> list[bytes]:
        return self.keys

    def create(self) -> None: ...

    def store(self, keys: list[bytes]) -> None:
        if keys[0] != self.keys[0]:
            raise StorageUnavailable("Put a new key before the old one.")

    def describe(self) -> str:
        return "elsewhere"


def test_a_site_key_that_cannot_be_written_is_left_to_a_person(
    rotating: Rotating, keys_dir: Path
) -> None:
    (former,) = load_site_keys(keys_dir)
    source = Fixed([former])
    rotating.database.keys.source = source
    assert rotating.rotate(Part.SITE) is TaskState.FAILED
    source.keys = [Fernet.generate_key(), former]
    assert rotating.rotate(Part.SITE) is TaskState.DONE
    assert all(opens(Fernet(source.keys[0]), key) for key in rotating.wrapped().values())
    source.keys = source.keys[:1]
    assert len(rotating.read_all()) == 6
    from rollbook.storage.keys import FileKeySource, store_site_keys

    store_site_keys(keys_dir, source.keys)
    rotating.database.keys.source = FileKeySource(keys_dir)


def test_of_all_keys_what_cannot_be_written_is_said(rotating: Rotating, keys_dir: Path) -> None:
    from rollbook.storage.keys import FileKeySource

    rotating.database.keys.source = Fixed(load_site_keys(keys_dir))
    assert rotating.rotate() is TaskState.DONE
    task = rotating.service.latest()
    assert task is not None and [line.code for line in task.lines] == [BY_HAND]
    rotating.database.keys.source = FileKeySource(keys_dir)


def test_an_exported_file_opens_after_its_key_was_exchanged(rotating: Rotating) -> None:
    with rotating.database.uow() as uow:
        token = uow.vault.seal(b"a month", purpose="export", owner="file", key="backup")
        older = uow.vault.seal(b"an older one", purpose="export", owner="file")
    rotating.rotate(Part.DATA)
    rotating.rotate(Part.SITE)
    with rotating.database.uow() as uow:
        assert uow.vault.open_file(token, purpose="export", owner="file") == b"a month"
        assert uow.vault.open_file(older, purpose="export", owner="file") == b"an older one"
        with pytest.raises(DecryptionFailed):
            uow.vault.open(token, purpose="export", owner="file", key="backup")
        with pytest.raises(DecryptionFailed):
            uow.vault.open_file(token, purpose="export", owner="another")


def test_a_crop_needs_both_keys(rotating: Rotating) -> None:
    ring = rotating.database.ring
    (column,) = sealed_columns("crops")
    subject_id = rotating.people[0].subject_id
    with rotating.database.engine.connect() as connection:
        query = select(column.column).where(column.table.c.subject_id == subject_id)
        token = bytes(connection.execute(query).scalar_one())
    key = opener(ring.subject_keys(subject_id, rotating.wrapped()[subject_id]))
    assert not opens(key, token)
    inner = ring.sealing["crops"].decrypt(token)
    assert b"jpeg" not in inner and opens(key, _as_token(inner))
