"""Parts about the timetable."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from rollbook.bootstrap.people import PeopleParts

if TYPE_CHECKING:
    from rollbook.services.absences import Absences
    from rollbook.services.calendar_import import CalendarImport
    from rollbook.services.calendars import Calendars
    from rollbook.services.groups import Groups
    from rollbook.services.session_life import SessionLife
    from rollbook.services.timetable import Timetable


class PlanningParts(PeopleParts):
    """The timetable, and what is told in advance."""

    @cached_property
    def timetable(self) -> Timetable:
        from rollbook.services.timetable import Timetable

        return Timetable(self.uow, self.clock, lambda: self.zone)

    @cached_property
    def calendars(self) -> Calendars:
        from rollbook.services.calendars import Calendars

        return Calendars(self.uow, self.clock, self.timetable.plan_anew)

    @cached_property
    def calendar_import(self) -> CalendarImport:
        from rollbook.services.calendar_import import CalendarImport

        return CalendarImport(self.uow, self.clock, self.timetable)

    @cached_property
    def session_life(self) -> SessionLife:
        from rollbook.services.session_life import SessionLife

        return SessionLife(self.uow, self.clock)

    @cached_property
    def absences(self) -> Absences:
        from rollbook.services.absences import Absences

        return Absences(self.uow, self.clock)

    @cached_property
    def groups(self) -> Groups:
        from rollbook.services.groups import Groups

        return Groups(self.uow, self.clock, self.today)
