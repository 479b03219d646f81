"""Opens a database with its keys, and starts transactions on it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from cryptography.fernet import Fernet, MultiFernet
from sqlalchemy import Connection, Engine, insert

from rollbook.domain.witness import Standing, WitnessState
from rollbook.errors import NotFound, StorageUnavailable
from rollbook.storage.connecting import connect_engine, parse_address
from rollbook.storage.keys import (
    PURPOSES,
    FileKeySource,
    KeyRing,
    KeySource,
    new_data_keys,
    require_fitting,
)
from rollbook.storage.ledger import first_head
from rollbook.storage.live_keys import LiveKeys, wrapped_data_keys
from rollbook.storage.migrating import REVISIONS, migrate, revision_of
from rollbook.storage.tables import data_keys, heads
from rollbook.storage.unit_of_work import Memory, SqlUnitOfWork
from rollbook.storage.witness import Witness, witness_file

PATIENCE = 10.0  # seconds that a writer waits for another one
GLANCES, GLANCE = 3, 0.03  # seconds between two


@dataclass
class Database:
    """One database with its unwrapped keys; threads may share it."""

    engine: Engine
    keys: LiveKeys
    memory: Memory
    witness: Witness | None = None  # None: a database in memory

    @classmethod
    def open(
        cls,
        url: str,
        *,
        keys_dir: Path,
        create: bool = False,
        patience: float = PATIENCE,
        source: KeySource | None = None,
    ) -> Self:
        """Return the database at this address, with its tables brought up to date.

        `source` is where the site key comes from: by default the file in `keys_dir`.

        Raises:
            NotFound: there is none and `create` is false, or its key file is missing; or one is
                gone whose witness is there, whatever `create` says.
            DecryptionFailed: the key is not the one that the database was made with.
            NewerDatabase: a later version of Rollbook wrote it.
            StorageUnavailable: it cannot be read or written, or another program holds it.
        """
        file = _file_of(url)
        if file is not None:
            _refuse_lost(file, keys_dir)
        if file is not None and not create and not file.exists():
            raise NotFound(
                "There is no Rollbook in %(parent)s yet. Run: rollbook init", parent=file.parent
            )
        if file is not None and create:
            _make_folder(file.parent)
        engine = connect_engine(url, patience)
        source = source or FileKeySource(keys_dir)
        try:
            keys = _open_keys(engine, source, keys_dir, create)
        except BaseException:
            engine.dispose()
            raise
        witness = Witness(keys_dir, keys.ring.register) if _is_kept(url) else None
        return cls(engine, keys, Memory(), witness)

    @property
    def ring(self) -> KeyRing:
        """The keys as they are now; a rotation exchanges them."""
        return self.keys.ring

    def uow(self) -> SqlUnitOfWork:
        """Start a transaction; it reaches the database with its first statement."""
        return SqlUnitOfWork(self.engine, self.keys, self.memory, self.witness)

    def standing(self) -> Standing:
        """Return how the register stands to its witness; what came after it is told once.

        Raises:
            RegisterTampered: the head was changed outside of Rollbook.
        """
        for _ in range(GLANCES):  # another process may be between its commit and the witness
            with self.uow() as uow:
                found, head = uow.register.standing(), uow.register.head()
            if found.state is not WitnessState.AHEAD:
                return found
            time.sleep(GLANCE)
        if self.witness is not None:
            self.witness.advance(*head)
        return found

    def reset_witness(self) -> None:
        """Write the present head to the witness, whatever it said: after a restore.

        Raises:
            RegisterTampered: the head was changed outside of Rollbook.
            StorageUnavailable: the folder of the keys cannot be written.
        """
        if self.witness is not None:
            with self.uow() as uow:
                self.witness.reset(*uow.register.head())

    def close(self) -> None:
        """Give back all connections; SQLite then folds its WAL into the file."""
        self.engine.dispose()


def _file_of(url: str) -> Path | None:
    """Return the database's file, or None for a server."""
    parsed = parse_address(url)
    if parsed.get_backend_name() != "sqlite" or not parsed.database:
        return None
    return Path(parsed.database)


def _is_kept(url: str) -> bool:
    parsed = parse_address(url)
    in_memory = parsed.database in {None, "", ":memory:"}
    return parsed.get_backend_name() != "sqlite" or not in_memory


def _refuse_lost(file: Path, keys_dir: Path) -> None:
    """Begin no empty register in the place of one that is gone; whoever comes first would own it.

    Raises:
        NotFound: the file is not there or empty, and its witness is there.
    """
    if witness_file(keys_dir).exists() and not (file.exists() and file.stat().st_size):
        raise NotFound(
            "The database %(file)s is gone, and its keys are still there. Nothing was changed. "
            "Bring it back from a backup: rollbook restore. Or put back a copy from the folder "
            "backups beside it. To begin with nothing, move the folder %(keys)s away first.",
            file=file,
            keys=keys_dir,
        )


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StorageUnavailable(
            "The folder %(folder)s cannot be made: %(reason)s. Choose another with --home.",
            folder=folder,
            reason=error.strerror,
        ) from error


def _open_keys(engine: Engine, source: KeySource, keys_dir: Path, create: bool) -> LiveKeys:
    """Return the keys; what already exists is only touched once its key has proved right."""
    with engine.connect() as connection:
        revision = revision_of(connection)
        if revision == REVISIONS[-1]:
            return LiveKeys.read(source, connection)
        if revision is not None:
            require_fitting(_site(source), wrapped_data_keys(connection))
            _back_up_first(connection, keys_dir, source)
        elif not create:
            raise NotFound("The database has no tables of Rollbook yet. Run: rollbook init")
        else:
            source.create()
        site = _site(source)
        migrate(connection)
        _first_rows(connection, site)
        connection.commit()
        return LiveKeys.read(source, connection)


def _back_up_first(connection: Connection, keys_dir: Path, source: KeySource) -> None:
    """Make a backup: an earlier version's tables are about to be changed."""
    from rollbook.storage.backup.before_migrating import back_up_first  # seldom needed

    back_up_first(connection, keys_dir, tuple(source.load()))


def _site(source: KeySource) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in source.load()])


def _first_rows(connection: Connection, site: MultiFernet) -> None:
    """Write the data keys and the head of the empty register, unless they are there."""
    known = wrapped_data_keys(connection)
    made = new_data_keys(site, [purpose for purpose in PURPOSES if purpose not in known])
    ring = KeyRing.unwrap(site, {**known, **made})
    if made:  # a new database, or one of an earlier version that had fewer purposes
        rows = [{"purpose": purpose, "wrapped": key} for purpose, key in made.items()]
        connection.execute(insert(data_keys), rows)
    if not known:
        connection.execute(insert(heads), [first_head(ring.register)])
