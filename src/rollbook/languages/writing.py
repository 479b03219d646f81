"""How a language says texts, numbers and days where a site is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any

from babel import Locale
from babel.core import UnknownLocaleError, get_global
from babel.dates import format_date, format_skeleton, get_day_names
from babel.numbers import format_decimal

from rollbook.domain.month import Days, Month, Period
from rollbook.languages import catalogs


@lru_cache
def written_in(language: str, zone_key: str) -> Locale:
    """Return a language as it is written where a time zone is: 8:05 AM, or 08:05."""
    territory = get_global("zone_territories").get(zone_key)
    try:
        return Locale.parse(f"{language}_{territory}" if territory else language)
    except (UnknownLocaleError, ValueError):
        return Locale.parse(language)


@dataclass(frozen=True, slots=True)
class Words:
    """One language at one place: numbers follow the language, days the place as well."""

    language: str = "en"
    zone_key: str = "UTC"  # decides in which order English has day and month

    @property
    def locale(self) -> Locale:
        return written_in(self.language, self.zone_key)

    def gettext(self, text: str, **values: object) -> str:
        """Return a text of the source in this language."""
        found = str(self._catalog.gettext(text))
        return found % values if values else found

    def ngettext(self, one: str, many: str, num: int, **values: object) -> str:
        """Return a text that says how many, with `num` as it is written in this language."""
        found = str(self._catalog.ngettext(one, many, num))
        return found % {"num": self.number(num), **values}

    @property
    def _catalog(self) -> Any:
        return catalogs.catalog(self.language)

    def number(self, value: float) -> str:
        return str(format_decimal(value, locale=self.language))

    def decimal(self, text: str) -> str:
        """Return a number such as 66.7 with its one decimal; nothing stays nothing."""
        return _decimal(text, self.language) if text else ""

    def percent(self, value: float | None) -> str:
        """Return a percentage with at most one decimal; a dash where there is none."""
        return "–" if value is None else f"{self.number(round(value, 1))} %"

    def share(self, text: str) -> str:
        """Return a percentage that is there as 66.7; a dash where there is none."""
        return f"{self.decimal(text)} %" if text else "–"

    def day(self, value: date, style: str = "medium") -> str:
        return str(format_date(value, style, locale=self.locale))

    def day_and_month(self, value: date) -> str:
        """Return 7.4. or 07/04, for narrow places."""
        return str(format_skeleton("Md", value, locale=self.locale))

    def full_day(self, value: date) -> str:
        """Return a date with its day of the week."""
        return str(format_skeleton("yMMMEd", value, locale=self.locale))

    def weekday(self, value: date) -> str:
        return str(format_date(value, "EEEE", locale=self.locale))

    def initials(self, value: date) -> str:
        """Return the day of the week in two letters."""
        return str(_initials(self.locale)[value.weekday()])

    def month(self, value: date) -> str:
        return str(format_skeleton("yMMMM", value, locale=self.locale))

    def period(self, period: Period) -> str:
        """Return which days a report is of."""
        if isinstance(period, Month):
            return self.month(period.first_day)
        first, last = self.day(period.first_day), self.day(period.last_day)
        spoken = self.gettext("%(first)s to %(last)s", first=first, last=last)
        return f"{period.name}, {spoken}" if isinstance(period, Days) and period.name else spoken


@lru_cache(maxsize=4096)
def _decimal(text: str, language: str) -> str:
    return str(format_decimal(Decimal(text), format="0.0", locale=language))


@lru_cache
def _initials(locale: Locale) -> dict[int, str]:
    """Return the days of the week from 0, Monday, in two letters."""
    return {n: name.strip(".") for n, name in get_day_names("short", locale=locale).items()}
