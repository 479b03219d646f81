"""The timetable: series are added, changed and ended, and their sessions follow."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import date, time, timedelta
from zoneinfo import ZoneInfo

from rollbook.domain.attendance import Session
from rollbook.domain.ports import Clock, OpenUnitOfWork, UnitOfWork
from rollbook.domain.register import EntryKind, NewEntry
from rollbook.domain.subjects import new_id
from rollbook.domain.timetable import Meeting, Series, overlapping, week_of
from rollbook.errors import InvalidInput
from rollbook.services.calendars import read_calendar
from rollbook.services.due import Errand
from rollbook.services.planning import (
    Frame,
    Planned,
    out_of_step,
    plan_all,
    plan_series,
    unplan_series,
    upcoming,
)
from rollbook.services.register import clean_remark

PLAN_JOB = "plan ahead"
PLAN_AT = time(3, 10)  # of the site's clocks, every day
WEEKS_AHEAD, FEWEST, MOST = 4, 1, 26
PIECE = 25  # series that are planned in one transaction
WEEKS = "plan weeks"  # name of the setting
TITLE_LIMIT, ROOM_LIMIT = 120, 60  # characters


@dataclass(frozen=True, slots=True)
class Entry:
    """One meeting in a view of the timetable: a session, or what will become one."""

    group_id: str
    title: str
    meeting: Meeting
    session: Session | None = None
    series_id: str | None = None
    room: str = ""


@dataclass(frozen=True, slots=True)
class WeekView:
    """Seven days from Monday on, with what takes place and why a day is off."""

    days: tuple[date, ...]
    entries: dict[date, list[Entry]]  # by local day of the start
    off: dict[date, str]


class Timetable:
    """Changes series; what was opened already is never touched."""

    def __init__(
        self, open_uow: OpenUnitOfWork, clock: Clock, zone: Callable[[], ZoneInfo]
    ) -> None:
        self._open_uow = open_uow
        self._clock = clock
        self._zone = zone

    def add(self, series: Series, by: str) -> tuple[Series, Planned]:
        """Add a series and plan its first weeks.

        Raises:
            NotFound: there is no such group.
            InvalidInput: title or room are too long.
        """
        series = _cleaned(replace(series, series_id=new_id()))
        with self._open_uow() as uow:
            uow.register.hold()
            done = self.put(uow, series, by, new=True)
            uow.commit()
        return series, done

    def update(self, series: Series, by: str) -> Planned:
        """Change a series: only sessions that are planned and whose time has not begun follow.

        Raises:
            NotFound: there is no such series.
        """
        series = _cleaned(series)
        with self._open_uow() as uow:
            uow.register.hold()
            uow.series.get(series.series_id)
            done = self.put(uow, series, by, new=False)
            uow.commit()
        return done

    def put(self, uow: UnitOfWork, series: Series, by: str, *, new: bool) -> Planned:
        """Write a series within a transaction, note it, and plan it."""
        (uow.series.add if new else uow.series.update)(series)
        self._log(uow, "series added" if new else "series changed", series, by)
        return plan_series(uow, series, self.frame(uow), by)

    def end(self, series_id: str, last_day: date, by: str) -> Planned:
        """Let a series take place for the last time on a day; later sessions are removed.

        One that ends before it began is forgotten, unless a session of it was opened.
        """
        with self._open_uow() as uow:
            uow.register.hold()
            old = uow.series.get(series_id)
            kept = frozenset(day for day in old.extra_days if day <= last_day)
            self._log(uow, "series ended", old, by, last_day=last_day.isoformat())
            if last_day < old.first_day or (not kept and not old.weekdays):
                done = self._forget(uow, old, by)
            else:
                ended = replace(old, last_day=last_day, extra_days=kept)
                uow.series.update(ended)
                done = plan_series(uow, ended, self.frame(uow), by)
            uow.commit()
        return done

    def _forget(self, uow: UnitOfWork, series: Series, by: str) -> Planned:
        """Remove what was not opened, and the series itself when nothing is left of it."""
        done = unplan_series(uow, series, self.frame(uow), by)
        left = {row.day for row in uow.series.planned(series.series_id)}
        if left:
            last = max(left | {series.first_day})
            extra = series.extra_days & left or frozenset(left)
            uow.series.update(replace(series, last_day=last, extra_days=extra))
        else:
            uow.series.remove(series.series_id)
        return done

    def get(self, series_id: str) -> Series:
        """Raises NotFound."""
        with self._open_uow() as uow:
            return uow.series.get(series_id)

    def all(self, group_ids: Collection[str] | None = None) -> list[Series]:
        """Return the series of these groups, or all, by weekday and time."""
        with self._open_uow() as uow:
            found = uow.series.all()
        shown = [one for one in found if group_ids is None or one.group_id in group_ids]
        return sorted(shown, key=lambda one: (sorted(one.weekdays), one.start, one.title))

    def overlaps(self, series: Series) -> list[Series]:
        """Return the other series of the group that take the same time."""
        with self._open_uow() as uow:
            return overlapping(series, uow.series.all(series.group_id))

    def rooms(self, session_ids: Collection[str]) -> dict[str, str]:
        """Return session id -> room, for those that have one."""
        with self._open_uow() as uow:
            of = uow.series.series_of(session_ids)
            rooms = {one.series_id: one.room for one in uow.series.some(set(of.values()))}
        return {session: rooms[one] for session, one in of.items() if rooms.get(one)}

    def plan_ahead(self, by: str = "timetable") -> int:
        """Plan what is new within the next weeks; return how many sessions changed."""
        return self._plan_in_pieces(by)

    def plan_when_due(self, errand: Errand) -> None:
        """Plan ahead; a kill in the middle leaves the rest to the next who tries."""
        self._plan_in_pieces("timetable")
        with self._open_uow() as uow:
            errand.finish(uow)
            uow.commit()

    def _plan_in_pieces(self, by: str) -> int:
        """Plan some series in each transaction, so that nobody waits long for the register."""
        with self._open_uow() as uow:
            waiting = [one.series_id for one in out_of_step(uow, self.frame(uow))]
        count = 0
        for start in range(0, len(waiting), PIECE):
            with self._open_uow() as uow:
                uow.register.hold()
                frame = self.frame(uow)
                for series in uow.series.some(waiting[start : start + PIECE]):
                    count += plan_series(uow, series, frame, by).count
                uow.commit()
        return count

    def plan_anew(self, uow: UnitOfWork) -> None:
        """Let all series follow a changed calendar, within the transaction that changes it."""
        plan_all(uow, self.frame(uow), "timetable")

    def weeks_ahead(self) -> int:
        with self._open_uow() as uow:
            return _weeks(uow)

    def set_weeks_ahead(self, weeks: int, by: str) -> None:
        """Raises InvalidInput when it is not between FEWEST and MOST."""
        if not FEWEST <= weeks <= MOST:
            raise InvalidInput(
                "Sessions can be planned %(fewest)s to %(most)s weeks ahead.",
                fewest=FEWEST,
                most=MOST,
            )
        with self._open_uow() as uow:
            uow.site.set(WEEKS, weeks)
            now = self._clock.now().isoformat()
            body = {"event": "weeks planned ahead", "at": now, "by": by, "weeks": weeks}
            uow.register.append(NewEntry(EntryKind.SETTING, body))
            plan_all(uow, self.frame(uow), by)
            uow.commit()

    def week(self, day: date, group_ids: Collection[str] | None = None) -> WeekView:
        """Return the week of a day for these groups, or for all."""
        days = week_of(day)
        with self._open_uow() as uow:
            frame = self.frame(uow)
            only = next(iter(group_ids)) if group_ids is not None and len(group_ids) == 1 else None
            series = {one.series_id: one for one in uow.series.all(only)}
            sessions = uow.sessions.all(group_id=only, first_day=days[0], last_day=days[-1])
            rows = uow.series.planned(
                since=days[0] - timedelta(days=1), until=days[-1], of_group=only
            )
        planned = {row.session_id: row.series_id for row in rows}
        taken = {(row.series_id, row.day) for row in rows}
        entries = [
            _of_session(one, series.get(planned.get(one.session_id, ""))) for one in sessions
        ]
        for one in series.values():
            ahead = upcoming(one, frame, max(days[0], frame.today), days[-1])
            entries += [_to_come(one, m) for m in ahead if _is_to_come(one, m, taken, frame)]
        shown = [one for one in entries if group_ids is None or one.group_id in group_ids]
        return _view(days, shown, frame)

    def frame(self, uow: UnitOfWork) -> Frame:
        """Return what planning goes by at this moment."""
        zone, now = self._zone(), self._clock.now()
        calendar = read_calendar(uow, now.astimezone(zone).date())
        return Frame(calendar, zone, now, _weeks(uow))

    def _log(self, uow: UnitOfWork, event: str, series: Series, by: str, **more: object) -> None:
        body: dict[str, object] = {
            "event": event,
            "at": self._clock.now().isoformat(),
            "by": by,
            "series_id": series.series_id,
            "group_id": series.group_id,
            **more,
        }
        uow.register.append(NewEntry(EntryKind.SESSION, body))


def _weeks(uow: UnitOfWork) -> int:
    return int(str(uow.site.get(WEEKS) or WEEKS_AHEAD))


def _cleaned(series: Series) -> Series:
    title, room = clean_remark(series.title) or "", clean_remark(series.room) or ""
    if len(title) > TITLE_LIMIT or len(room) > ROOM_LIMIT:
        raise InvalidInput(
            "A title may have %(title)s characters and a room %(room)s. Shorten them.",
            title=TITLE_LIMIT,
            room=ROOM_LIMIT,
        )
    return replace(series, title=title, room=room)


def _of_session(session: Session, series: Series | None) -> Entry:
    meeting = Meeting(
        session.business_date, session.starts_at, session.ends_at, session.business_date
    )
    room, series_id = (series.room, series.series_id) if series else ("", None)
    return Entry(session.group_id, session.title, meeting, session, series_id, room)


def _to_come(series: Series, meeting: Meeting) -> Entry:
    return Entry(series.group_id, series.title, meeting, None, series.series_id, series.room)


def _is_to_come(
    series: Series, meeting: Meeting, taken: set[tuple[str, date]], frame: Frame
) -> bool:
    """Return whether a meeting lies ahead and is not planned as a session yet."""
    return (series.series_id, meeting.day) not in taken and meeting.ends_at > frame.now


def _view(days: tuple[date, ...], entries: list[Entry], frame: Frame) -> WeekView:
    by_day: dict[date, list[Entry]] = {day: [] for day in days}
    for entry in sorted(entries, key=lambda one: (one.meeting.starts_at, one.title)):
        if entry.meeting.business_date in by_day:
            by_day[entry.meeting.business_date].append(entry)
    why = {day: frame.calendar.why_off(day) for day in days}
    return WeekView(days, by_day, {day: name for day, name in why.items() if name})
