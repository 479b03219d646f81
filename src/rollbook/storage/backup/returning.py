"""Bringing an installation back: everything is proved first, and put in its place at the end."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, MetaData, inspect

from rollbook.domain.backups import Restored
from rollbook.domain.receipts import Receipt, ReceiptKind
from rollbook.domain.register import EntryKind, NewEntry
from rollbook.domain.subjects import new_id
from rollbook.errors import (
    AlreadyExists,
    DecryptionFailed,
    NotFound,
    RegisterTampered,
    StorageUnavailable,
)
from rollbook.storage.backup.bundle import Bundle, newest_bundle, read_bundle
from rollbook.storage.backup.container import DATA
from rollbook.storage.backup.keying import SiteKeys
from rollbook.storage.backup.naming import PATTERN, of_kind
from rollbook.storage.backup.places import Place, split
from rollbook.storage.backup.restoring import Plan, Within, build, forget, make_plan
from rollbook.storage.backup.writing import Progress, no_progress, read_back
from rollbook.storage.connecting import begin_writing, connect_engine
from rollbook.storage.copies import DATABASE, set_aside
from rollbook.storage.database import PATIENCE, _first_rows
from rollbook.storage.erasures import ErasureList, erasures_file
from rollbook.storage.keys import KeyRing, KeySource
from rollbook.storage.live_keys import LiveKeys
from rollbook.storage.witness import Witness

PAUSED = "backups_paused"  # site setting: a drill must not replace the bundle of the real site
BUILDING = "restoring-"  # folders that a killed restore leaves in the home


@dataclass(frozen=True)
class NewHome:
    """Where an installation comes back."""

    home: Path
    keys_dir: Path
    source: KeySource
    server: str | None = None  # address of a database on a server; None: a file in the home

    @property
    def database(self) -> Path:
        return self.home / DATABASE


@dataclass(frozen=True)
class Found:
    """A backup that was proved, and with which keys it comes back."""

    place: Place
    name: str
    plan: Plan


def find(source: str, bundle: str | None, new: NewHome, progress: Progress = no_progress) -> Found:
    """Look for a backup and its keys, and prove both to their last byte. Nothing is written.

    Raises:
        NotFound: there is no backup, or no key bundle.
        DecryptionFailed: it was changed, or another site key is needed.
    """
    place, name = find_data(source)
    keys = SiteKeys(tuple(new.source.load()))
    held = _bundle(bundle, place, keys)
    keys = replace(keys, former=held.former_site_keys(keys))
    contents = read_back(place, name, keys, progress)
    beside = erasures_file(new.keys_dir)
    erased = beside.read_bytes() if beside.is_file() else b""
    return Found(place, name, make_plan(contents.named(name, place.size(name)), keys, held, erased))


def find_data(source: str) -> tuple[Place, str]:
    """Return where a backup lies, and its name; of a folder's backups the newest."""
    folder, name = split(source)
    if PATTERN.fullmatch(name) or ("://" not in source and Path(source).is_file()):
        return Place(folder), name
    place = Place(source)
    place.require()
    names = of_kind(place.names(), DATA)
    if not names:
        raise NotFound("There is no backup in %(place)s.", place=place.shown)
    return place, names[0]


def _bundle(bundle: str | None, beside: Place, keys: SiteKeys) -> Bundle:
    if bundle is not None:
        folder, name = split(bundle)
        return read_bundle(Place(folder), name, keys)
    found = newest_bundle(beside, keys)
    if found is None:
        raise NotFound(
            "There is no key bundle (keys-….rbk) beside the backup, and without it nobody's data "
            "can be opened. Say where it is with --bundle."
        )
    return found


def bring_back(
    found: Found, new: NewHome, at: datetime, by: str, replaces: bool, progress: Progress
) -> Restored:
    """Build the database beside, prove it, and put it in its place.

    Raises:
        AlreadyExists: there is an installation, and it is not to be replaced.
        RegisterTampered: the register of the backup does not hold.
        DecryptionFailed: the keys of the bundle are not those of the people in the backup.
    """
    if new.server is not None:
        restored, witness, head = _build(found, new, new.server, at, by, progress, replaces)
        witness.reset(*head)
        return restored
    if new.database.exists() and not replaces:
        raise AlreadyExists(
            "There is a Rollbook in %(home)s already. Nothing was changed. Choose another folder, "
            "or give --replace: it is moved aside first.",
            home=new.home,
        )
    with _building(new.home) as folder:
        file = folder / DATABASE
        url = f"sqlite:///{file.as_posix()}"
        restored, witness, head = _build(found, new, url, at, by, progress, False)
        if new.database.exists():
            set_aside(new.home, at)
        witness.reset(*head)  # a kill before the next line leaves no database, and says so
        _put_in_place(file, new.database)
    return restored


