"""One line a person and session: what the CSV file and the sheet "All rows" hold."""

from __future__ import annotations

from datetime import date, datetime

from rollbook.domain.month import MonthRegister, Row
from rollbook.reports.letters import WEEKDAYS

HEADINGS = (
    "date",
    "weekday",
    "group",
    "session",
    "starts",
    "ends",
    "external_id",
    "name",
    "status",
    "arrived",
    "left",
    "method",
    "rule",
    "reason",
    "invented",
)

Value = str | date | datetime | None

_RUNS_AS_FORMULA = frozenset("=+-@\t\r\n＝＋－＠")


def values(register: MonthRegister, row: Row) -> tuple[Value, ...]:
    """Return the row in the order of HEADINGS; times are on the site's clocks, whole seconds."""
    session, record = row.session, row.record
    return (
        session.business_date,
        WEEKDAYS[session.business_date.weekday()],
        row.group.name,
        session.title,
        _local(register, session.starts_at),
        _local(register, session.ends_at),
        row.person.external_id,
        row.person.name,
        record.status.value,
        _local(register, record.arrived_at),
        _local(register, record.left_at),
        record.method.value if record.method else None,
        record.rule,
        record.reason,
        "yes" if row.invented else "no",
    )


def _local(register: MonthRegister, instant: datetime | None) -> datetime | None:
    return register.local(instant).replace(microsecond=0) if instant else None


def runs_as_formula(text: str) -> bool:
    """Return whether a spreadsheet could take the text for a formula.

    >>> runs_as_formula("=1+1"), runs_as_formula(" @SUM(A1)"), runs_as_formula("Ada")
    (True, True, False)
    """
    return text[:1] in _RUNS_AS_FORMULA or text.lstrip()[:1] in _RUNS_AS_FORMULA if text else False
