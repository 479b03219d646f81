"""Terms and holidays, and how far ahead sessions are planned."""

from __future__ import annotations

from datetime import timedelta

from flask import flash, redirect, render_template, url_for
from flask_babel import get_locale
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from rollbook.domain.access import Permission
from rollbook.domain.timetable import DayRange, Term
from rollbook.errors import InvalidInput
from rollbook.services.calendars import HolidayRegion, countries
from rollbook.services.timetable import FEWEST, MOST
from rollbook.web.access import actor, permit
from rollbook.web.errors import sentence
from rollbook.web.parts import parts
from rollbook.web.timetable.blueprint import blueprint, require_id
from rollbook.web.timetable.forms import Form

SHOWN = timedelta(days=400)  # public holidays so far ahead


@blueprint.get("/timetable/calendar")
@permit(Permission.TIMETABLE_EDIT)
def calendar() -> str:
    """Show terms and holidays."""
    return _page(Form({}))


@blueprint.post("/timetable/calendar/terms")
@permit(Permission.TIMETABLE_EDIT)
def add_term() -> Response | tuple[str, int]:
    """Add a term."""
    form = Form.sent()
    days = _range(form, "term")
    if days is None:
        return _page(form), 422
    parts().calendars.add_term(days.name, days.first_day, days.last_day, actor().by)
    return _saved()


@blueprint.post("/timetable/calendar/terms/<term_id>")
@permit(Permission.TIMETABLE_EDIT)
def change_term(term_id: str) -> Response | tuple[str, int]:
    """Give a term another name or other days."""
    form = Form.sent()
    days = _range(form, "term")
    if days is None:
        return _page(form), 422
    parts().calendars.change_term(Term(require_id(term_id), days), actor().by)
    return _saved()


@blueprint.post("/timetable/calendar/terms/<term_id>/remove")
@permit(Permission.TIMETABLE_EDIT)
def remove_term(term_id: str) -> Response | tuple[str, int]:
    """Remove a term in which no series runs."""
    try:
        parts().calendars.remove_term(require_id(term_id), actor().by)
    except InvalidInput as error:
        return _page(Form({}, errors={"term-name": sentence(error)})), 422
    return _saved()


@blueprint.post("/timetable/calendar/holidays")
@permit(Permission.TIMETABLE_EDIT)
def add_holiday() -> Response | tuple[str, int]:
    """Add holidays; planned sessions on these days are removed."""
    form = Form.sent()
    days = _range(form, "holiday")
    if days is None:
        return _page(form), 422
    parts().calendars.add_holidays([days], actor().by)
    return _saved()


@blueprint.post("/timetable/calendar/holidays/remove")
@permit(Permission.TIMETABLE_EDIT)
def remove_holiday() -> Response:
    """Remove holidays; their days are planned again."""
    form = Form.sent()
    held = parts().calendars.read(parts().today()).holidays
    number = form.number("number", 0, len(held) - 1) if held else None
    if number is not None and form.text("first_day") == held[number].first_day.isoformat():
        parts().calendars.remove_holiday(held[number], actor().by)
    return _saved()


@blueprint.post("/timetable/calendar/region")
@permit(Permission.TIMETABLE_EDIT)
def set_region() -> Response | tuple[str, int]:
    """Say whose public holidays apply."""
    form = Form.sent()
    country = form.text("country")
    parts_of = countries().get(country, ())
    part = form.text("part") if form.text("part") in parts_of else ""
    try:
        parts().calendars.set_region(HolidayRegion(country, part), actor().by)
    except InvalidInput as error:
        form.errors["country"] = sentence(error)
        return _page(form), 422
    return _saved()


@blueprint.post("/timetable/calendar/weeks")
@permit(Permission.TIMETABLE_EDIT)
def set_weeks() -> Response | tuple[str, int]:
    """Say how far ahead sessions are planned."""
    form = Form.sent()
    weeks = form.number("weeks", FEWEST, MOST)
    if weeks is None:
        form.errors.setdefault("weeks", _("Please enter a number."))
        return _page(form), 422
    parts().timetable.set_weeks_ahead(weeks, actor().by)
    return _saved()


def _saved() -> Response:
    flash(_("Saved. The timetable follows."), "good")
    return redirect(url_for("timetable.calendar"))


def _range(form: Form, prefix: str) -> DayRange | None:
    """Return the days of one of the two forms; None when something is wrong."""
    name = form.text(f"{prefix}-name")
    if not name:
        form.errors[f"{prefix}-name"] = _("Please enter a name.")
    first = form.day(f"{prefix}-first", required=True)
    last = form.day(f"{prefix}-last") or first
    if form.errors or first is None or last is None:
        return None
    try:
        return DayRange(name[:120], first, last)
    except InvalidInput as error:
        form.errors[f"{prefix}-last"] = sentence(error)
        return None


def _page(form: Form) -> str:
    today = parts().today()
    found = parts().calendars.read(today)
    region = parts().calendars.region()
    public = sorted((d, name) for d, name in found.public.items() if today <= d < today + SHOWN)
    return render_template(
        "timetable/calendar.html",
        form=form,
        calendar=found,
        region=region,
        countries=_countries(),
        country_parts=[("", _("the whole country"))]
        + [(part, part) for part in countries().get(region.country, ())],
        public=public,
        weeks=parts().timetable.weeks_ahead(),
        fewest=FEWEST,
        most=MOST,
        today=today,
    )


def _countries() -> list[tuple[str, str]]:
    """Return the countries whose holidays are known, by name in the page's language."""
    names = (get_locale() and get_locale().territories) or {}
    known = [(code, str(names.get(code, code))) for code in countries()]
    return [("", _("none")), *sorted(known, key=lambda one: one[1].casefold())]
