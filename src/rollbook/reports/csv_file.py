"""The month as CSV: UTF-8 with a byte order mark, so that Excel opens it as it is.

A text that a spreadsheet could take for a formula (it begins with = + - @, a full-width form of
them, a tab or a line break, blanks in front or not) gets an apostrophe in front; so does one that
begins with an apostrophe, so that removing one apostrophe always gives back what was there.
"""

from __future__ import annotations

import csv
import io
from datetime import datetime

from rollbook.domain.month import MonthRegister
from rollbook.reports.letters import NO_SESSIONS
from rollbook.reports.making import Making
from rollbook.reports.rows import HEADINGS, Value, runs_as_formula, values


def month_csv(register: MonthRegister, making: Making | None = None) -> bytes:
    """Return the CSV file of a month; without sessions, its single row says so.

    Programs read it: it is the same in every language.
    """
    text, telling = io.StringIO(newline=""), (making or Making()).telling
    writer = csv.writer(text)
    writer.writerow(HEADINGS)
    for group in telling(register.groups):
        for row in group.rows():
            writer.writerow([cell(value) for value in values(register, row)])
    if not register.groups:
        nothing = {"date": str(register.period), "session": NO_SESSIONS}
        writer.writerow([nothing.get(heading, "") for heading in HEADINGS])
    return text.getvalue().encode("utf-8-sig", "replace")


def cell(value: Value) -> str:
    """Return what stands in a cell.

    >>> cell("=1+1"), cell("Ada"), cell(None)
    ("'=1+1", 'Ada', '')
    """
    if value is None:
        return ""
    if isinstance(value, str):
        return f"'{value}" if runs_as_formula(value) or value.startswith("'") else value
    return value.isoformat(timespec="seconds") if isinstance(value, datetime) else value.isoformat()
