"""Series of the timetable, and absences told in advance."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time
from typing import Annotated, Any

from flask import abort
from pydantic import AfterValidator, AwareDatetime, BaseModel, Field, WithJsonSchema

from rollbook.domain.absences import Absence as KeptAbsence
from rollbook.domain.attendance import AttendancePolicy
from rollbook.domain.policy_codec import SPANS
from rollbook.domain.timetable import LONGEST_CYCLE, DayRange
from rollbook.domain.timetable import Series as KeptSeries
from rollbook.domain.tokens import Scope
from rollbook.services.people_search import sees
from rollbook.services.site import site_policies
from rollbook.services.timetable import ROOM_LIMIT, TITLE_LIMIT
from rollbook.web.access import actor, require_group, require_subject
from rollbook.web.api.common import (
    WHOLE,
    Body,
    Day,
    Id,
    Name,
    PageInfo,
    PageQuery,
    PolicyName,
    Text,
    own_groups,
    paged,
    policy_named,
    require_people,
)
from rollbook.web.api.operations import operation
from rollbook.web.api.people import snapshot
from rollbook.web.parts import parts

SERIES = "/timetable/series"
ONE = SERIES + "/<string(length=32):series_id>"
SETS = {"weekdays", "extra_days", "days_off"}


def _on_the_minute(value: time) -> time:
    if value.tzinfo is not None or value.microsecond:
        raise ValueError("a time of the site's clocks, without fractions or a zone")
    return value


WallClock = Annotated[
    time,
    AfterValidator(_on_the_minute),
    WithJsonSchema({"type": "string", "pattern": r"^([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?$"}),
]
Title = Annotated[str, Field(max_length=TITLE_LIMIT)]
Room = Annotated[str, Field(max_length=ROOM_LIMIT)]
Days = Annotated[list[Day], Field(max_length=366)]
Weekday = Annotated[int, Field(ge=0, le=6), WHOLE]


class Series(BaseModel):
    """A group's meetings at one time of day."""

    id: str
    group_id: str
    title: str
    room: str
    start: str = Field(description="of the site's clocks")
    end: str = Field(description="not after the start: on the next day")
    first_day: date
    last_day: date | None
    weekdays: list[int] = Field(description="0 is Monday")
    every_weeks: int
    extra_days: list[date]
    days_off: list[date]
    term_id: str | None
    on_holidays: bool
    policy: str


class SeriesChange(Body):
    """What is left out stays; `null` takes a last day or a term away."""

    title: Title | None = None
    room: Room | None = None
    start: WallClock | None = None
    end: WallClock | None = None
    first_day: Day | None = None
    last_day: Day | None = None
    weekdays: Annotated[list[Weekday], Field(max_length=7)] | None = None
    every_weeks: Annotated[int, Field(ge=1, le=LONGEST_CYCLE), WHOLE] | None = None
    term_id: Id | None = None
    extra_days: Days | None = None
    days_off: Days | None = None
    on_holidays: bool | None = None
    policy: PolicyName | None = None


class SeriesDate(Body):
    """Whether the group meets on a day, other than the series says."""

    day: Day
    meets: bool


class Policy(BaseModel):
    """A set of rules; `null` is where there is no such limit. Times are in seconds."""

    name: str
    opens_before: float
    late_after: float
    absent_after: float | None
    minimum_presence: float | None
    closes_after: float
    quiet_period: float
    patience: float


class Policies(BaseModel):
    """The site's own is the first: it is taken where none is named."""

    items: list[Policy]


class NamedDays(BaseModel):
    name: str
    first_day: date
    last_day: date


class SchoolTerm(NamedDays):
    id: str


class Calendar(BaseModel):
    """When there is school, and when not."""

    terms: list[SchoolTerm]
    holidays: list[NamedDays]
    public_holidays: list[NamedDays] = Field(description="of last year to three years ahead")


class SeriesPage(PageInfo):
    items: list[Series]


class SeriesQuery(PageQuery):
    group_id: Id | None = None


class NewSeries(Body):
    """Meetings every week, or every few weeks."""

    group_id: Id
    title: Title = ""
    room: Room = ""
    start: WallClock
    end: WallClock
    first_day: Day
    last_day: Day | None = None
    weekdays: Annotated[list[Weekday], Field(max_length=7)] = Field(
        default_factory=list, description="none: only the extra days"
    )
    every_weeks: Annotated[int, Field(ge=1, le=LONGEST_CYCLE), WHOLE] = 1
    term_id: Id | None = Field(default=None, description="only on days of this term")
    extra_days: Days = Field(default_factory=list)
    days_off: Days = Field(default_factory=list)
    on_holidays: bool = Field(default=False, description="on holidays too")
    policy: PolicyName | None = None


