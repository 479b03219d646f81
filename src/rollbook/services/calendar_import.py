"""Calendar files become series: shown first, then taken over in one transaction."""

from __future__ import annotations

import base64
import re
import secrets
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum

from rollbook.domain.attendance import SCHOOL_LESSON, AttendancePolicy
from rollbook.domain.ports import Clock, OpenUnitOfWork, UnitOfWork
from rollbook.domain.register import EntryKind, NewEntry
from rollbook.domain.subjects import clean_name, new_id
from rollbook.domain.timetable import DayRange, Series
from rollbook.errors import InvalidInput, NotFound, RollbookError
from rollbook.services.calendar_file import CalendarEvent, Unusable, read_events
from rollbook.services.calendars import add_holidays
from rollbook.services.site import default_policy, site_policies
from rollbook.services.timetable import ROOM_LIMIT, TITLE_LIMIT, Timetable

Lists = dict[str, list[CalendarEvent]]


class LineKind(StrEnum):
    """What an event becomes."""

    SERIES = "series"
    SINGLE = "single"
    HOLIDAY = "holiday"
    NOTHING = "nothing"  # `problem` says why


@dataclass(frozen=True, slots=True)
class ImportLine:
    """One event of the file and what becomes of it."""

    number: int
    summary: str
    kind: LineKind
    series: Series | None = None
    holiday: DayRange | None = None
    known: bool = False  # the same event was imported before, and is changed now
    problem: RollbookError | None = None


@dataclass(frozen=True, slots=True)
class ImportChoices:
    """What the person chose beside the file."""

    group_id: str = ""  # of events that name no group
    policy: str = SCHOOL_LESSON.name


@dataclass(frozen=True, slots=True)
class ImportDone:
    """How much was taken over."""

    series: int
    changed: int
    holidays: int


class CalendarImport:
    """Reads a file for a preview, keeps it sealed meanwhile, and takes chosen lines over."""

    def __init__(self, open_uow: OpenUnitOfWork, clock: Clock, timetable: Timetable) -> None:
        self._open_uow = open_uow
        self._clock = clock
        self._timetable = timetable

    def keep(self, data: bytes, choices: ImportChoices, by: str) -> str:
        """Read the file once, keep it for this person, and return what it is kept under.

        Raises:
            InvalidInput: it is no calendar file, or larger than is taken.
        """
        key = secrets.token_hex(16)
        with self._open_uow() as uow:
            read_events(data, self._timetable.frame(uow).zone)
            kept: dict[str, object] = {
                "data": base64.b64encode(data).decode(),
                "group_id": choices.group_id,
                "policy": choices.policy,
            }
            uow.replies.claim(_place(by, key), self._clock.now())
            uow.replies.answer(_place(by, key), kept)
            uow.commit()
        return key

    def preview(self, key: str, by: str) -> list[ImportLine]:
        """Return what would become of a file that is kept.

        Raises:
            NotFound: it is not kept any more.
        """
        with self._open_uow() as uow:
            return self._lines(uow, key, by)

    def apply(self, key: str, numbers: Collection[int], by: str) -> ImportDone:
        """Take over the lines with these numbers, all or none.

        Raises:
            NotFound: the file is not kept any more.
        """
        with self._open_uow() as uow:
            uow.register.hold()
            lines = [line for line in self._lines(uow, key, by) if line.number in numbers]
            held = [line.holiday for line in lines if line.holiday is not None]
            add_holidays(uow, held)
            series = [line for line in lines if line.series is not None]
            for line in series:
                if line.series is not None:
                    self._timetable.put(uow, line.series, by, new=not line.known)
            if held:
                self._timetable.plan_anew(uow)
            changed = sum(line.known for line in series)
            done = ImportDone(len(series) - changed, changed, len(held))
            uow.register.append(_entry(done, self._clock.now(), by))
            uow.replies.release(_place(by, key))
            uow.commit()
        return done

    def _lines(self, uow: UnitOfWork, key: str, by: str) -> list[ImportLine]:
        kept = uow.replies.of(_place(by, key))
        if kept is None:
            raise NotFound("This file is not kept any more. Choose it again.")
        frame = self._timetable.frame(uow)
        events = read_events(base64.b64decode(str(kept["data"])), frame.zone)
        reader = _Reader(
            groups={group.name: group.group_id for group in uow.groups.all()},
            known={(one.source, one.group_id): one for one in uow.series.all() if one.source},
            choices=ImportChoices(str(kept["group_id"]), str(kept["policy"])),
            policy=site_policies(uow).get(str(kept["policy"])) or default_policy(uow),
            today=frame.today,
        )
        return [replace(line, number=number) for number, line in enumerate(reader.lines(events))]


