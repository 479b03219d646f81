"""The formats in which a month can be had; what each needs is imported when it is used."""

from __future__ import annotations

from collections.abc import Callable, Mapping

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


RENDERERS: Mapping[str, Render] = {"csv": _csv, "xlsx": _xlsx, "pdf": _pdf}