class SeriesEnd(Body):
    last_day: Day


class Absence(BaseModel):
    """Somebody will not be there on these days, the last one included."""

    id: str
    subject_id: str
    first_day: date
    last_day: date
    reason: str
    label: str
    note: str
    told_by: str
    told_at: AwareDatetime


class Absences(PageInfo):
    items: list[Absence]


class AbsencesQuery(PageQuery):
    since: Day | None = Field(default=None, description="not over on this day; left out: today")


class NewAbsence(Body):
    """Who is absent, when, and why: a code of the site's list of reasons."""

    subject_ids: Annotated[list[Id], Field(min_length=1, max_length=500)]
    first_day: Day
    last_day: Day
    reason: Name
    note: Text = ""


class Told(BaseModel):
    items: list[Absence]
    marks: int = Field(description="sessions that were excused at once")


@operation(
    "GET",
    SERIES,
    scope=Scope.TIMETABLE_READ,
    query=SeriesQuery,
    answer=SeriesPage,
    refusals=(404,),
)
def all_series(query: SeriesQuery) -> SeriesPage:
    """List series, of one's own groups or of all."""
    wanted = own_groups()
    if query.group_id is not None:
        require_group(query.group_id)
        wanted = frozenset({query.group_id})
    shown, info = paged(parts().timetable.all(wanted), query)
    return SeriesPage(**dict(info), items=[_series(one) for one in shown])


@operation("GET", ONE, scope=Scope.TIMETABLE_READ, answer=Series)
def series(series_id: str) -> Series:
    """Show one series."""
    return _series(_require_series(series_id))


@operation(
    "POST",
    SERIES,
    scope=Scope.TIMETABLE_WRITE,
    body=NewSeries,
    answer=Series,
    status=201,
    refusals=(404,),
)
def add_series(body: NewSeries) -> Series:
    """Add a series and plan its first weeks."""
    require_group(body.group_id)
    wanted = KeptSeries(
        series_id="",
        group_id=body.group_id,
        title=body.title,
        room=body.room,
        start=body.start,
        end=body.end,
        first_day=body.first_day,
        last_day=body.last_day,
        weekdays=frozenset(body.weekdays),
        every_weeks=body.every_weeks,
        term_id=_term(body.term_id),
        policy=policy_named(body.policy),
        days_off=frozenset(body.days_off),
        extra_days=frozenset(body.extra_days),
        on_holidays=body.on_holidays,
    )
    made, _ = parts().timetable.add(wanted, actor().by)
    return _series(made)


@operation("PATCH", ONE, scope=Scope.TIMETABLE_WRITE, body=SeriesChange, answer=Series)
def change_series(series_id: str, body: SeriesChange) -> Series:
    """Change a series: sessions that are planned follow, those that were opened stay."""
    old = _require_series(series_id)
    changed = replace(old, **_changes(body))
    parts().timetable.update(changed, actor().by)
    return series(series_id)


@operation("POST", f"{ONE}/dates", scope=Scope.TIMETABLE_WRITE, body=SeriesDate, answer=Series)
def set_series_date(series_id: str, body: SeriesDate) -> Series:
    """Add a date to a series, or let it not take place on one.

    A session that was opened stays: call that off by itself.
    """
    old, day = _require_series(series_id), frozenset({body.day})
    extra, off = old.extra_days - day, old.days_off - day
    changed = (
        replace(old, extra_days=extra | day, days_off=off)
        if body.meets
        else replace(old, extra_days=extra, days_off=off | day)
    )
    parts().timetable.update(changed, actor().by)
    return series(series_id)


@operation("GET", "/timetable/calendar", scope=Scope.TIMETABLE_READ, answer=Calendar)
def calendar() -> Calendar:
    """Show terms and holidays."""
    found = parts().calendars.read(parts().today())
    return Calendar(
        terms=[SchoolTerm(id=one.term_id, **_days(one.days)) for one in found.terms],
        holidays=[NamedDays(**_days(held)) for held in found.holidays],
        public_holidays=[
            NamedDays(name=name, first_day=day, last_day=day)
            for day, name in sorted(found.public.items())
        ],
    )


