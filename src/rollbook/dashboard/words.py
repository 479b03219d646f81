"""Words of the pages in the language of whoever looks."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

import streamlit as st
from babel import Locale
from babel.dates import format_time

from rollbook.domain.attendance import Method, Status
from rollbook.domain.camera_reports import Running
from rollbook.domain.faces import REFUSAL_TEXT
from rollbook.domain.identification import DOUBT_TEXT
from rollbook.domain.tallies import REFUSED_WITHOUT_FACE
from rollbook.languages import register_words
from rollbook.languages.writing import Words

LANGUAGE, ZONE = "language", "zone"  # in the state of one browser's page


def _(text: str, **values: object) -> str:
    """Return a text in the language of the page."""
    return words().gettext(text, **values)


def ngettext(one: str, many: str, num: int) -> str:
    return words().ngettext(one, many, num)


def words() -> Words:
    """Return the language of whoever looks."""
    return Words(st.session_state.get(LANGUAGE, "en"), _zone_key())


def locale() -> Locale:
    return words().locale


def _zone_key() -> str:
    return str(st.session_state.get(ZONE, "UTC"))


def day(value: date, style: str = "medium") -> str:
    return words().day(value, style)


def clock(at: datetime) -> str:
    """Return hours and minutes on the site's clocks."""
    return format_time(at.astimezone(ZoneInfo(_zone_key())), "short", locale=locale())


def number(value: int) -> str:
    return words().number(value)


def percent(value: float | None) -> str:
    """Return a percentage with one decimal; a dash where there is none."""
    return words().percent(value)


def rounded(value: float | None) -> float | None:
    """Return a percentage as tables show it."""
    return None if value is None else round(value, 1)


def status_word(status: Status) -> str:
    return register_words.status_word(status, _)


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
    """Return why a face was not named or there was none, or why a code or PIN was refused."""
    texts = {**REFUSAL_TEXT, **DOUBT_TEXT, **REFUSED_WITHOUT_FACE}
    known = {str(one): text for one, text in texts.items()}
    return _(known[code]) if code in known else code


def short_reason(code: str) -> str:
    """Return the same for a chart: the first sentence, without what to do about it."""
    first = reason_word(code).partition(". ")[0].removesuffix(".")
    return first[:1].upper() + first[1:]
