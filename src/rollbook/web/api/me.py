"""Who asks, and the own record."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from flask import abort
from pydantic import AwareDatetime, BaseModel, Field, model_validator

from rollbook.domain.access import Permission, Role
from rollbook.domain.attendance import Status
from rollbook.domain.month import Month
from rollbook.domain.requests import Request as KeptRequest
from rollbook.domain.requests import RequestKind, RequestState
from rollbook.domain.statements import SETTABLE
from rollbook.domain.tokens import Scope
from rollbook.services.own_record import OwnLine
from rollbook.web.access import actor
from rollbook.web.api.bearer import token_in_use
from rollbook.web.api.common import Body, Day, Id, Query, Text, may, own_groups
from rollbook.web.api.operations import operation
from rollbook.web.api.sessions import Record, record_of
from rollbook.web.parts import parts

MONTH = r"^[0-9]{4}-(0[1-9]|1[0-2])$"


class Me(BaseModel):
    """The account that asks, cut to what its token is for."""

    id: str
    role: Role
    subject_id: str | None
    group_ids: list[str] | None = Field(description="null: every group")
    scopes: list[Scope] | None = Field(description="null: a browser's session")
    expires_at: AwareDatetime | None = Field(description="of the token")


class MonthQuery(Query):
    month: Annotated[str, Field(pattern=MONTH, description="2026-03")]


class OwnSession(BaseModel):
    session_id: str
    group: str
    title: str
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    business_date: date
    record: Record


class OwnMonth(BaseModel):
    """One's own month, as it stands now."""

    month: str
    percent: str | None = Field(description="null: nothing is counted yet")
    items: list[OwnSession]


class Request(BaseModel):
    """What somebody asks of those who keep the register."""

    id: str
    subject_id: str
    kind: RequestKind
    state: RequestState
    asked_at: AwareDatetime
    text: str
    session_id: str | None
    first_day: date | None
    last_day: date | None
    wanted: Status | None
    answer: str
    decided_at: AwareDatetime | None


class Requests(BaseModel):
    items: list[Request]


class NewRequest(Body):
    """A dispute (`session_id` and `wanted`), or an excuse of days."""

    text: Annotated[Text, Field(min_length=1)]
    session_id: Id | None = None
    wanted: Status | None = None
    first_day: Day | None = None
    last_day: Day | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> NewRequest:
        dispute = self.session_id is not None and self.wanted in SETTABLE
        days = self.first_day is not None and self.last_day is not None
        if dispute == days:
            raise ValueError("give session_id and wanted, or first_day and last_day")
        return self


@operation("GET", "/me", answer=Me)
def me() -> Me:
    """Tell who asks and what for."""
    who, token, own = actor(), token_in_use(), own_groups()
    return Me(
        id=who.actor_id,
        role=who.role,
        subject_id=who.subject_id,
        group_ids=None if own is None else sorted(own),
        scopes=None if token is None else sorted(token.scopes),
        expires_at=None if token is None else token.expires_at,
    )


@operation(
    "GET", "/me/record", scope=Scope.ME_READ, query=MonthQuery, answer=OwnMonth, refusals=(400,)
)
def own_record(query: MonthQuery) -> OwnMonth:
    """Show one's own month."""
    found = parts().own_records.month(_self(), Month.parse(query.month))
    return OwnMonth(
        month=str(found.month),
        percent=found.totals.percent or None,
        items=[_line(line) for line in found.lines],
    )


@operation("GET", "/me/requests", scope=Scope.ME_READ, answer=Requests)
def own_requests() -> Requests:
    """List what one asked for, newest first."""
    found = parts().request_desk.of(_self())
    return Requests(items=[request_of(one) for one in found])


@operation(
    "POST",
    "/me/requests",
    scope=Scope.ME_WRITE,
    body=NewRequest,
    answer=Request,
    status=201,
    refusals=(400, 404, 409),
)
def ask(body: NewRequest) -> Request:
    """Dispute a status, or ask to be excused on some days."""
    desk, who = parts().request_desk, _self()
    if body.session_id is not None and body.wanted is not None:
        return request_of(desk.dispute(who, body.session_id, body.wanted, body.text))
    if body.first_day is None or body.last_day is None:
        abort(400)
    return request_of(desk.excuse_days(who, body.first_day, body.last_day, body.text))


@operation(
    "DELETE",
    "/me/requests/<string(length=32):request_id>",
    scope=Scope.ME_WRITE,
    answer=Request,
    refusals=(409,),
)
def take_back(request_id: str) -> Request:
    """Take an own request back."""
    return request_of(parts().request_desk.withdraw(request_id, _self()))


def request_of(kept: KeptRequest) -> Request:
    return Request(
        id=kept.request_id,
        subject_id=kept.subject_id,
        kind=kept.kind,
        state=kept.state,
        asked_at=kept.asked_at,
        text=kept.text,
        session_id=kept.session_id or None,
        first_day=kept.first_day,
        last_day=kept.last_day,
        wanted=kept.wanted,
        answer=kept.answer,
        decided_at=kept.decided_at,
    )


def _self() -> str:
    subject_id = actor().subject_id
    if subject_id is None or not may(Permission.OWN_RECORD):
        abort(404)
    return subject_id


def _line(line: OwnLine) -> OwnSession:
    return OwnSession(
        session_id=line.session.session_id,
        group=line.group.name,
        title=line.session.title,
        starts_at=line.session.starts_at,
        ends_at=line.session.ends_at,
        business_date=line.session.business_date,
        record=record_of(line.record, None),
    )
