"""The site's calendar: terms, holidays by hand, and public holidays of a country or region."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

from rollbook.domain.ports import Clock, OpenUnitOfWork, UnitOfWork
from rollbook.domain.register import EntryKind, NewEntry
from rollbook.domain.subjects import clean_name, new_id
from rollbook.domain.timetable import DayRange, SiteCalendar, Term
from rollbook.errors import InvalidInput, NotFound

TERMS, HOLIDAYS, REGION = "terms", "holidays", "holiday region"
MOST = 200  # terms or holidays
_LANGUAGES = {"en": "en_US"}  # ours -> the package's
YEARS_BACK, YEARS_AHEAD = 1, 3  # for which public holidays are known

Changed = Callable[[UnitOfWork], None]


@dataclass(frozen=True, slots=True)
class HolidayRegion:
    """Whose public holidays apply: ISO 3166 country, and part of it, e.g. DE and BE."""

    country: str = ""
    part: str = ""


def read_calendar(uow: UnitOfWork, today: date) -> SiteCalendar:
    """Return the calendar with the public holidays of the years around today."""
    region = region_of(uow)
    years = tuple(range(today.year - YEARS_BACK, today.year + YEARS_AHEAD + 1))
    language = str(uow.site.get("language") or "en")
    public = public_holidays(region.country, region.part, years, language) if region.country else {}
    return SiteCalendar(_terms(uow), _holidays(uow), public)


def region_of(uow: UnitOfWork) -> HolidayRegion:
    kept: Any = uow.site.get(REGION) or {}
    return HolidayRegion(kept.get("country", ""), kept.get("part", ""))


@lru_cache(maxsize=8)
def public_holidays(
    country: str, part: str, years: tuple[int, ...], language: str = "en"
) -> Mapping[date, str]:
    """Return the public holidays of these years, named in the language where that is known.

    Raises:
        InvalidInput: country or part are not known.
    """
    import holidays

    try:
        known = holidays.country_holidays(
            country, subdiv=part or None, years=years, language=_LANGUAGES.get(language, language)
        )
    except NotImplementedError as error:
        raise InvalidInput(
            "No public holidays are known of this country or region. Enter them by hand."
        ) from error
    return {day: str(name) for day, name in known.items()}


@lru_cache(maxsize=1)
def countries() -> Mapping[str, tuple[str, ...]]:
    """Return country -> its parts, for a choice."""
    import holidays

    return {
        country: tuple(parts)
        for country, parts in sorted(holidays.list_supported_countries().items())
        if len(country) == 2  # the others are the same ones with three letters
    }


class Calendars:
    """Changes terms and holidays; `changed` plans the timetable anew in the same transaction."""

    def __init__(self, open_uow: OpenUnitOfWork, clock: Clock, changed: Changed) -> None:
        self._open_uow = open_uow
        self._clock = clock
        self._changed = changed

    def read(self, today: date) -> SiteCalendar:
        with self._open_uow() as uow:
            return read_calendar(uow, today)

    def region(self) -> HolidayRegion:
        with self._open_uow() as uow:
            return region_of(uow)

    def set_region(self, region: HolidayRegion, by: str) -> None:
        """Raises InvalidInput when no public holidays are known of it."""
        if region.country:
            public_holidays(region.country, region.part, (self._clock.now().year,))
        kept = {"country": region.country, "part": region.part}
        with self._open_uow() as uow:
            uow.site.set(REGION, kept)
            self._end(uow, "holiday region", by, **kept)

    def add_term(self, name: str, first_day: date, last_day: date, by: str) -> Term:
        term = Term(new_id(), DayRange(clean_name(name), first_day, last_day))
        with self._open_uow() as uow:
            _set_terms(uow, (*_terms(uow), term))
            self._end(uow, "term added", by, term_id=term.term_id, **_days(term.days))
        return term

    def change_term(self, term: Term, by: str) -> None:
        """Give a term another name or other days; its series follow."""
        with self._open_uow() as uow:
            old = _terms(uow)
            if term.term_id not in {one.term_id for one in old}:
                raise NotFound("There is no such term.")
            _set_terms(uow, tuple(term if one.term_id == term.term_id else one for one in old))
            self._end(uow, "term changed", by, term_id=term.term_id, **_days(term.days))

    def remove_term(self, term_id: str, by: str) -> None:
        """Raises InvalidInput while a series runs in it."""
        with self._open_uow() as uow:
            if any(series.term_id == term_id for series in uow.series.all()):
                raise InvalidInput("Series run in this term. Give them other days first.")
            _set_terms(uow, tuple(one for one in _terms(uow) if one.term_id != term_id))
            self._end(uow, "term removed", by, term_id=term_id)

    def add_holiday(self, name: str, first_day: date, last_day: date, by: str) -> None:
        self.add_holidays([DayRange(clean_name(name), first_day, last_day)], by)

    def add_holidays(self, new: list[DayRange], by: str) -> None:
        """Add those that are not there already."""
        with self._open_uow() as uow:
            added = add_holidays(uow, new)
            self._end(uow, "holidays added", by, days=[_days(held) for held in added])

    def remove_holiday(self, held: DayRange, by: str) -> None:
        with self._open_uow() as uow:
            _set_holidays(uow, tuple(one for one in _holidays(uow) if one != held))
            self._end(uow, "holidays removed", by, days=[_days(held)])

    def _end(self, uow: UnitOfWork, event: str, by: str, **more: object) -> None:
        body = {"event": event, "at": self._clock.now().isoformat(), "by": by, **more}
        uow.register.append(NewEntry(EntryKind.SETTING, body))
        self._changed(uow)
        uow.commit()


def add_holidays(uow: UnitOfWork, new: Sequence[DayRange]) -> list[DayRange]:
    """Add holidays within a transaction; return those that were not there."""
    old = _holidays(uow)
    added = [held for held in dict.fromkeys(new) if held not in old]
    if added:
        _set_holidays(uow, (*old, *added))
    return added


def _terms(uow: UnitOfWork) -> tuple[Term, ...]:
    kept: Any = uow.site.get(TERMS) or []
    return tuple(Term(one["term_id"], _range(one)) for one in kept)


def _set_terms(uow: UnitOfWork, terms: tuple[Term, ...]) -> None:
    _refuse_too_many(terms)
    ordered = sorted(terms, key=lambda term: (term.days.first_day, term.days.name))
    uow.site.set(
        TERMS,
        [{"term_id": t.term_id, "name": t.days.name, **_days(t.days)} for t in ordered],
    )


def _holidays(uow: UnitOfWork) -> tuple[DayRange, ...]:
    kept: Any = uow.site.get(HOLIDAYS) or []
    return tuple(_range(one) for one in kept)


def _set_holidays(uow: UnitOfWork, held: tuple[DayRange, ...]) -> None:
    _refuse_too_many(held)
    ordered = sorted(held, key=lambda one: (one.first_day, one.last_day, one.name))
    uow.site.set(HOLIDAYS, [{"name": one.name, **_days(one)} for one in ordered])


def _refuse_too_many(kept: tuple[object, ...]) -> None:
    if len(kept) > MOST:
        raise InvalidInput("At most %(most)s can be kept. Remove those that are over.", most=MOST)


def _range(one: Mapping[str, str]) -> DayRange:
    first, last = date.fromisoformat(one["first_day"]), date.fromisoformat(one["last_day"])
    return DayRange(one["name"], first, last)


def _days(held: DayRange) -> dict[str, str]:
    return {"first_day": held.first_day.isoformat(), "last_day": held.last_day.isoformat()}