@dataclass(frozen=True, slots=True)
class _Reader:
    """Turns events into lines."""

    groups: Mapping[str, str]  # name -> id
    known: Mapping[tuple[str, str], Series]
    choices: ImportChoices
    policy: AttendancePolicy
    today: date

    def lines(self, events: Sequence[CalendarEvent | Unusable]) -> Iterator[ImportLine]:
        moved: Lists = {}
        for event in events:
            if isinstance(event, CalendarEvent) and event.replaces is not None:
                moved.setdefault(event.uid, []).append(event)
        for event in events:
            if isinstance(event, Unusable):
                yield ImportLine(0, event.summary, LineKind.NOTHING, problem=event.problem)
                continue
            try:
                yield self._line(event, moved)
            except RollbookError as error:
                yield ImportLine(0, event.summary, LineKind.NOTHING, problem=error)

    def _line(self, event: CalendarEvent, moved: Lists) -> ImportLine:
        if event.cancelled:
            raise InvalidInput("It is cancelled in the file.")
        if event.all_day:
            return self._holiday(event)
        series = self._series(event, moved)
        known = self.known.get((series.source, series.group_id)) if series.source else None
        if known is not None:
            series = replace(series, series_id=known.series_id, policy=known.policy)
        kind = LineKind.SINGLE if series.is_single else LineKind.SERIES
        return ImportLine(0, event.summary, kind, series, known=known is not None)

    def _holiday(self, event: CalendarEvent) -> ImportLine:
        if event.last_day < self.today:
            raise InvalidInput("It is over already.")
        held = DayRange(clean_name(event.summary or "-"), event.first_day, event.last_day)
        return ImportLine(0, event.summary, LineKind.HOLIDAY, holiday=held)

    def _series(self, event: CalendarEvent, moved: Lists) -> Series:
        rule, off = event.recurrence, set(event.days_off)
        if event.replaces is None:
            off |= {one.replaces for one in moved.get(event.uid, ()) if one.replaces}
        weekdays = rule.weekdays if rule else frozenset()
        extra = set(event.extra_days) | set(rule.dates if rule else ())
        if event.first_day.weekday() not in weekdays:
            extra |= {event.first_day}  # what a file starts with takes place
        kept = frozenset(extra - off)
        last = rule.last_day if rule is not None else max(extra)
        self._refuse_over(weekdays, last, kept)
        group_name, group_id = self._group(event)
        if event.start is None or event.end is None:
            raise InvalidInput("Its times or its rule cannot be read.")
        return Series(
            series_id=new_id(),
            group_id=group_id,
            title=_title(event.summary, group_name)[:TITLE_LIMIT],
            start=event.start,
            end=event.end,
            first_day=min([event.first_day, *kept]),
            last_day=last if weekdays else None,
            weekdays=weekdays,
            every_weeks=rule.every_weeks if rule else 1,
            policy=self.policy,
            room=event.place[:ROOM_LIMIT],
            days_off=frozenset(off),
            extra_days=kept,
            source=" ".join([event.uid, *([event.replaces.isoformat()] if event.replaces else [])]),
        )

    def _refuse_over(
        self, weekdays: frozenset[int], last: date | None, kept: frozenset[date]
    ) -> None:
        runs = bool(weekdays) and (last is None or last >= self.today)
        if not runs and not any(day >= self.today for day in kept):
            raise InvalidInput("It is over already.")

    def _group(self, event: CalendarEvent) -> tuple[str, str]:
        """Return name and id of the group: a category, a word of the summary, or the chosen one."""
        plain = {name.casefold(): name for name in self.groups}
        for category in event.categories:
            if category.casefold() in plain:
                name = plain[category.casefold()]
                return name, self.groups[name]
        for name in sorted(self.groups, key=len, reverse=True):
            if re.search(_word(name), event.summary, re.IGNORECASE):
                return name, self.groups[name]
        if self.choices.group_id in self.groups.values():
            return "", self.choices.group_id
        raise InvalidInput(
            "It names no group. Write the group's name into its title or category, or choose a "
            "group for such events."
        )


def _word(name: str) -> str:
    return rf"(?<!\w){re.escape(name)}(?!\w)"


def _title(summary: str, group: str) -> str:
    """Return a summary without the group's name: "5b: Maths" becomes "Maths"."""
    if not group:
        return summary
    left = re.sub(_word(group), " ", summary, count=1, flags=re.IGNORECASE)
    return " ".join(left.split()).strip(" -:,;|/()[]") or summary


def _place(by: str, key: str) -> str:
    return f"calendar file {by} {key}"


def _entry(done: ImportDone, at: datetime, by: str) -> NewEntry:
    body: dict[str, object] = {
        "event": "calendar imported",
        "at": at.isoformat(),
        "by": by,
        "series": done.series,
        "changed": done.changed,
        "holidays": done.holidays,
    }
    return NewEntry(EntryKind.SETTING, body)
