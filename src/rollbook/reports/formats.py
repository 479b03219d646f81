"""The formats of a register and of hours; what each needs is imported when it is used."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from rollbook.domain.hours import hours_of
from rollbook.domain.month import GroupMonth, MonthRegister, PersonMonth
from rollbook.domain.ports import Progress
from rollbook.errors import InvalidInput
from rollbook.languages.catalogs import LANGUAGES
from rollbook.languages.writing import Words
from rollbook.reports.making import Making

Make = Callable[[MonthRegister, Making], bytes]
Render = Callable[[MonthRegister, str, Progress | None], bytes]


def _csv(register: MonthRegister, making: Making) -> bytes:
    from rollbook.reports.csv_file import month_csv

    return month_csv(register, making)


def _xlsx(register: MonthRegister, making: Making) -> bytes:
    from rollbook.reports.xlsx import month_xlsx

    return month_xlsx(_spoken(register, making.words), making)


def _pdf(register: MonthRegister, making: Making) -> bytes:
    from rollbook.reports.pdf import month_pdf

    return month_pdf(_spoken(register, making.words), making)


def _hours_csv(register: MonthRegister, making: Making) -> bytes:
    from rollbook.reports.hours_rows import hours_csv

    return hours_csv(hours_of(register), making)


def _hours_xlsx(register: MonthRegister, making: Making) -> bytes:
    from rollbook.reports.hours_xlsx import hours_xlsx

    return hours_xlsx(hours_of(_spoken(register, making.words)), making)


def _hours_pdf(register: MonthRegister, making: Making) -> bytes:
    from rollbook.reports.pdf import hours_pdf

    return hours_pdf(hours_of(_spoken(register, making.words)), making)


def _spoken(register: MonthRegister, words: Words) -> MonthRegister:
    """Return the register with erased people named in the language of the report."""
    return replace(register, groups=tuple(_spoken_group(one, words) for one in register.groups))


def _spoken_group(group: GroupMonth, words: Words) -> GroupMonth:
    def spoken(line: PersonMonth) -> PersonMonth:
        if not line.person.erased:
            return line
        return replace(line, person=replace(line.person, name=words.gettext("erased person")))

    return replace(group, people=tuple(map(spoken, group.people)))


def _render(make: Make) -> Render:
    """Return what makes the file in a language.

    Raises:
        InvalidInput: there are no texts in the language.
    """

    def render(register: MonthRegister, language: str, progress: Progress | None) -> bytes:
        if language not in LANGUAGES:
            raise InvalidInput("There are no texts in this language.")
        return make(register, Making(Words(language, register.zone.key), progress))

    return render


_MAKERS: Mapping[str, Make] = {
    "csv": _csv,
    "xlsx": _xlsx,
    "pdf": _pdf,
    "hours csv": _hours_csv,
    "hours xlsx": _hours_xlsx,
    "hours pdf": _hours_pdf,
}
RENDERERS: Mapping[str, Render] = {name: _render(make) for name, make in _MAKERS.items()}
