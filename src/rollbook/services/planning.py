"""Sessions made of series: planned some weeks ahead, and kept in step while nobody opened them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from rollbook.domain.attendance import Session, SessionState
from rollbook.domain.ports import UnitOfWork
from rollbook.domain.register import EntryKind, NewEntry
from rollbook.domain.subjects import new_id
from rollbook.domain.timetable import Meeting, Series, SiteCalendar, meetings
from rollbook.domain.timetable_ports import PlannedDay
from rollbook.services.session_times import closing, forget_times, opening

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Frame:
    """What planning goes by."""

    calendar: SiteCalendar
    zone: ZoneInfo
    now: datetime
    weeks: int  # so far ahead sessions are made

    @property
    def today(self) -> date:
        return self.now.astimezone(self.zone).date()

    @property
    def horizon(self) -> date:
        return self.today + timedelta(weeks=self.weeks)


@dataclass(frozen=True, slots=True)
class Planned:
    """What planning changed, as days of series."""

    added: tuple[date, ...] = ()
    changed: tuple[date, ...] = ()
    removed: tuple[date, ...] = ()

    @property
    def count(self) -> int:
        return len(self.added) + len(self.changed) + len(self.removed)

    def __bool__(self) -> bool:
        return self.count > 0


@dataclass(frozen=True, slots=True)
class Difference:
    """What separates the sessions of a series from what the series says now."""

    gone: tuple[PlannedDay, ...]
    moved: tuple[Session, ...]  # as they are to be
    moved_days: tuple[date, ...]
    new: tuple[Meeting, ...]

    def __bool__(self) -> bool:
        return bool(self.gone or self.moved or self.new)


def plan_series(uow: UnitOfWork, series: Series, frame: Frame, by: str) -> Planned:
    """Bring the sessions of a series into step with it.

    Only what is planned and whose time has not begun is touched; what was opened, closed or called
    off stays as it is. Doing it again changes nothing.
    """
    rows = uow.series.planned(series.series_id, since=frame.today - DAY)
    sessions = uow.sessions.some([row.session_id for row in rows])
    found = difference(series, rows, sessions, frame)
    _remove(uow, found.gone)
    _move(uow, found.moved)
    _add(uow, series, found.new)
    done = Planned(
        tuple(meeting.day for meeting in found.new),
        found.moved_days,
        tuple(row.day for row in found.gone),
    )
    if done:
        uow.register.append(_entry(series, done, frame.now, by))
    return done


def difference(
    series: Series, rows: Sequence[PlannedDay], sessions: Mapping[str, Session], frame: Frame
) -> Difference:
    """Return what planning has to change; `rows` are those of the series from yesterday on."""
    movable = [row for row in rows if _is_movable(sessions.get(row.session_id), frame.now)]
    until = max([frame.horizon, *(row.day for row in movable)])
    wanted = _wanted(series, frame, until)
    kept = [row for row in movable if row.day in wanted]
    moved = {
        row.day: new
        for row in kept
        if (new := _renewed(series, wanted[row.day], sessions[row.session_id])) is not None
    }
    free = sorted(wanted.keys() - {row.day for row in rows})
    return Difference(
        tuple(row for row in movable if row.day not in wanted),
        tuple(moved.values()),
        tuple(moved),
        tuple(wanted[day] for day in free if day <= frame.horizon),
    )


def out_of_step(uow: UnitOfWork, frame: Frame) -> list[Series]:
    """Return the series whose sessions planning would change, in one reading."""
    since = frame.today - DAY
    sessions = {one.session_id: one for one in uow.sessions.all(first_day=since - DAY)}
    rows: dict[str, list[PlannedDay]] = {}
    for row in uow.series.planned(since=since):
        rows.setdefault(row.series_id, []).append(row)
    return [
        series
        for series in uow.series.all()
        if difference(series, rows.get(series.series_id, []), sessions, frame)
    ]


def unplan_series(uow: UnitOfWork, series: Series, frame: Frame, by: str) -> Planned:
    """Remove what is planned of a series and was not opened."""
    rows = uow.series.planned(series.series_id, since=frame.today - DAY)
    sessions = uow.sessions.some([row.session_id for row in rows])
    gone = [row for row in rows if _is_movable(sessions.get(row.session_id), frame.now)]
    _remove(uow, gone)
    done = Planned(removed=tuple(row.day for row in gone))
    if done:
        uow.register.append(_entry(series, done, frame.now, by))
    return done


def plan_all(uow: UnitOfWork, frame: Frame, by: str) -> int:
    """Bring all series into step; return how many sessions were added, changed or removed."""
    return sum(plan_series(uow, series, frame, by).count for series in out_of_step(uow, frame))


def upcoming(series: Series, frame: Frame, first: date, last: date) -> list[Meeting]:
    """Return the meetings in a span that lies beyond what is planned, for a view of it."""
    return list(meetings(series, frame.calendar, frame.zone, first, last))


def _is_movable(session: Session | None, now: datetime) -> bool:
    planned = session is not None and session.state is SessionState.PLANNED
    return planned and session is not None and session.first_mark_at > now


def _wanted(series: Series, frame: Frame, until: date) -> dict[date, Meeting]:
    """Return the meetings from now on whose time is not over."""
    found = meetings(series, frame.calendar, frame.zone, frame.today - DAY, until)
    after = series.policy.closes_after
    return {meeting.day: meeting for meeting in found if meeting.ends_at + after > frame.now}


def _remove(uow: UnitOfWork, rows: Sequence[PlannedDay]) -> None:
    forget_times(uow, [row.session_id for row in rows])
    for row in rows:
        uow.series.unplan(row.series_id, row.day)
        uow.sessions.remove(row.session_id)


def _renewed(series: Series, meeting: Meeting, old: Session) -> Session | None:
    """Return a planned session as its series wants it, or None when it is so already."""
    new = replace(_session(series, meeting, old.invented), session_id=old.session_id)
    return None if new == old else new


def _move(uow: UnitOfWork, moved: Sequence[Session]) -> None:
    forget_times(uow, [session.session_id for session in moved])
    for session in moved:
        uow.sessions.update(session)
        uow.due.add(*opening(session))
        uow.due.add(*closing(session))


def _add(uow: UnitOfWork, series: Series, new: Sequence[Meeting]) -> None:
    if not new:
        return
    invented = uow.groups.get(series.group_id).invented
    made = [_session(series, meeting, invented) for meeting in new]
    uow.sessions.add_many(made)
    uow.series.plan(
        [
            PlannedDay(series.series_id, meeting.day, session.session_id)
            for meeting, session in zip(new, made, strict=True)
        ]
    )
    uow.due.add_many([row for session in made for row in (opening(session), closing(session))])


def _session(series: Series, meeting: Meeting, invented: bool) -> Session:
    return Session(
        session_id=new_id(),
        group_id=series.group_id,
        title=series.title,
        starts_at=meeting.starts_at,
        ends_at=meeting.ends_at,
        business_date=meeting.business_date,
        policy=series.policy,
        state=SessionState.PLANNED,
        invented=invented,
    )


def _entry(series: Series, done: Planned, now: datetime, by: str) -> NewEntry:
    body: dict[str, object] = {
        "event": "planned",
        "at": now.isoformat(),
        "by": by,
        "series_id": series.series_id,
        "group_id": series.group_id,
    }
    for name in ("added", "changed", "removed"):
        days = getattr(done, name)
        if days:
            body[name] = [day.isoformat() for day in days]
    return NewEntry(EntryKind.SESSION, body)
