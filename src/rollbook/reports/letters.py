"""Words and letters that all reports share, in the language of the report."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from rollbook.domain.attendance import Status
from rollbook.domain.hours import HoursBook
from rollbook.domain.month import MonthRegister
from rollbook.languages.writing import Words

NO_SESSIONS = "no sessions"  # in files for programs


class Entry(NamedTuple):
    """One line of the legend."""

    letter: str
    word: str

    @property
    def short(self) -> str:
        """The word without what explains it."""
        return self.word.partition(":")[0]


@lru_cache
def legend(words: Words) -> Mapping[Status, Entry]:
    """Return what stands for each status: a letter of its own in every language."""
    _ = words.gettext
    said = {
        Status.PRESENT: _("P = present"),
        Status.LATE: _("L = late"),
        Status.LEFT_EARLY: _("E = left early"),
        Status.ABSENT: _("A = absent"),
        Status.EXCUSED: _("X = excused"),
        Status.OPEN: _("? = open: the session still runs"),
    }
    return {status: Entry(*text.split(" = ", 1)) for status, text in said.items()}


def letter_of(status: Status, words: Words) -> str:
    return legend(words)[status].letter


def legend_line(words: Words) -> str:
    """Return the whole legend as one text."""
    return ", ".join(f"{one.letter} = {one.word}" for one in legend(words).values())


def invented(words: Words) -> str:
    return words.gettext("INVENTED DATA: no real people")


def empty_cell(words: Words) -> str:
    return words.gettext("empty: no session, or not in the group on that day")


def guest(words: Words) -> str:
    return words.gettext("* marked in a session without being in the group")


def no_sessions_in(days: str, words: Words) -> str:
    return words.gettext("There were no sessions in %(days)s.", days=days)


def counted_people(number: int, words: Words) -> str:
    return words.ngettext("%(num)s person", "%(num)s people", number)


def counted_sessions(number: int, words: Words) -> str:
    return words.ngettext("%(num)s session", "%(num)s sessions", number)


def made_line(made: MonthRegister | HoursBook, words: Words) -> str:
    """Return when a workbook was made, and on which clocks."""
    at = made.local(made.made_at)
    return words.gettext(
        "%(day)s, %(at)s, by Rollbook; all times in %(zone)s",
        day=words.day(at.date()),
        at=f"{at:%H:%M}",
        zone=made.zone.key,
    )
