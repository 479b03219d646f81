"""Sessions, their registers, and statuses set by hand."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, Field

from rollbook.domain.access import Permission
from rollbook.domain.attendance import (
    AttendanceRecord,
    SessionState,
    Status,
)
from rollbook.domain.attendance import Mark as KeptMark
from rollbook.domain.attendance import Session as KeptSession
from rollbook.domain.explanation import explain
from rollbook.domain.statements import Change, version
from rollbook.domain.tokens import Scope
from rollbook.web.access import actor, require_group, require_session, require_subject
from rollbook.web.api.common import (
    Body,
    Day,
    Id,
    Instant,
    PageInfo,
    PageQuery,
    PolicyName,
    Text,
    may,
    own_groups,
    page_info,
    paged,
    policy_named,
)
from rollbook.web.api.operations import operation
from rollbook.web.api.problems import refuse
from rollbook.web.parts import parts

ONE = "/sessions/<string(length=32):session_id>"
LONGEST_SPAN = timedelta(days=31)
LONGEST_SESSION = timedelta(hours=48)


class Session(BaseModel):
    """One meeting of one group."""

    id: str
    group_id: str
    title: str
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    business_date: date
    state: SessionState
    policy: str


class SessionPage(PageInfo):
    items: list[Session]


class SessionsQuery(PageQuery):
    first_day: Day | None = Field(default=None, description="a local date; left out: today")
    last_day: Day | None = Field(
        default=None, description="left out: the first day; at most 31 days after it"
    )
    group_id: Id | None = None
    state: SessionState | None = None


class NewSession(Body):
    """A session that is opened now."""

    group_id: Id
    starts_at: Instant
    ends_at: Instant
    title: Annotated[str, Field(max_length=200)] = ""
    policy: PolicyName | None = None


class Mark(BaseModel):
    """One statement of the register; nothing of it is ever overwritten."""

    id: str
    kind: str
    at: AwareDatetime
    method: str
    by: str
    status: Status | None
    rule: str
    reason: str | None
    corrects: str | None = Field(description="the statement that this one replaces")


class Record(BaseModel):
    """What follows from all marks about one person in one session."""

    subject_id: str
    name: str | None = Field(description="null for an erased person, or who may not read people")
    status: Status
    arrived_at: AwareDatetime | None
    left_at: AwareDatetime | None
    method: str | None
    rule: str
    reason: str | None
    explanation: str
    version: str = Field(description="send it as `seen`, to change only what you saw")
    marks: list[Mark]


class Records(PageInfo):
    items: list[Record]


class MarkChange(Body):
    """What the register should say about somebody; `open` takes back what was set."""

    subject_id: Id
    status: Status
    reason: Text | None = Field(default=None, description="required where the session is closed")
    seen: Annotated[str, Field(max_length=64)] | None = Field(
        default=None, description="the record's version; where it has changed, nothing is written"
    )


class MarkChanges(Body):
    changes: Annotated[list[MarkChange], Field(min_length=1, max_length=500)]


class Written(BaseModel):
    subject_id: str
    mark: Mark


class Outcome(BaseModel):
    """What became of each change."""

    written: list[Written]
    unchanged: list[str] = Field(description="subject ids about whom the register said so already")
    outrun: list[str] = Field(description="subject ids that somebody else changed meanwhile")


@operation(
    "GET",
    "/sessions",
    scope=Scope.SESSIONS_READ,
    query=SessionsQuery,
    answer=SessionPage,
    refusals=(404,),
)
def sessions(query: SessionsQuery) -> SessionPage:
    """List the sessions of some days, by day and start."""
    first = query.first_day or query.last_day or parts().today()
    last = query.last_day or first
    if not first <= last <= first + LONGEST_SPAN:
        refuse(422, "That cannot be used", "Ask for 31 days at most, the last after the first.")
    if query.group_id is not None:
        require_group(query.group_id)
    states = None if query.state is None else [query.state]
    with parts().uow() as uow:
        shown, total = uow.sessions.page(
            first_day=first,
            last_day=last,
            group_ids=own_groups() if query.group_id is None else [query.group_id],
            states=states,
            offset=(query.page - 1) * query.size,
            limit=query.size,
        )
    info = page_info(total, query)
    return SessionPage(**dict(info), items=[_session(one) for one in shown])


@operation(
    "POST",
    "/sessions",
    scope=Scope.SESSIONS_WRITE,
    body=NewSession,
    answer=Session,
    status=201,
    refusals=(404,),
)
def open_new_session(body: NewSession) -> Session:
    """Open a session of a group."""
    require_group(body.group_id)
    if not body.starts_at < body.ends_at <= body.starts_at + LONGEST_SESSION:
        refuse(422, "That cannot be used", "A session ends after its start, within 48 hours.")
    made = parts().register.open_session(
        body.group_id,
        body.starts_at,
        body.ends_at,
        business_date=body.starts_at.astimezone(parts().zone).date(),
        title=body.title,
        policy=policy_named(body.policy),
        by=actor().by,
    )
    return _session(made)


@operation("GET", ONE, scope=Scope.SESSIONS_READ, answer=Session)
def session(session_id: str) -> Session:
    """Show one session."""
    return _session(require_session(session_id))


@operation("POST", f"{ONE}/open", scope=Scope.SESSIONS_WRITE, answer=Session, refusals=(409,))
def open_session(session_id: str) -> Session:
    """Open a planned session, also before its time."""
    require_session(session_id)
    return _session(parts().session_life.open(session_id, actor().by))


@operation("POST", f"{ONE}/close", scope=Scope.SESSIONS_WRITE, answer=Session, refusals=(409,))
def close_session(session_id: str) -> Session:
    """Close a session and seal its marks."""
    require_session(session_id)
    return _session(parts().register.close_session(session_id, actor().by))


@operation("POST", f"{ONE}/cancel", scope=Scope.SESSIONS_WRITE, answer=Session, refusals=(409,))
def cancel_session(session_id: str) -> Session:
    """Call a session off: it counts nowhere."""
    require_session(session_id)
    return _session(parts().session_life.cancel(session_id, actor().by))


@operation("POST", f"{ONE}/restore", scope=Scope.SESSIONS_WRITE, answer=Session, refusals=(409,))
def restore_session(session_id: str) -> Session:
    """Let a session that was called off take place after all."""
    require_session(session_id)
    return _session(parts().session_life.restore(session_id, actor().by))


@operation("GET", f"{ONE}/records", scope=Scope.SESSIONS_READ, query=PageQuery, answer=Records)
def records(session_id: str, query: PageQuery) -> Records:
    """Show the register of a session, with an explanation of each status."""
    require_session(session_id)
    found = sorted(parts().register.records(session_id), key=lambda record: record.subject_id)
    shown, info = paged(found, query)
    names: dict[str, str] = {}
    if may(Permission.PEOPLE_READ):
        with parts().uow() as uow:
            people = uow.subjects.some([record.subject_id for record in shown])
        names = {subject_id: person.name for subject_id, person in people.items()}
    items = [record_of(one, names.get(one.subject_id)) for one in shown]
    return Records(**dict(info), items=items)


@operation(
    "POST",
    f"{ONE}/marks",
    scope=Scope.MARKS_WRITE,
    body=MarkChanges,
    answer=Outcome,
    refusals=(409,),
)
def mark(session_id: str, body: MarkChanges) -> Outcome:
    """Set statuses by hand, all or none.

    Nothing is overwritten: each is a further statement.
    """
    found = require_session(session_id)
    _require_markable(found, [change.subject_id for change in body.changes])
    changes = [Change(one.subject_id, one.status, one.reason, one.seen) for one in body.changes]
    done = parts().corrections.set(session_id, changes, actor().by)
    return Outcome(
        written=[Written(subject_id=one.subject_id, mark=mark_of(one)) for one in done.written],
        unchanged=list(done.unchanged),
        outrun=[change.subject_id for change in done.outrun],
    )


def record_of(record: AttendanceRecord, name: str | None) -> Record:
    return Record(
        subject_id=record.subject_id,
        name=name,
        status=record.status,
        arrived_at=record.arrived_at,
        left_at=record.left_at,
        method=record.method,
        rule=record.rule,
        reason=record.reason,
        explanation=explain(record),
        version=version(record),
        marks=[mark_of(one) for one in record.marks],
    )


def _require_markable(found: KeptSession, subject_ids: list[str]) -> None:
    """Refuse who is neither on the session's list nor known to the account as a person."""
    with parts().uow() as uow:
        roster = set(uow.groups.roster(found.group_id, found.business_date))
    for subject_id in dict.fromkeys(subject_ids):
        if subject_id not in roster:
            require_subject(subject_id)


def _session(kept: KeptSession) -> Session:
    return Session(
        id=kept.session_id,
        group_id=kept.group_id,
        title=kept.title,
        starts_at=kept.starts_at,
        ends_at=kept.ends_at,
        business_date=kept.business_date,
        state=kept.state,
        policy=kept.policy.name,
    )


def mark_of(kept: KeptMark) -> Mark:
    return Mark(
        id=kept.mark_id,
        kind=kept.kind,
        at=kept.at,
        method=kept.method,
        by=kept.by,
        status=kept.status,
        rule=kept.rule,
        reason=kept.reason,
        corrects=kept.corrects,
    )
