"""Words of the pages in the language of whoever looks."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import streamlit as st
from babel import Locale
from babel.dates import format_date, format_time
from babel.numbers import format_decimal

from rollbook.dashboard.hosting import host
from rollbook.domain.attendance import Method, Status
from rollbook.domain.camera_reports import Running
from rollbook.domain.faces import REFUSAL_TEXT
from rollbook.domain.identification import DOUBT_TEXT
from rollbook.reports.csv_file import cell

LANGUAGE, ZONE = "language", "zone"  # in the state of one browser's page


def _(text: str, **values: object) -> str:
    """Return a text in the language of the page."""
    found = _messages().gettext(text)
    return found % values if values else found


def ngettext(one: str, many: str, num: int) -> str:
    found: str = _messages().ngettext(one, many, num)
    return found % {"num": number(num)}


def _messages() -> Any:
    return host().catalog(st.session_state.get(LANGUAGE, "en"))


def locale() -> Locale:
    return host().written_in(st.session_state.get(LANGUAGE, "en"), _zone_key())


def _zone_key() -> str:
    return str(st.session_state.get(ZONE, "UTC"))


def day(value: date, style: str = "medium") -> str:
    return format_date(value, style, locale=locale())


def clock(at: datetime) -> str:
    """Return hours and minutes on the site's clocks."""
    return format_time(at.astimezone(ZoneInfo(_zone_key())), "short", locale=locale())


def number(value: int) -> str:
    return format_decimal(value, locale=locale())


def percent(value: float | None) -> str:
    """Return a percentage with one decimal; a dash where there is none."""
    return "–" if value is None else f"{format_decimal(round(value, 1), locale=locale())} %"


def rounded(value: float | None) -> float | None:
    """Return a percentage as tables show it."""
    return None if value is None else round(value, 1)


def safe(name: str) -> str:
    """Return a name that no spreadsheet takes for a formula."""
    return cell(name)


def status_word(status: Status) -> str:
    return {
        Status.PRESENT: _("present"),
        Status.LATE: _("late"),
        Status.LEFT_EARLY: _("left early"),
        Status.ABSENT: _("absent"),
        Status.EXCUSED: _("excused"),
        Status.OPEN: _("open"),
    }[status]


def method_word(method: Method) -> str:
    return {
        Method.FACE: _("face at the camera"),
        Method.PHOTO: _("class photograph"),
        Method.HAND: _("by hand"),
        Method.PIN: _("by PIN"),
        Method.QR: _("by QR code"),
        Method.INVENTED: _("invented for demonstration"),
    }[method]


def camera_word(running: Running) -> str:
    return {
        Running.OFF: _("off"),
        Running.WAITING: _("waiting"),
        Running.RUNNING: _("running"),
        Running.ELSEWHERE: _("elsewhere"),
        Running.TROUBLE: _("trouble"),
        Running.ENDED: _("over"),
        Running.FACES_OFF: _("not used"),
        Running.NOT_RUN: _("not run"),
    }[running]


def reason_word(code: str) -> str:
    """Return why a face was not named, or why there was none."""
    known = {str(one): text for one, text in (*REFUSAL_TEXT.items(), *DOUBT_TEXT.items())}
    return _(known[code]) if code in known else code
