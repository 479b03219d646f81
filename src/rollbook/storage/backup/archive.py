"""All that is done with backups of one open installation, behind the port `Archive`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from rollbook.domain.backups import Backup, Progress, to_keep
from rollbook.domain.subjects import new_id
from rollbook.errors import StorageUnavailable
from rollbook.storage.backup.before_migrating import LOCAL
from rollbook.storage.backup.bundle import refuse_other_site, write_bundle
from rollbook.storage.backup.checking import Contents
from rollbook.storage.backup.container import DATA, KEYS
from rollbook.storage.backup.keying import SiteKeys
from rollbook.storage.backup.naming import left_over, made_at, of_kind
from rollbook.storage.backup.places import Place, shown, split
from rollbook.storage.backup.writing import Origin, read_back, write_data
from rollbook.storage.copies import BACKUPS, delete_copies, with_keys
from rollbook.storage.database import Database
from rollbook.storage.former_keys import FormerKeys
from rollbook.storage.locking import locked

PATIENCE = 5.0  # seconds that a run waits for another one
TRIAL = b"Rollbook looks whether it can write here. This file can be deleted."


class HomeArchive:
    """Backups of one open database."""

    def __init__(self, database: Database, home: Path, keys_dir: Path) -> None:
        self._database = database
        self._home = home
        self._keys_dir = keys_dir

    def shown(self, url: str) -> str:
        return shown(url)

    def try_out(self, url: str, site: str) -> None:
        place = Place(url)
        place.make()
        refuse_other_site(self._origin(site), place)
        name = f"rollbook-{new_id()[:8]}.test"
        with place.writing(name) as stream:
            stream.write(TRIAL)
        with place.reading(name) as stream:
            found = stream.read()
        place.delete(name)
        if found != TRIAL:
            raise StorageUnavailable(
                "%(where)s gives back something else than was written.", where=place.shown
            )

    def back_up(self, url: str, site: str, at: datetime, keep: int, progress: Progress) -> Backup:
        place, origin = Place(url), self._origin(site)
        place.require()
        with self._alone():
            refuse_other_site(origin, place)
            for name in left_over(place.names()):
                place.delete(name)
            found = write_data(origin, place, at, progress)
            write_bundle(self._origin(site), place, at)  # the site key may be another by now
            _prune(place, keep)
        return _told(found)

    def replace_bundle(self, url: str, site: str, at: datetime) -> None:
        place = Place(url)
        place.require()
        with self._alone():
            origin = self._origin(site)
            refuse_other_site(origin, place)
            write_bundle(origin, place, at)

    def kept(self, url: str) -> list[Backup]:
        place = Place(url)
        place.require()
        names = of_kind(place.names(), DATA)
        return [Backup(name, made_at(name), place.size(name)) for name in names]

    def check(self, source: str, progress: Progress) -> Backup:
        folder, name = split(source)
        place = Place(folder)
        keys = self._origin("").keys
        found = read_back(place, name, keys, lambda done, total: progress(done, 0))
        return _told(found.named(name, place.size(name)))

    def local(self) -> str | None:
        folder = self._home / BACKUPS
        return str(folder) if folder.is_dir() else None

    def has_bundle(self, url: str) -> bool:
        place = Place(url)
        place.require()
        return bool(of_kind(place.names(), KEYS))

    def has_local_bundle(self) -> bool:
        local = self.local()
        return local is not None and bool(of_kind(Place(local).names(), KEYS))

    def replace_local_bundle(self, at: datetime) -> None:
        if self.has_local_bundle():
            with self._alone():
                write_bundle(self._origin(LOCAL), Place(str(self._home / BACKUPS)), at)

    def copies_with_keys(self) -> Sequence[str]:
        return [str(folder) for folder in with_keys(self._home)]

    def forget_site_keys(self, before: datetime) -> None:
        with self._database.uow() as uow:
            if uow.former_keys.forget_site(before):
                uow.commit()

    def delete_copies(self) -> int:
        return delete_copies(self._home)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep a second run on this machine from deleting what this one has begun."""
        try:
            with locked(self._keys_dir / "backup.lock", PATIENCE):
                yield
        except StorageUnavailable as error:
            if "backup.lock" not in str(error):
                raise
            raise StorageUnavailable("Another backup is running. Wait until it is done.") from error

    def _origin(self, site: str) -> Origin:
        with self._database.engine.connect() as connection:
            former = FormerKeys(connection, self._database.ring.site).site()
        present = tuple(self._database.keys.source.load())
        keys = SiteKeys(present, tuple(one.key for one in former))
        return Origin(self._database.engine, keys, self._keys_dir, site)


def _prune(place: Place, keep: int) -> None:
    """Delete data files that are older than what is kept."""
    names = of_kind(place.names(), DATA)
    staying = to_keep((made_at(name) for name in names), keep)
    for name in names:
        if made_at(name) not in staying:
            place.delete(name)


def _told(found: Contents) -> Backup:
    return Backup(
        name=found.name,
        made_at=datetime.fromisoformat(found.head.made_at).astimezone(UTC),
        size=found.size,
        rows=found.rows,
        people=len(found.people),
        entries=found.entries,
        head=found.link,
        version=found.head.version,
        key_id=found.head.key_id,
    )
