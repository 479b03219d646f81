"""What people type into the forms of the timetable, read and checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, time

from flask import request
from flask_babel import gettext as _

from rollbook.domain.timetable import EARLIEST, LATEST

MOST_DATES = 400


@dataclass
class Form:
    """The values as they were typed, to be shown again, and what is wrong with them."""

    values: Mapping[str, str]
    lists: Mapping[str, list[str]] = field(default_factory=dict)  # fields that come several times
    errors: dict[str, str] = field(default_factory=dict)

    @classmethod
    def sent(cls) -> Form:
        return cls(request.form.to_dict(), request.form.to_dict(flat=False))

    def text(self, name: str) -> str:
        return self.values.get(name, "").strip()

    def checked(self, name: str) -> bool:
        return self.values.get(name) == "yes"

    def many(self, name: str) -> list[str]:
        return self.lists.get(name, [])

    def day(self, name: str, *, required: bool = False) -> date | None:
        text = self.text(name)
        if not text:
            if required:
                self.errors[name] = _("Please choose a day.")
            return None
        found = _day(text)
        if found is None:
            self.errors[name] = _("This is not a day. Write it as year-month-day.")
        return found

    def days(self, name: str) -> frozenset[date]:
        """Return the days of a field that takes several, each on a line or after a comma."""
        texts = self.text(name).replace(",", " ").split()
        found = [_day(text) for text in texts[:MOST_DATES]]
        if None in found or len(texts) > MOST_DATES:
            self.errors[name] = _("Write each day as year-month-day, on a line of its own.")
        return frozenset(day for day in found if day is not None)

    def clock(self, name: str) -> time | None:
        try:
            found = time.fromisoformat(self.text(name))
        except ValueError:
            self.errors[name] = _("Please enter a time, like 08:05.")
            return None
        return found.replace(second=0, microsecond=0, tzinfo=None)

    def number(self, name: str, least: int, most: int) -> int | None:
        """Return a whole number, or None where nothing was typed."""
        text = self.text(name)
        if not text:
            return None
        whole = text.isascii() and text.isdigit() and len(text) < 10
        if not whole or not least <= int(text) <= most:
            self.errors[name] = _(
                "Please enter a number from %(least)s to %(most)s.", least=least, most=most
            )
            return None
        return int(text)


def _day(text: str) -> date | None:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if EARLIEST < found < LATEST else None
