"""Groups, who belongs to them, and their sessions."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Connection, Row, and_, delete, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from rollbook.domain.attendance import AttendancePolicy, Session, SessionState
from rollbook.domain.policy_codec import policy_from_json, policy_to_json
from rollbook.domain.row_digests import MEMBER
from rollbook.domain.subjects import Group, Membership
from rollbook.errors import AlreadyExists, NotFound, RegisterTampered
from rollbook.storage.bounded import Bounded
from rollbook.storage.codec import from_json, from_micros, to_json, to_micros
from rollbook.storage.connecting import insert_or, savepoint
from rollbook.storage.keys import BOOK
from rollbook.storage.repositories.people import Touch
from rollbook.storage.row_digests import SqlRowDigests, member
from rollbook.storage.tables import groups, memberships, plans, sessions, subjects
from rollbook.storage.vault import BLOCK, SqlVault

GROUP, PLAN, SESSION = "group", "plan", "session"
Plan = tuple[str, AttendancePolicy]
OpenedSessions = Bounded[tuple[Any, ...], Session]
SHORTEST_PREFIX = 4  # digits of a session's id
IN_ORDER = (sessions.c.business_date, sessions.c.starts_at, sessions.c.session_id)


class SqlGroups:
    """Groups with sealed names; capitals make no difference to whether a name is taken."""

    def __init__(
        self, connection: Connection, vault: SqlVault, touch: Touch, digests: SqlRowDigests
    ) -> None:
        self._connection = connection
        self._vault = vault
        self._touch = touch
        self._digests = digests

    def add(self, group: Group) -> None:
        if self.by_name(group.name) is not None:
            raise AlreadyExists("There is already a group called %(name)s.", name=group.name)
        row = {
            "group_id": group.group_id,
            "named": self._blind(group.name),
            "name": self._vault.seal(group.name.encode(), purpose=GROUP, owner=group.group_id),
            "invented": group.invented,
        }
        try:
            with savepoint(self._connection):
                self._connection.execute(insert(groups).values(row))
        except IntegrityError as error:
            raise AlreadyExists(
                "There is already a group called %(name)s.", name=group.name
            ) from error

    def get(self, group_id: str) -> Group:
        row = self._connection.execute(select(groups).where(groups.c.group_id == group_id)).first()
        if row is None:
            raise NotFound("There is no such group. Look with: rollbook group list")
        return self._open(row)

    def all(self) -> list[Group]:
        found = [self._open(row) for row in self._connection.execute(select(groups))]
        return sorted(found, key=lambda group: (group.name.casefold(), group.group_id))

    def by_name(self, name: str) -> Group | None:
        query = select(groups).where(groups.c.named == self._blind(name))
        row = self._connection.execute(query).first()
        return None if row is None else self._open(row)

    def rename(self, group_id: str, name: str) -> None:
        row = {
            "named": self._blind(name),
            "name": self._vault.seal(name.encode(), purpose=GROUP, owner=group_id),
        }
        changed = update(groups).where(groups.c.group_id == group_id).values(row)
        try:
            with savepoint(self._connection):
                done = self._connection.execute(changed)
        except IntegrityError as error:
            raise AlreadyExists("There is already a group called %(name)s.", name=name) from error
        if done.rowcount == 0:
            raise NotFound("There is no such group. Look with: rollbook group list")

    def join(self, membership: Membership) -> None:
        held = self.memberships(group_id=membership.group_id, subject_id=membership.subject_id)
        if membership not in held:
            self.join_many([membership])

    def join_many(self, new: Sequence[Membership]) -> None:
        """Add memberships that are known to be new."""
        rows = [
            {
                "group_id": membership.group_id,
                "subject_id": membership.subject_id,
                "since": membership.since,
                "until": membership.until,
            }
            for membership in new
        ]
        if not rows:
            return
        try:
            with savepoint(self._connection):
                self._connection.execute(insert(memberships), rows)
        except IntegrityError as error:
            raise NotFound("There is no such group. Look with: rollbook group list") from error
        self._digests.changed(MEMBER, (member(one.group_id, one.subject_id) for one in new))
        self._touch()

    def leave(self, group_id: str, subject_id: str, last_day: date) -> None:
        held = and_(
            memberships.c.group_id == group_id,
            memberships.c.subject_id == subject_id,
            or_(memberships.c.until.is_(None), memberships.c.until > last_day),
        )
        self._connection.execute(update(memberships).where(held).values(until=last_day))
        self._digests.changed(MEMBER, [member(group_id, subject_id)])
        self._touch()

    def memberships(
        self, *, group_id: str | None = None, subject_id: str | None = None
    ) -> list[Membership]:
        query = select(memberships).order_by(memberships.c.number)
        if group_id is not None:
            query = query.where(memberships.c.group_id == group_id)
        if subject_id is not None:
            query = query.where(memberships.c.subject_id == subject_id)
        rows = self._connection.execute(query)
        return [Membership(row.group_id, row.subject_id, row.since, row.until) for row in rows]

    def roster(self, group_id: str, day: date) -> list[str]:
        query = (
            select(memberships.c.subject_id)
            .where(
                memberships.c.group_id == group_id,
                memberships.c.since <= day,
                or_(memberships.c.until.is_(None), memberships.c.until >= day),
            )
            .order_by(memberships.c.number)
        )
        return list(dict.fromkeys(self._connection.execute(query).scalars()))

    def sizes(self, day: date) -> dict[str, int]:
        query = (
            select(memberships.c.group_id, func.count(memberships.c.subject_id.distinct()))
            .join(subjects, subjects.c.subject_id == memberships.c.subject_id)
            .where(
                memberships.c.since <= day,
                or_(memberships.c.until.is_(None), memberships.c.until >= day),
            )
            .group_by(memberships.c.group_id)
        )
        return {row[0]: row[1] for row in self._connection.execute(query)}

    def _blind(self, name: str) -> bytes:
        return self._vault.blind(GROUP, name.casefold())

    def _open(self, row: Row[Any]) -> Group:
        name = self._vault.open(bytes(row.name), purpose=GROUP, owner=row.group_id)
        return Group(row.group_id, name.decode(), row.invented)


class SqlSessions:
    """Sessions: the timetable is readable, titles and policies are sealed."""

    def __init__(
        self,
        connection: Connection,
        vault: SqlVault,
        opened: Bounded[bytes, Plan],
        known: OpenedSessions,
    ) -> None:
        """`known` remembers sessions by all columns of their rows, so none that was changed."""
        self._connection = connection
        self._vault = vault
        self._opened = opened
        self._known = known

    def add(self, session: Session) -> None:
        self.add_many([session])

    def add_many(self, new: Sequence[Session]) -> None:
        if not new:
            return
        self._keep_plans({(session.title, session.policy) for session in new})
        try:
            with savepoint(self._connection):
                self._connection.execute(insert(sessions), [self._row(s) for s in new])
        except IntegrityError as error:
            raise NotFound("There is no such group. Look with: rollbook group list") from error

    def get(self, session_id: str) -> Session:
        exact = select(sessions).where(sessions.c.session_id == session_id)
        row = self._connection.execute(exact).first()
        return self._open(row if row is not None else self._beginning_with(session_id))

    def _beginning_with(self, prefix: str) -> Row[Any]:
        usable = len(prefix) >= SHORTEST_PREFIX and prefix.isalnum() and prefix.isascii()
        query = select(sessions).where(sessions.c.session_id.startswith(prefix.lower()))
        rows = self._connection.execute(query.limit(2)).all() if usable else []
        if not rows:
            raise NotFound(
                "There is no session %(prefix)r. Look with: rollbook session list", prefix=prefix
            )
        if len(rows) > 1:
            raise NotFound(
                "Several sessions begin with %(prefix)r. Give more of the id.", prefix=prefix
            )
        return rows[0]

    def update(self, session: Session) -> None:
        self._keep_plans({(session.title, session.policy)})
        changed = update(sessions).where(sessions.c.session_id == session.session_id)
        if self._connection.execute(changed.values(self._row(session))).rowcount == 0:
            raise NotFound("There is no such session. Look with: rollbook session list")

    def remove(self, session_id: str) -> None:
        never_opened = sessions.c.state == SessionState.PLANNED.value
        self._connection.execute(
            delete(sessions).where(sessions.c.session_id == session_id, never_opened)
        )

    def first_day(self) -> date | None:
        found: date | None = self._connection.execute(
            select(func.min(sessions.c.business_date))
        ).scalar()
        return found

    def some(self, session_ids: Collection[str]) -> dict[str, Session]:
        wanted, found = list(session_ids), {}
        for start in range(0, len(wanted), BLOCK):
            block = sessions.c.session_id.in_(wanted[start : start + BLOCK])
            for row in self._connection.execute(select(sessions).where(block)).all():
                found[row.session_id] = self._open(row)
        return found

    def all(
        self,
        *,
        group_id: str | None = None,
        first_day: date | None = None,
        last_day: date | None = None,
        open_only: bool = False,
        states: Collection[SessionState] | None = None,
    ) -> list[Session]:
        query = select(sessions).order_by(*IN_ORDER)
        if group_id is not None:
            query = query.where(sessions.c.group_id == group_id)
        if first_day is not None:
            query = query.where(sessions.c.business_date >= first_day)
        if last_day is not None:
            query = query.where(sessions.c.business_date <= last_day)
        if open_only:
            query = query.where(sessions.c.state == SessionState.OPEN.value)
        if states is not None:
            query = query.where(sessions.c.state.in_(sorted(state.value for state in states)))
        return [self._open(row) for row in self._connection.execute(query).all()]

    def page(
        self,
        *,
        first_day: date,
        last_day: date,
        group_ids: Collection[str] | None = None,
        states: Collection[SessionState] | None = None,
        offset: int = 0,
        limit: int,
    ) -> tuple[list[Session], int]:
        wanted = [sessions.c.business_date.between(first_day, last_day)]
        if group_ids is not None:
            wanted.append(sessions.c.group_id.in_(sorted(group_ids)))
        if states is not None:
            wanted.append(sessions.c.state.in_(sorted(state.value for state in states)))
        count = select(func.count()).select_from(sessions).where(*wanted)
        total = int(self._connection.execute(count).scalar_one())
        if not 0 <= offset < total or limit < 1:
            return [], total
        shown = select(sessions).where(*wanted).order_by(*IN_ORDER).offset(offset).limit(limit)
        return [self._open(row) for row in self._connection.execute(shown).all()], total

    def _keep_plans(self, wanted: set[Plan]) -> None:
        """Seal titles and policies that no session had so far."""
        payloads = {self._plan_of(title, policy) for title, policy in wanted}
        indexes = {self._vault.blind(PLAN, text.decode()): text for text in payloads}
        keys = list(indexes)
        for start in range(0, len(keys), BLOCK):
            block = select(plans.c.plan).where(plans.c.plan.in_(keys[start : start + BLOCK]))
            for known in self._connection.execute(block).scalars():
                indexes.pop(bytes(known), None)
        rows = [
            {
                "plan": index,
                "payload": self._vault.seal(text, purpose=PLAN, owner=index.hex(), key=BOOK),
            }
            for index, text in sorted(indexes.items())  # in one order: nobody waits in a circle
        ]
        if rows:  # somebody else may have kept one a moment ago
            new = insert_or(self._connection, plans)
            self._connection.execute(new.on_conflict_do_nothing(), rows)

    def _plan_of(self, title: str, policy: AttendancePolicy) -> bytes:
        return to_json({"title": title, "policy": policy_to_json(policy)})

    def _row(self, session: Session) -> dict[str, Any]:
        plan = self._plan_of(session.title, session.policy)
        row = {
            "session_id": session.session_id,
            "group_id": session.group_id,
            "business_date": session.business_date,
            "starts_at": to_micros(session.starts_at),
            "ends_at": to_micros(session.ends_at),
            "state": session.state.value,
            "invented": session.invented,
            "plan": self._vault.blind(PLAN, plan.decode()),
        }
        return {**row, "mac": session_mac(self._vault, row)}

    def _open(self, row: Row[Any]) -> Session:
        return self._known.get(tuple(row), lambda: self._checked(row))

    def _checked(self, row: Row[Any]) -> Session:
        if session_mac(self._vault, row._mapping) != bytes(row.mac):
            raise RegisterTampered(
                f"The session {row.session_id} was changed outside of Rollbook. "
                "Put a backup in its place."
            )
        title, policy = self._opened.get(bytes(row.plan), lambda: self._open_plan(bytes(row.plan)))
        return Session(
            session_id=row.session_id,
            group_id=row.group_id,
            title=title,
            starts_at=from_micros(row.starts_at),
            ends_at=from_micros(row.ends_at),
            business_date=row.business_date,
            policy=policy,
            state=SessionState(row.state),
            invented=row.invented,
        )

    def _open_plan(self, plan: bytes) -> Plan:
        query = select(plans.c.payload).where(plans.c.plan == plan)
        token = self._connection.execute(query).scalar_one()
        payload = from_json(
            self._vault.open(bytes(token), purpose=PLAN, owner=plan.hex(), key=BOOK)
        )
        return payload["title"], policy_from_json(payload["policy"])


def session_mac(vault: SqlVault, row: Any) -> bytes:
    """Bind the readable columns together: a start that was moved would make people late."""
    return vault.mac(
        SESSION,
        to_json(
            [
                row["session_id"],
                row["group_id"],
                row["business_date"].isoformat(),
                row["starts_at"],
                row["ends_at"],
                row["state"],
                bool(row["invented"]),
                bytes(row["plan"]).hex(),
            ]
        ),
    )
