"""One transaction with all repositories."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from types import TracebackType
from typing import Self

from sqlalchemy import Connection, Engine, insert, select, update

from rollbook.domain.subjects import Subject
from rollbook.domain.timetable import Series
from rollbook.storage.bounded import Bounded
from rollbook.storage.connecting import refuse_undone
from rollbook.storage.forgetting import Forgetting
from rollbook.storage.former_keys import FormerKeys
from rollbook.storage.ledger import Ledger, Opened
from rollbook.storage.live_keys import LiveKeys
from rollbook.storage.personal import SqlPersonRows
from rollbook.storage.repositories.absences import OpenedAbsences, SqlAbsences
from rollbook.storage.repositories.accounts import (
    OpenedUsers,
    SqlReplies,
    SqlStaff,
    SqlThrottles,
    SqlUsers,
    SqlWebSessions,
)
from rollbook.storage.repositories.blocks import SqlBlocks
from rollbook.storage.repositories.cameras import SqlCameras
from rollbook.storage.repositories.documents import SqlDocuments
from rollbook.storage.repositories.due import SqlDueWork
from rollbook.storage.repositories.kiosk import SqlCredentials, SqlDevices
from rollbook.storage.repositories.outbox import SqlOutbox
from rollbook.storage.repositories.passkeys import SqlPasskeys
from rollbook.storage.repositories.people import SqlConsents, SqlSubjects
from rollbook.storage.repositories.protection import SqlProtection
from rollbook.storage.repositories.receipts import SqlReceipts
from rollbook.storage.repositories.recipients import SqlRecipients
from rollbook.storage.repositories.requests import SqlRequests
from rollbook.storage.repositories.samples import SqlReferences
from rollbook.storage.repositories.series import SqlSeries
from rollbook.storage.repositories.site import SqlReviews, SqlSiteSettings
from rollbook.storage.repositories.tallies import SqlTallies
from rollbook.storage.repositories.tasks import SqlTasks
from rollbook.storage.repositories.timetable import OpenedSessions, Plan, SqlGroups, SqlSessions
from rollbook.storage.repositories.tokens import SqlApiTokens
from rollbook.storage.row_digests import SqlRowDigests
from rollbook.storage.tables import counters
from rollbook.storage.vault import SqlVault
from rollbook.storage.witness import Witness

GALLERY = "gallery"


@dataclass(frozen=True)
class Memory:
    """What a process has opened; the sealed payload is in the key, so nothing stale is found."""

    profiles: Bounded[tuple[str, bytes], Subject] = field(default_factory=lambda: Bounded(50_000))
    entries: Opened = field(default_factory=lambda: Bounded(20_000))
    plans: Bounded[bytes, Plan] = field(default_factory=lambda: Bounded(5_000))
    sessions: OpenedSessions = field(default_factory=lambda: Bounded(10_000))
    series: Bounded[tuple[str, bytes], Series] = field(default_factory=lambda: Bounded(10_000))
    absences: OpenedAbsences = field(default_factory=lambda: Bounded(10_000))
    users: OpenedUsers = field(default_factory=lambda: Bounded(30_000))
    forgetting: Forgetting = field(default_factory=Forgetting)

    def clear(self) -> None:
        """Drop everything that was opened: somebody was erased."""
        for name in vars(self):
            kept = getattr(self, name)
            if isinstance(kept, Bounded):
                kept.clear()


class SqlUnitOfWork:
    """A transaction on SQLite or PostgreSQL; leaving the block without `commit` undoes it."""

    def __init__(
        self, engine: Engine, keys: LiveKeys, memory: Memory, witness: Witness | None = None
    ) -> None:
        self._engine = engine
        self._keys = keys
        self._memory = memory
        self._witness = witness
        self._gallery_changed = False

    @cached_property
    def _connection(self) -> Connection:
        connection = self._engine.connect()
        if self._memory.forgetting.is_news(connection):
            self._memory.clear()
            self._keys.ring.forget_subjects()
        return connection

    @cached_property
    def vault(self) -> SqlVault:
        return SqlVault(self._connection, self._keys)

    @cached_property
    def rows(self) -> SqlRowDigests:
        return SqlRowDigests(self._connection, self.vault)

    @cached_property
    def subjects(self) -> SqlSubjects:
        return SqlSubjects(self._connection, self.vault, self._memory.profiles, self.touch_gallery)

    @cached_property
    def consents(self) -> SqlConsents:
        return SqlConsents(self._connection, self.vault, self.touch_gallery)

    @cached_property
    def references(self) -> SqlReferences:
        return SqlReferences(self._connection, self.vault, self.protection, self.touch_gallery)

    @cached_property
    def protection(self) -> SqlProtection:
        return SqlProtection(self._connection, self.vault)

    @cached_property
    def groups(self) -> SqlGroups:
        return SqlGroups(self._connection, self.vault, self.touch_gallery, self.rows)

    @cached_property
    def sessions(self) -> SqlSessions:
        return SqlSessions(self._connection, self.vault, self._memory.plans, self._memory.sessions)

    @cached_property
    def register(self) -> Ledger:
        return Ledger(self._connection, self.vault, self._memory.entries, self._witness, self.rows)

    @cached_property
    def reviews(self) -> SqlReviews:
        return SqlReviews(self._connection, self.vault)

    @cached_property
    def requests(self) -> SqlRequests:
        return SqlRequests(self._connection, self.vault)

    @cached_property
    def site(self) -> SqlSiteSettings:
        return SqlSiteSettings(self._connection, self.vault, self.rows)

    @cached_property
    def users(self) -> SqlUsers:
        return SqlUsers(self._connection, self.vault, self._memory.users, self.rows)

    @cached_property
    def web_sessions(self) -> SqlWebSessions:
        return SqlWebSessions(self._connection, self.vault)

    @cached_property
    def passkeys(self) -> SqlPasskeys:
        return SqlPasskeys(self._connection, self.vault, self.rows)

    @cached_property
    def staff(self) -> SqlStaff:
        return SqlStaff(self._connection, self.rows)

    @cached_property
    def tokens(self) -> SqlApiTokens:
        return SqlApiTokens(self._connection, self.vault)

    @cached_property
    def throttles(self) -> SqlThrottles:
        return SqlThrottles(self._connection, self.vault)

    @cached_property
    def replies(self) -> SqlReplies:
        return SqlReplies(self._connection, self.vault)

    @cached_property
    def cameras(self) -> SqlCameras:
        return SqlCameras(self._connection, self.vault)

    @cached_property
    def series(self) -> SqlSeries:
        return SqlSeries(self._connection, self.vault, self._memory.series)

    @cached_property
    def due(self) -> SqlDueWork:
        return SqlDueWork(self._connection)

    @cached_property
    def absences(self) -> SqlAbsences:
        return SqlAbsences(self._connection, self.vault, self._memory.absences)

    @cached_property
    def devices(self) -> SqlDevices:
        return SqlDevices(self._connection, self.vault)

    @cached_property
    def credentials(self) -> SqlCredentials:
        return SqlCredentials(self._connection, self.vault)

    @cached_property
    def tasks(self) -> SqlTasks:
        return SqlTasks(self._connection, self.vault)

    @cached_property
    def documents(self) -> SqlDocuments:
        return SqlDocuments(self._connection, self.vault)

    @cached_property
    def blocks(self) -> SqlBlocks:
        return SqlBlocks(self._connection, self.vault)

    @cached_property
    def recipients(self) -> SqlRecipients:
        return SqlRecipients(self._connection, self.vault)

    @cached_property
    def outbox(self) -> SqlOutbox:
        return SqlOutbox(self._connection, self.vault)

    @cached_property
    def receipts(self) -> SqlReceipts:
        return SqlReceipts(self._connection, self.vault)

    @cached_property
    def tallies(self) -> SqlTallies:
        return SqlTallies(self._connection)

    @property
    def former_keys(self) -> FormerKeys:
        """Site keys and keys of files that older backups and exports need."""
        self._keys.look(self._connection)
        return FormerKeys(self._connection, self._keys.ring.site)

    @cached_property
    def person_rows(self) -> SqlPersonRows:
        return SqlPersonRows(
            self._connection, self.vault, self.references, self.rows, self._tell_erasure
        )

    def see_one_moment(self) -> None:
        """SQLite's transactions do so by themselves."""
        if self._engine.dialect.name == "postgresql":
            self._connection.execution_options(isolation_level="REPEATABLE READ")

    def touch_gallery(self) -> None:
        """Let `gallery_version` grow when this transaction is committed."""
        self._gallery_changed = True

    def _tell_erasure(self) -> None:
        self.touch_gallery()
        self._memory.forgetting.look_soon()

    def gallery_version(self) -> int:
        self._count_gallery()
        query = select(counters.c.value).where(counters.c.name == GALLERY)
        return self._connection.execute(query).scalar() or 0

    def _count_gallery(self) -> None:
        """Count last of all: on PostgreSQL the row stays locked until the transaction ends."""
        if not self._gallery_changed:
            return
        self._gallery_changed = False
        grown = update(counters).where(counters.c.name == GALLERY)
        done = self._connection.execute(grown.values(value=counters.c.value + 1))
        if done.rowcount == 0:
            self._connection.execute(insert(counters).values(name=GALLERY, value=1))

    def commit(self) -> None:
        self.register.tell_rows()
        self._count_gallery()
        refuse_undone(self._connection)
        self._connection.commit()
        self.register.tell_witness()
        self._start_anew()

    def _start_anew(self) -> None:
        self._gallery_changed = False
        self.vault.forget()
        self.protection.forget()
        self.register.forget()
        self.rows.forget()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if "_connection" in self.__dict__:
            self._connection.close()  # rolls back what was not committed
