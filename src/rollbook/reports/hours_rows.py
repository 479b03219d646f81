"""Hours as lines: what CSV, workbook and PDF have in common."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from rollbook.domain.hours import DayHours, HoursBook, PersonHours, Stamp, Way, as_hours
from rollbook.domain.month import Person
from rollbook.languages.writing import Words
from rollbook.reports.csv_file import cell
from rollbook.reports.making import Making
from rollbook.reports.rows import CODES, weekday

HEADINGS = (
    "date",
    "weekday",
    "external_id",
    "name",
    "came",
    "went",
    "hours",
    "times",
    "unpaired",
    "invented",
)
RULE = (
    "Hours are the sums of the pairs: each in with the out that follows, by business day; a night "
    "belongs to the day on which it begins. A time without a partner counts nothing and stands "
    "under “unpaired”: correct it in the session, then export again. (+1) means: on the next day."
)


@dataclass(frozen=True, slots=True)
class Line:
    """One person's business day; all times are on the site's clocks."""

    day: date
    person: Person
    came: datetime | None  # the first in that has an out
    went: datetime | None  # the last out that has an in
    worked: timedelta
    times: str  # 08:00-12:00, 12:30-17:00
    unpaired: str  # in 08:00


def lines(book: HoursBook, one: PersonHours, words: Words) -> Iterator[Line]:
    """Yield the person's days."""
    for day in one.days:
        spans = [(book.local(s.came_at), book.local(s.went_at)) for s in day.spans]
        yield Line(
            day.day,
            one.person,
            spans[0][0] if spans else None,
            spans[-1][1] if spans else None,
            day.worked,
            ", ".join(f"{_clock(a, day)}–{_clock(b, day)}" for a, b in spans),
            ", ".join(_unpaired(book, stamp, day, words) for stamp in day.unpaired),
        )


def hours_csv(book: HoursBook, making: Making | None = None) -> bytes:
    """Return the CSV file: one row a person and day with times, the same in every language."""
    text, telling = io.StringIO(newline=""), (making or Making()).telling
    writer = csv.writer(text)
    writer.writerow(HEADINGS)
    for one in telling(book.people):
        for line in lines(book, one, CODES):
            writer.writerow(
                [
                    line.day.isoformat(),
                    weekday(line.day),
                    cell(line.person.external_id),
                    cell(line.person.name),
                    cell(_whole(line.came)),
                    cell(_whole(line.went)),
                    as_hours(line.worked),
                    line.times,
                    line.unpaired,
                    "yes" if line.person.invented or book.invented else "no",
                ]
            )
    return text.getvalue().encode("utf-8-sig", "replace")


def _whole(instant: datetime | None) -> datetime | None:
    return None if instant is None else instant.replace(microsecond=0)


def _unpaired(book: HoursBook, stamp: Stamp, day: DayHours, words: Words) -> str:
    _, at = words.gettext, _clock(book.local(stamp.at), day)
    return _("in %(at)s", at=at) if stamp.way is Way.IN else _("out %(at)s", at=at)


def _clock(local: datetime, day: DayHours) -> str:
    """Return the time; how many days later where it is another, the offset where clocks change."""
    said = f"{local:%H:%M}"
    if local.date() != day.day:
        said += f" ({(local.date() - day.day).days:+d})"
    changes = local.replace(hour=12).utcoffset() != local.utcoffset()
    return f"{said} UTC{local:%z}" if changes else said
