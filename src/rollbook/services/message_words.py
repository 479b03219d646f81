"""What stands in the place of names in messages: days, numbers and sentences by language.

Events hold what happened as codes: a text of the source, the numbers in it, a day. They become
words when a message leaves, in the language of whoever gets it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime

from babel.dates import format_time

from rollbook.domain.message_texts import DECISIONS, EXAMPLES, EXPORTS, FIGURES, fill
from rollbook.domain.messages import EventKind
from rollbook.domain.month import read_period
from rollbook.domain.totals import Totals
from rollbook.languages.catalogs import spoken
from rollbook.languages.writing import Words

GROUPS = "groups"  # of last week, among the values of its event
TEXT = "what"  # a text of the source; its own values stand beside it
REPORTS_AT = "/exports"
CAMERA_DOWN = f"{EXAMPLES['camera']} does not answer."  # as the part that reads it says it
DISK_LOW = "The disk has %(free)s MiB left. Marks are refused when it is full."
_HOLE = re.compile(r"%\((\w+)\)[a-z]")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")


def said_day(day: date, words: Words) -> str:
    """Return a day as it is read.

    >>> berlin = "Europe/Berlin"
    >>> [said_day(date(2026, 3, 2), Words(each, berlin)) for each in ("en", "de")]
    ['Monday, 2 March 2026', 'Montag, 2. März 2026']
    """
    return words.day(day, "full")


def said_time(at: datetime, words: Words) -> str:
    """Return hours and minutes of an instant that is on the site's clock already."""
    return str(format_time(at, "short", locale=words.locale))


def said_number(value: float, words: Words) -> str:
    """Return a number with at most one decimal.

    >>> said_number(82.44, Words("de", "Europe/Berlin"))
    '82,4'
    """
    return words.number(round(value, 1))


def sentence(text: str, values: Mapping[str, str], words: Words) -> str:
    """Return a text of the source with its values, or a sentence that was finished elsewhere.

    >>> sentence("The last backup failed: %(why)s", {"why": "2026-03-01"}, Words("en"))
    'The last backup failed: Mar 1, 2026'
    """
    said = words.gettext(text) if _HOLE.search(text) else spoken(text, words.language)
    return _HOLE.sub(lambda found: _value(values.get(found[1], ""), words), said)


def in_words(
    kind: EventKind, values: Mapping[str, str], words: Words, address: str
) -> dict[str, str]:
    """Return the values of an event as they are said; `address` is the site's, or empty."""
    said = dict(values)
    match kind:
        case EventKind.LOW:
            for name in ("percentage", "line"):
                said[name] = said_number(float(values[name]), words)
        case EventKind.DECIDED:
            known = DECISIONS.get(words.language, DECISIONS["en"])
            said["decision"] = known.get(values.get("decision", ""), "")
        case EventKind.WEEKLY:
            said |= _week(values, words)
        case EventKind.CAMERA | EventKind.TROUBLE:
            said["what"] = sentence(values[TEXT], values, words)
        case EventKind.REPORT:
            where = EXPORTS.get(words.language, EXPORTS["en"])
            said |= {
                "report": words.period(read_period(values["report"])),
                "until": words.day(date.fromisoformat(values["until"])),
                "page": f"{address}{REPORTS_AT}" if address else where,
            }
    return said


def week_of(totals: Iterable[tuple[str, str, Totals]]) -> str:
    """Return groups, each by its name and id, with their figures, as an event holds them."""
    kept = [(name, group, one.percentage, one.absent, one.late) for name, group, one in totals]
    return json.dumps(kept, ensure_ascii=False)


def only_of_week(kept: str, group_ids: Collection[str]) -> str | None:
    """Return what `week_of` gave, of these groups alone; None where nothing remains."""
    mine = [one for one in json.loads(kept) if one[1] in group_ids]
    return json.dumps(mine, ensure_ascii=False) if mine else None


def examples(kind: EventKind, words: Words) -> dict[str, str]:
    """Return invented values for a preview."""
    raw = dict(EXAMPLES)
    if kind is EventKind.CAMERA:
        raw[TEXT] = CAMERA_DOWN
    elif kind is EventKind.TROUBLE:
        raw |= {TEXT: DISK_LOW, "free": "400"}
    said = in_words(kind, raw, words, "https://school.example")
    return {
        **said,
        "day": said_day(date.fromisoformat(EXAMPLES["day"]), words),
        "figures": _figures(EXAMPLES["group"], 94.2, 3, 2, words),
    }


def _week(values: Mapping[str, str], words: Words) -> dict[str, str]:
    said = {name: words.day(date.fromisoformat(values[name])) for name in ("first", "last")}
    if GROUPS in values:
        lines = [
            _figures(group, percentage, absent, late, words)
            for group, _, percentage, absent, late in json.loads(values[GROUPS])
        ]
        said["figures"] = "\n".join(lines)
    return said


def _figures(group: str, percentage: float | None, absent: int, late: int, words: Words) -> str:
    return fill(
        FIGURES.get(words.language, FIGURES["en"]),
        {
            "group": group,
            "percentage": words.percent(percentage),
            "absent": words.number(absent),
            "late": words.number(late),
        },
    )


def _value(value: str, words: Words) -> str:
    """Return a number or a day as it is written; other values may be sentences themselves."""
    if value.isascii() and value.isdigit():
        return words.number(int(value))
    if _DAY.fullmatch(value):
        return words.day(date.fromisoformat(value))
    return spoken(value, words.language)