@contextmanager
def _building(home: Path) -> Iterator[Path]:
    """Yield a new folder in the home; it and what killed ones left is removed at the end."""
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        for left in home.glob(f"{BUILDING}*"):
            shutil.rmtree(left)
        folder = home / f"{BUILDING}{new_id()[:8]}"
        folder.mkdir(mode=0o700)
    except OSError as error:
        raise StorageUnavailable(
            "%(home)s cannot be written: %(why)s.", home=home, why=error.strerror
        ) from error
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _put_in_place(file: Path, target: Path) -> None:
    for suffix in ("-wal", "-shm"):  # of a database that is gone
        target.with_name(target.name + suffix).unlink(missing_ok=True)
    if os.name != "nt":
        file.chmod(0o600)
    os.replace(file, target)


def _build(
    found: Found,
    new: NewHome,
    url: str,
    at: datetime,
    by: str,
    progress: Progress,
    replaces: bool,
) -> tuple[Restored, Witness, tuple[int, bytes]]:
    """Return what came back, and what the witness of its register has to say."""
    engine = connect_engine(url, PATIENCE)
    try:
        with engine.connect() as connection:
            begin_writing(connection)
            _make_room(connection, replaces)
            with found.place.reading(found.name) as source:
                restored = build(connection, source, found.plan, progress)
            _first_rows(connection, found.plan.keys.all)  # purposes that are newer than the backup
            live = LiveKeys.read(new.source, connection)
            uow = Within(connection, live)
            _prove(uow, found.plan)
            head = _note(uow, found, restored, at, by)
            _write_beside(new, found.plan, live.ring)
            connection.commit()
    finally:
        engine.dispose()  # SQLite then folds its WAL into the file
    return restored, Witness(new.keys_dir, live.ring.register), head


def _make_room(connection: Connection, replaces: bool) -> None:
    """Drop what is there, if that was said; until the commit others see it as it was."""
    if not inspect(connection).has_table("alembic_version"):
        return
    if not replaces:
        raise AlreadyExists(
            "The database holds a Rollbook already. Nothing was changed. Give an empty one, or "
            "give --replace, which deletes what is there."
        )
    there = MetaData()
    there.reflect(bind=connection)
    there.drop_all(connection)


def _prove(uow: Within, plan: Plan) -> None:
    forget(uow, plan.gone)
    checked = uow.register.verify()
    if not checked.holds:
        raise RegisterTampered(
            f"The register in this backup does not hold, first at entry "
            f"{checked.faults[0].number}. Nothing was changed. Use an older backup."
        )
    try:
        uow.subjects.names()  # a person's rows are sealed with one key, their name among them
    except DecryptionFailed as error:
        raise DecryptionFailed(
            "The keys of people were exchanged since this backup was made, and the key bundle "
            "holds the new ones alone. Nothing was changed. Use a newer backup, or give the "
            "bundle of its day with --bundle, and the site key of that day."
        ) from error


def _note(
    uow: Within,
    found: Found,
    restored: Restored,
    at: datetime,
    by: str,
) -> tuple[int, bytes]:
    """Write the receipt and the entry, let the daily backups rest; return the register's head."""
    contents = found.plan.contents
    body: Mapping[str, object] = {
        "file": contents.name,
        "made_at": contents.head.made_at,
        "rows": restored.rows,
        "people": restored.people,
        "erased": restored.erased,
        "without_key": restored.keyless,
        "entries": contents.entries,
        "head": contents.link,
    }
    receipt = uow.receipts.add(Receipt(new_id(), ReceiptKind.RESTORE, at, body))
    told = {"event": "restored", "at": at.isoformat(), "by": by, "receipt": receipt.receipt_id}
    told |= {"made_at": contents.head.made_at}
    uow.site.set(PAUSED, True)
    uow.register.append(NewEntry(EntryKind.TRUST, told))
    return uow.register.head()


def _write_beside(new: NewHome, plan: Plan, ring: KeyRing) -> None:
    """Write what lies beside the keys: the list of erasures, and the local authority."""
    signer = ring.signer
    ErasureList(new.keys_dir, signer.public_key, signer.sign).merge(plan.bundle.erasures)
    for name, content in plan.contents.files.items():
        file = new.keys_dir / name
        if not file.exists():
            handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "wb") as stream:
                stream.write(content)
