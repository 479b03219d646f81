"""What the register says, in words. Each function takes what translates a text of the source."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from rollbook.domain.attendance import Method, Status
from rollbook.domain.figures import AtRisk, RiskRules
from rollbook.languages.writing import Words

Gettext = Callable[..., str]

_MINUTES = re.compile(r"([0-9.]+) min")


def status_word(status: Status, _: Gettext) -> str:
    return {
        Status.PRESENT: _("present"),
        Status.LATE: _("late"),
        Status.LEFT_EARLY: _("left early"),
        Status.ABSENT: _("absent"),
        Status.EXCUSED: _("excused"),
        Status.OPEN: _("open"),
    }[status]


def method_word(method: Method, _: Gettext) -> str:
    return {
        Method.FACE: _("recognised at the camera"),
        Method.PHOTO: _("recognised on a class photograph"),
        Method.HAND: _("by hand"),
        Method.PIN: _("by PIN"),
        Method.QR: _("by QR code"),
        Method.INVENTED: _("invented for demonstration"),
    }[method]


def rule_word(rule: str, _: Gettext) -> str:
    """Return a rule of the register in words; one that is not known stays as it is."""
    plain = rule.rpartition(": ")[2]
    found = _MINUTES.search(plain)
    minutes = found.group(1) if found else ""
    shape = _MINUTES.sub("N min", plain)
    known = {
        "arrived within N min of the start": _(
            "arrived within %(minutes)s minutes of the start", minutes=minutes
        ),
        "arrived more than N min after the start": _(
            "arrived more than %(minutes)s minutes after the start", minutes=minutes
        ),
        "stayed less than N min": _("stayed less than %(minutes)s minutes", minutes=minutes),
        "seen again after N min or more": _(
            "seen again after %(minutes)s minutes or more", minutes=minutes
        ),
        "passed on the way out": _("passed on the way out"),
        "not seen": _("not seen"),
        "not seen yet": _("not seen yet"),
        "set by a person": _("set by a person"),
        "taken back": _("taken back"),
        "from paper": _("from a register on paper"),
        "everybody present": _("everybody marked as present"),
        "granted request": _("a request was granted"),
        "absence told in advance": _("absence told in advance"),
        "absence taken back": _("absence taken back"),
        "a person said who it was": _("a person said who it was"),
    }
    return known.get(shape, plain)


def remark_word(reason: str | None, _: Gettext) -> str:
    """Return a remark; those that the program itself writes are translated."""
    known = {
        "from paper": _("from a register on paper"),
        "assigned on a class photograph": _("assigned on a class photograph"),
        "erased": _("erased"),
    }
    return known.get(reason or "", reason or "")


def risk_reasons(risk: AtRisk, rules: RiskRules, words: Words) -> Iterator[str]:
    """Yield why somebody is at risk, in whole sentences."""
    _, totals = words.gettext, risk.totals
    if risk.low is not None:
        yield words.ngettext(
            "Attendance is %(share)s, below %(line)s: %(num)s of %(counted)s sessions was missed "
            "without an excuse.",
            "Attendance is %(share)s, below %(line)s: %(num)s of %(counted)s sessions were missed "
            "without an excuse.",
            totals.absent,
            share=words.share(totals.percent),
            line=words.percent(rules.below),
            counted=words.number(totals.counted),
        )
    if risk.in_a_row is not None:
        yield words.ngettext(
            "The last session was missed without an excuse.",
            "The last %(num)s sessions in a row were missed without an excuse.",
            risk.in_a_row,
        )
    if risk.fell is not None:
        was, is_now = risk.fell
        yield _(
            "Attendance fell from %(before)s to %(now)s in the last %(weeks)s weeks of these days.",
            before=words.percent(was),
            now=words.percent(is_now),
            weeks=words.number(rules.recent.days // 7),
        )
