"""One line a person and session: as codes for the CSV file, in words for the workbook."""

from __future__ import annotations

from datetime import date, datetime
from functools import lru_cache

from rollbook.domain.month import MonthRegister, Row
from rollbook.languages.register_words import (
    method_word,
    remark_word,
    rule_word,
    status_word,
)
from rollbook.languages.writing import Words

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

CODES = Words()  # what programs read is the same in every language
_RUNS_AS_FORMULA = frozenset("=+-@\t\r\n＝＋－＠")


def values(register: MonthRegister, row: Row) -> tuple[Value, ...]:
    """Return the row in the order of HEADINGS; times are on the site's clocks, whole seconds."""
    session, record = row.session, row.record
    return (
        session.business_date,
        weekday(session.business_date),
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


def headings(words: Words) -> tuple[str, ...]:
    """Return the headings as people read them, in the same order."""
    _ = words.gettext
    return (
        _("Date"), _("Weekday"), _("Group"), _("Session"), _("Starts"), _("Ends"),
        _("External id"), _("Name"), _("Status"), _("Arrived"), _("Left"), _("Method"), _("Rule"),
        _("Reason"), _("Invented"),
    )  # fmt: skip


def said(register: MonthRegister, row: Row, words: Words) -> tuple[Value, ...]:
    """Return the row as people read it: what programs have codes for is said in words."""
    _, record = words.gettext, row.record
    told = dict(zip(HEADINGS, values(register, row), strict=True))
    told["weekday"] = weekday(row.session.business_date, words)
    told["status"] = status_word(record.status, _)
    told["method"] = method_word(record.method, _) if record.method else None
    told["rule"] = _rule(record.rule, words)
    told["reason"] = remark_word(record.reason, _) if record.reason else None
    told["invented"] = _("yes") if row.invented else _("no")
    return tuple(told.values())


@lru_cache
def weekday(day: date, words: Words = CODES) -> str:
    return words.weekday(day)


@lru_cache
def _rule(rule: str, words: Words) -> str:
    return rule_word(rule, words.gettext)


def _local(register: MonthRegister, instant: datetime | None) -> datetime | None:
    return register.local(instant).replace(microsecond=0) if instant else None


def runs_as_formula(text: str) -> bool:
    """Return whether a spreadsheet could take the text for a formula.

    >>> runs_as_formula("=1+1"), runs_as_formula(" @SUM(A1)"), runs_as_formula("Ada")
    (True, True, False)
    """
    return text[:1] in _RUNS_AS_FORMULA or text.lstrip()[:1] in _RUNS_AS_FORMULA if text else False
