"""What the register says, in the words of the page's language."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from babel.dates import format_date, format_skeleton
from babel.numbers import format_decimal
from flask import Flask
from flask_babel import get_locale, ngettext
from flask_babel import gettext as _

from rollbook.domain.attendance import (
    AttendanceRecord,
    Evidence,
    Mark,
    MarkKind,
    Method,
    Status,
)
from rollbook.domain.explanation import decisive_mark
from rollbook.domain.identification import Doubt
from rollbook.domain.ports import UnitOfWork
from rollbook.domain.statements import BY_PERSON, TAKEN_BACK
from rollbook.errors import NotFound
from rollbook.languages import register_words
from rollbook.languages.writing import Words
from rollbook.web.times import format_locale, moment


def status_word(status: Status | None) -> str:
    return "" if status is None else register_words.status_word(status, _)


def method_word(method: Method | None) -> str:
    return "" if method is None else register_words.method_word(method, _)


def doubt_word(doubt: Doubt) -> str:
    return {
        Doubt.EMPTY_GALLERY: _("of nobody in this session there are pictures"),
        Doubt.BELOW_THRESHOLD: _("resembles nobody enough"),
        Doubt.AMBIGUOUS: _("several people are too alike"),
        Doubt.FRAMES_DISAGREE: _("the pictures disagree"),
        Doubt.TOO_FEW_FRAMES: _("too few pictures"),
    }[doubt]


def rule_word(rule: str) -> str:
    """Return a rule of the register in words; one that is not known stays as it is."""
    return register_words.rule_word(rule, _)


def remark_word(reason: str | None) -> str:
    """Return a remark; those that the program itself writes are translated."""
    return register_words.remark_word(reason, _)


def refusal_word(reason: str) -> str:
    """Return why a sighting wrote nothing."""
    known = {
        "already marked": _("already marked"),
        "the session takes no marks yet": _("the session takes no marks yet"),
        "the session takes no more marks": _("the session takes no more marks"),
        "the session was called off": _("the session was called off"),
    }
    return known.get(reason, reason)


def who(uow: UnitOfWork, by: str) -> str:
    """Return who made a mark: the account's name, or what the device is."""
    role, _space, actor_id = by.partition(" ")
    if role in {"administrator", "faculty", "auditor"}:
        try:
            return uow.users.get(actor_id).shown
        except NotFound:
            return {
                "administrator": _("a former administrator"),
                "faculty": _("a former teacher"),
            }.get(role, _("a former account"))
    known = {
        "camera": _("the camera"),
        "kiosk": _("the kiosk"),
        "timetable": _("the timetable"),
        "subject": _("the person"),
        "pin": _("the person, by PIN"),
        "qr": _("the person, by QR code"),
        "unknown": _("somebody"),
    }
    return known.get(role, by)


def names_of_actors(uow: UnitOfWork, marks: Iterable[Mark]) -> dict[str, str]:
    """Return what to call everybody who made these marks."""
    return {by: who(uow, by) for by in {mark.by for mark in marks}}


def evidence_words(evidence: Evidence) -> str:
    """Return how sure the recognition was, in one sentence with its numbers."""
    pictures = ngettext("%(num)s picture", "%(num)s pictures", evidence.frames)
    return _(
        "Alike to %(score)s (needed %(threshold)s), ahead of the next person by %(margin)s "
        "(needed %(required)s), on %(pictures)s, among %(people)s people.",
        score=number(evidence.score, 2),
        threshold=number(evidence.threshold, 2),
        margin=number(evidence.margin, 2),
        required=number(evidence.required_margin, 2),
        pictures=pictures,
        people=number(evidence.gallery_size),
    )


def mark_words(mark: Mark, actors: Mapping[str, str]) -> str:
    """Return what one mark says, who made it and when, in one sentence."""
    by, at = actors.get(mark.by, mark.by), moment(mark.at)
    if mark.kind is not MarkKind.STATUS:
        return _seen_words(mark, by, at)
    if mark.rule == TAKEN_BACK:
        return _("%(who)s took the last change back, on %(at)s.", who=by, at=at)
    if mark.status is Status.OPEN:
        return _("%(who)s took back what was set, on %(at)s.", who=by, at=at)
    return _("%(who)s set “%(status)s”, on %(at)s.", who=by, status=status_word(mark.status), at=at)


def _seen_words(mark: Mark, by: str, at: str) -> str:
    if mark.kind is MarkKind.LEFT:
        return _("Left on %(at)s, %(how)s.", at=at, how=method_word(mark.method))
    if mark.method is Method.HAND:
        return _("%(who)s said who it was; seen on %(at)s.", who=by, at=at)
    if mark.kind is MarkKind.SEEN:
        return _("Seen again on %(at)s, %(how)s.", at=at, how=method_word(mark.method))
    return _("Arrived on %(at)s, %(how)s.", at=at, how=method_word(mark.method))


def why(record: AttendanceRecord, actors: Mapping[str, str]) -> str:
    """Return in a few words why the register says what it says about somebody."""
    said = decisive_mark(record)
    if said is None:
        return rule_word(record.rule)
    if said.kind is MarkKind.STATUS:
        by = actors.get(said.by, said.by)
        if said.rule == BY_PERSON:
            return _("set by %(who)s", who=by)
        return _("%(rule)s, by %(who)s", rule=rule_word(said.rule), who=by)
    return f"{rule_word(record.rule)}, {method_word(said.method)}"


def month_name(day: date) -> str:
    """Return month and year of a day."""
    return format_skeleton("yMMMM", day, locale=format_locale())


def short_weekday(day: date) -> str:
    return format_date(day, "EEE", locale=format_locale())


def number(value: float, digits: int = 0) -> str:
    """Return a number with so many decimals, as the page's language writes it."""
    pattern = f"#,##0.{'0' * digits}" if digits else "#,##0"
    return str(format_decimal(round(value, digits), format=pattern, locale=get_locale() or "en"))


def share(percent: str) -> str:
    """Return a percentage that is there as 66.7; a dash where there is none."""
    return Words(str(get_locale() or "en")).share(percent)


def init_app(app: Flask) -> None:
    """Let templates use the words."""
    app.jinja_env.filters.update(
        status_word=status_word,
        method_word=method_word,
        rule_word=rule_word,
        remark_word=remark_word,
        doubt_word=doubt_word,
        evidence_words=evidence_words,
        month_name=month_name,
        short_weekday=short_weekday,
        number=number,
        share=share,
    )