@operation("GET", "/timetable/policies", scope=Scope.TIMETABLE_READ, answer=Policies)
def policies() -> Policies:
    """List the rules that a session can have."""
    with parts().uow() as uow:
        found = site_policies(uow)
    return Policies(items=[_policy(one) for one in found.values()])


@operation("POST", f"{ONE}/end", scope=Scope.TIMETABLE_WRITE, body=SeriesEnd, status=204)
def end_series(series_id: str, body: SeriesEnd) -> None:
    """Let a series take place for the last time on a day; later sessions are removed."""
    _require_series(series_id)
    parts().timetable.end(series_id, body.last_day, actor().by)


@operation("GET", "/absences", scope=Scope.ABSENCES_READ, query=AbsencesQuery, answer=Absences)
def absences(query: AbsencesQuery) -> Absences:
    """List absences that were told, of one's own people or of all."""
    own = own_groups()
    people = None
    if own is not None:
        index = snapshot()
        people = [k.subject_id for k in index.ordered if sees(k, own, index.day)]
    found = parts().absences.since(query.since or parts().today(), people)
    shown, info = paged(found, query)
    return Absences(**dict(info), items=[_absence(one) for one in shown])


@operation(
    "POST",
    "/absences",
    scope=Scope.ABSENCES_WRITE,
    body=NewAbsence,
    answer=Told,
    status=201,
    refusals=(404,),
)
def tell_absence(body: NewAbsence) -> Told:
    """Tell an absence of one or more people; their sessions are excused."""
    require_people(body.subject_ids)
    told = parts().absences.tell(
        body.subject_ids, body.first_day, body.last_day, body.reason, actor().by, body.note
    )
    return Told(items=[_absence(one) for one in told.absences], marks=told.marks)


@operation(
    "DELETE",
    "/absences/<string(length=32):absence_id>",
    scope=Scope.ABSENCES_WRITE,
    status=204,
)
def take_absence_back(absence_id: str) -> None:
    """Take an absence back, with the excuses that it led to."""
    kept = parts().absences.get(absence_id)
    require_subject(kept.subject_id)
    parts().absences.take_back(absence_id, actor().by)


def _require_series(series_id: str) -> KeptSeries:
    found = parts().timetable.get(series_id)
    if not actor().sees_group(found.group_id):
        abort(404)
    return found


def _changes(body: SeriesChange) -> dict[str, Any]:
    """Return what was sent, as the series keeps it."""
    sent = {name: getattr(body, name) for name in body.model_fields_set}
    found = {n: v for n, v in sent.items() if v is not None or n in {"last_day", "term_id"}}
    for name in SETS & found.keys():
        found[name] = frozenset(found[name])
    if "term_id" in found:
        found["term_id"] = _term(body.term_id)
    if "policy" in found:
        found["policy"] = policy_named(body.policy)
    return found


def _term(term_id: str | None) -> str | None:
    """Return a term's id; 404 for what is none."""
    if term_id is not None and parts().calendars.read(parts().today()).term(term_id) is None:
        abort(404)
    return term_id


def _days(held: DayRange) -> dict[str, Any]:
    return {"name": held.name, "first_day": held.first_day, "last_day": held.last_day}


def _policy(kept: AttendancePolicy) -> Policy:
    spans = {name: getattr(kept, name) for name in SPANS}
    seconds = {n: None if span is None else span.total_seconds() for n, span in spans.items()}
    return Policy(name=kept.name, **seconds)


def _series(kept: KeptSeries) -> Series:
    return Series(
        id=kept.series_id,
        group_id=kept.group_id,
        title=kept.title,
        room=kept.room,
        start=kept.start.isoformat(),
        end=kept.end.isoformat(),
        first_day=kept.first_day,
        last_day=kept.last_day,
        weekdays=sorted(kept.weekdays),
        every_weeks=kept.every_weeks,
        extra_days=sorted(kept.extra_days),
        days_off=sorted(kept.days_off),
        term_id=kept.term_id,
        on_holidays=kept.on_holidays,
        policy=kept.policy.name,
    )


def _absence(kept: KeptAbsence) -> Absence:
    return Absence(
        id=kept.absence_id,
        subject_id=kept.subject_id,
        first_day=kept.first_day,
        last_day=kept.last_day,
        reason=kept.reason,
        label=kept.label,
        note=kept.note,
        told_by=kept.told_by,
        told_at=kept.told_at,
    )
