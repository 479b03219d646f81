"""A backup of either database comes back on either, without those who were erased."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from builders import make_class, make_consent, make_reference, make_session
from rollbook.domain.attendance import Method
from rollbook.domain.receipts import ReceiptKind
from rollbook.domain.subjects import new_id
from rollbook.errors import AlreadyExists, DecryptionFailed, InvalidInput, NotFound
from rollbook.services.register import RegisterKeeper
from rollbook.storage.backup.bundle import (
    newest_bundle,
    read_bundle,
    refuse_other_site,
    write_bundle,
)
from rollbook.storage.backup.keying import SiteKeys
from rollbook.storage.backup.places import Place
from rollbook.storage.backup.returning import NewHome, bring_back, find
from rollbook.storage.backup.writing import Origin, no_progress, write_data
from rollbook.storage.database import Database
from rollbook.storage.erasures import Erased, ErasureList
from rollbook.storage.keys import FileKeySource, load_site_keys, site_key_file
from rollbook.testing import FixedClock

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
SERVER = "postgresql+psycopg://root@127.0.0.1:5432/test"


@pytest.fixture
def empty_postgres() -> Iterator[str]:
    """Return the address of an empty schema."""
    from sqlalchemy import create_engine, text

    engine, schema = create_engine(SERVER), f"rollbook_{secrets.token_hex(6)}"
    with engine.begin() as connection:
        connection.execute(text(f"CREATE SCHEMA {schema}"))
    yield f"{SERVER}?options=-csearch_path%3D{schema}"
    with engine.begin() as connection:
        connection.execute(text(f"DROP SCHEMA {schema} CASCADE"))
    engine.dispose()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def target(request: pytest.FixtureRequest) -> str | None:
    """Return the address of the database to restore to; None: a file."""
    return None if request.param == "sqlite" else request.getfixturevalue("empty_postgres")


class School:
    """Three people, of whom one is marked, in a database that can be backed up."""

    def __init__(self, database: Database, keys_dir: Path, folder: Path) -> None:
        self.database, self.keys_dir, self.folder = database, keys_dir, folder
        folder.mkdir()
        self.place = Place(str(folder))
        group, self.people = make_class(database.uow, ["Ada Lovelace", "Alan", "Grace"])
        session = make_session(group.group_id)
        with database.uow() as uow:
            for person in self.people:
                uow.consents.add(make_consent(person.subject_id))
                uow.references.add(make_reference(person.subject_id, 1))
            uow.sessions.add(session)
            uow.commit()
        self.session = session
        self.keeper = RegisterKeeper(database.uow, FixedClock(NOW))
        self.mark(0)

    def mark(self, which: int) -> None:
        self.keeper.sight(self.session.session_id, self.people[which].subject_id, NOW, Method.FACE)

    @property
    def origin(self) -> Origin:
        keys = SiteKeys(tuple(load_site_keys(self.keys_dir)))
        return Origin(self.database.engine, keys, self.keys_dir, "a" * 32)

    def back_up(self, at: datetime = NOW) -> str:
        name = write_data(self.origin, self.place, at, no_progress).name
        write_bundle(self.origin, self.place, at)
        return name

    def new_home(self, home: Path, server: str | None = None) -> NewHome:
        """Return an empty machine to which the recovery sheet gave the site key back."""
        (home / "keys").mkdir(parents=True, exist_ok=True)
        site_key_file(home / "keys").write_bytes(site_key_file(self.keys_dir).read_bytes())
        return NewHome(home, home / "keys", FileKeySource(home / "keys"), server)


@pytest.fixture
def school(database: Database, keys_dir: Path, tmp_path: Path) -> School:
    for left in keys_dir.glob("erasures*"):
        left.unlink()
    return School(database, keys_dir, tmp_path / "backups")


def opened(new: NewHome) -> Database:
    url = new.server or f"sqlite:///{new.database.as_posix()}"
    return Database.open(url, keys_dir=new.keys_dir)


def restore(school: School, new: NewHome, source: str | None = None) -> Database:
    found = find(source or str(school.folder), None, new)
    bring_back(found, new, NOW, "test", False, no_progress)
    return opened(new)


def test_everything_comes_back_on_either_database(
    school: School, target: str | None, tmp_path: Path
) -> None:
    (school.keys_dir / "lan-ca.crt").write_text("authority")
    school.back_up()
    new = school.new_home(tmp_path / "new", target)
    database = restore(school, new)
    with school.database.uow() as old, database.uow() as uow:
        assert uow.subjects.names() == old.subjects.names()
        for person in school.people:
            assert uow.consents.of(person.subject_id) == old.consents.of(person.subject_id)
        ada = school.people[0].subject_id
        before, after = old.references.of(ada), uow.references.of(ada)
        assert [one.reference_id for one in before] == [one.reference_id for one in after]
        assert (before[0].template.values == after[0].template.values).all()
        marks = uow.register.of_session(school.session.session_id)
        assert marks == old.register.of_session(school.session.session_id)
        assert marks
        assert uow.register.verify().holds
        assert uow.register.count() == old.register.count() + 1
        (receipt,) = uow.receipts.all([ReceiptKind.RESTORE])
        assert receipt.body["people"] == 3 and receipt.body["erased"] == 0
        assert uow.site.get("backups_paused") is True
        assert (new.keys_dir / "lan-ca.crt").read_text() == "authority"
    make_class(database.uow, ["Somebody New"], "9z")  # numbers go on after the old ones
    with database.uow() as uow:
        assert len(uow.subjects.names()) == 4
    database.close()


def test_others_write_while_a_backup_reads_one_moment(school: School, tmp_path: Path) -> None:
    with school.database.uow() as uow:
        entries = uow.register.count()
    marked = []

    def meanwhile(done: int, total: int) -> None:
        if not marked:
            marked.append(True)
            school.mark(1)

    contents = write_data(school.origin, school.place, NOW, meanwhile)
    assert marked and contents.entries == entries
    with school.database.uow() as uow:
        assert uow.register.count() == entries + 1


def test_who_was_erased_does_not_come_back_with_an_old_backup(
    school: School, target: str | None, tmp_path: Path
) -> None:
    old = school.back_up()
    gone = school.people[0].subject_id
    ring = school.database.ring
    listed = ErasureList(school.keys_dir, ring.signer.public_key, ring.signer.sign)
    with school.database.uow() as uow:
        uow.subjects.remove(gone)
        uow.commit()
    listed.append([Erased(gone, NOW, new_id())])
    write_bundle(school.origin, school.place, NOW)
    kept = newest_bundle(school.place, school.origin.keys)
    assert kept is not None and gone not in kept.subject_keys
    new = school.new_home(tmp_path / "new", target)
    database = restore(school, new, str(school.folder / old))
    with database.uow() as uow:
        assert set(uow.subjects.names()) == {one.subject_id for one in school.people[1:]}
        with pytest.raises(NotFound):
            uow.subjects.get(gone)
        assert uow.references.of(gone) == [] and uow.consents.of(gone) == []
        assert uow.register.verify().holds
        (receipt,) = uow.receipts.all([ReceiptKind.RESTORE])
        assert receipt.body["erased"] == 1
    new_ring = database.ring
    assert ErasureList(
        new.keys_dir, new_ring.signer.public_key, new_ring.signer.sign
    ).erased_ids() == {gone}
    database.close()


def test_an_older_bundle_brings_nobody_back_whom_the_new_home_knows_as_erased(
    school: School, tmp_path: Path
) -> None:
    school.back_up()
    gone = school.people[0].subject_id
    new = school.new_home(tmp_path / "new")
    ring = school.database.ring
    ErasureList(new.keys_dir, ring.signer.public_key, ring.signer.sign).append(
        [Erased(gone, NOW, new_id())]
    )
    database = restore(school, new)
    with database.uow() as uow:
        assert gone not in uow.subjects.names()
    database.close()


def test_a_former_bundle_goes_once_the_new_one_is_there(school: School) -> None:
    school.back_up()
    (first,) = school.folder.glob("keys-*.rbk")
    write_bundle(school.origin, school.place, NOW)
    (second,) = school.folder.glob("keys-*.rbk")
    assert first.name != second.name
    assert len(read_bundle(school.place, second.name, school.origin.keys).subject_keys) == 3


def test_another_key_opens_nothing_and_says_which_is_needed(school: School, tmp_path: Path) -> None:
    school.back_up()
    new = school.new_home(tmp_path / "new")
    from cryptography.fernet import Fernet

    site_key_file(new.keys_dir).write_bytes(Fernet.generate_key())
    with pytest.raises(DecryptionFailed, match=school.origin.keys.key_id):
        find(str(school.folder), None, new)
    assert not new.database.exists()


def test_a_site_key_that_was_replaced_since_is_in_the_bundle(
    school: School, tmp_path: Path
) -> None:
    """The data file opens with the former key, and all comes back under the new one."""
    from cryptography.fernet import Fernet

    from rollbook.storage.keys import unwrap, wrap

    old = school.back_up()
    former, fresh = tuple(load_site_keys(school.keys_dir)), Fernet.generate_key()
    newest = newest_bundle(school.place, SiteKeys(former))
    assert newest is not None
    rewrapped = {
        who: wrap(Fernet(fresh), f"subject:{who}", unwrap(Fernet(former[0]), f"subject:{who}", key))
        for who, key in newest.subject_keys.items()
    }
    from dataclasses import replace

    from rollbook.storage.backup.checking import read_contents
    from rollbook.storage.backup.restoring import make_plan
    from rollbook.storage.backup.returning import Found

    keys = SiteKeys((fresh,), former)
    with school.place.reading(old) as source:
        contents = read_contents(source, keys)
    plan = make_plan(contents, keys, replace(newest, subject_keys=rewrapped), b"")
    home = tmp_path / "new"
    new = school.new_home(home)
    site_key_file(new.keys_dir).write_bytes(fresh)
    bring_back(Found(school.place, old, plan), new, NOW, "test", False, no_progress)
    database = opened(new)
    with database.uow() as uow:
        assert len(uow.subjects.names()) == 3
    database.close()


def test_an_installation_is_only_replaced_when_it_is_said(school: School, tmp_path: Path) -> None:
    school.back_up()
    new = school.new_home(tmp_path / "new")
    restore(school, new).close()
    found = find(str(school.folder), None, new)
    before = new.database.read_bytes()
    with pytest.raises(AlreadyExists, match="--replace"):
        bring_back(found, new, NOW, "test", False, no_progress)
    assert new.database.read_bytes() == before
    bring_back(found, new, NOW, "test", True, no_progress)
    (aside,) = (new.home / "backups").glob("before-restore-*")
    assert (aside / "rollbook.db").is_file()
    opened(new).close()


def test_two_sites_do_not_share_a_folder(school: School) -> None:
    from dataclasses import replace

    school.back_up()
    refuse_other_site(school.origin, school.place)
    with pytest.raises(InvalidInput, match="another site"):
        refuse_other_site(replace(school.origin, site="b" * 32), school.place)
