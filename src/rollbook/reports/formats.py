"""The formats of a register and of hours; what each needs is imported when it is used."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from rollbook.domain.hours import hours_of
from rollbook.domain.month import MonthRegister

Render = Callable[[MonthRegister], bytes]


def _csv(register: MonthRegister) -> bytes:
    from rollbook.reports.csv_file import month_csv

    return month_csv(register)


def _xlsx(register: MonthRegister) -> bytes:
    from rollbook.reports.xlsx import month_xlsx

    return month_xlsx(register)


def _pdf(register: MonthRegister) -> bytes:
    from rollbook.reports.pdf import month_pdf

    return month_pdf(register)


def _hours_csv(register: MonthRegister) -> bytes:
    from rollbook.reports.hours_rows import hours_csv

    return hours_csv(hours_of(register))


def _hours_xlsx(register: MonthRegister) -> bytes:
    from rollbook.reports.hours_xlsx import hours_xlsx

    return hours_xlsx(hours_of(register))


def _hours_pdf(register: MonthRegister) -> bytes:
    from rollbook.reports.pdf import hours_pdf

    return hours_pdf(hours_of(register))


RENDERERS: Mapping[str, Render] = {
    "csv": _csv,
    "xlsx": _xlsx,
    "pdf": _pdf,
    "hours csv": _hours_csv,
    "hours xlsx": _hours_xlsx,
    "hours pdf": _hours_pdf,
}
