"""Series and single sessions: added, changed, ended."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time, timedelta

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from rollbook.domain.access import Permission
from rollbook.domain.attendance import SCHOOL_LESSON
from rollbook.domain.subjects import Group
from rollbook.domain.timetable import LONGEST_CYCLE, Series, week_of
from rollbook.errors import InvalidInput
from rollbook.services.planning import Planned
from rollbook.web.access import actor, permit, require_group
from rollbook.web.errors import sentence
from rollbook.web.parts import parts
from rollbook.web.times import day as day_word
from rollbook.web.times import weekday
from rollbook.web.timetable.blueprint import (
    TOGETHER,
    asked_group,
    blueprint,
    groups_seen,
    require_id,
)
from rollbook.web.timetable.forms import Form
from rollbook.web.timetable.policies import LIMITS, limit_fields, policy_options, read_policy

DAY = timedelta(days=1)
SINGLE = "single"


@blueprint.get("/timetable/series")
@permit(Permission.TIMETABLE_READ)
def series_list() -> str:
    """List the series that have not ended."""
    groups, today = groups_seen(), parts().today()
    chosen = asked_group(groups)
    shown = [group_id for group_id in groups if chosen in ("", group_id)]
    found = [one for one in parts().timetable.all(shown) if not _is_over(one, today)]
    return render_template(
        "timetable/series_list.html",
        series=found,
        groups=groups,
        chosen=chosen,
        together=len(groups) <= TOGETHER,
        weekdays=dict(weekday_options()),
        terms={term.term_id: term.days.name for term in parts().calendars.read(today).terms},
    )


@blueprint.get("/timetable/new")
@permit(Permission.TIMETABLE_EDIT)
def new_series() -> str:
    """Ask for a series, or for a single session."""
    today = parts().today()
    values = {
        "kind": SINGLE if request.args.get("kind") == SINGLE else "",
        "group": request.args.get("group", ""),
        "start": "08:00",
        "end": "08:45",
        "first_day": today.isoformat(),
        "date": today.isoformat(),
        "every_weeks": "1",
        "policy": parts().site.policy().name,
    }
    return _page(Form(values), None)


@blueprint.post("/timetable/new")
@permit(Permission.TIMETABLE_EDIT)
def add_series() -> Response | tuple[str, int]:
    """Add a series and plan its first weeks."""
    form = Form.sent()
    group = _group(form)
    made = None if group is None else _read(form, "", group.group_id)
    if made is None:
        return _page(form, None), 422
    try:
        series, done = parts().timetable.add(made, actor().by)
    except InvalidInput as error:
        form.errors["title"] = sentence(error)
        return _page(form, None), 422
    _tell(series, done)
    return redirect(url_for("timetable.week", day=_first_shown(done, series), group=group_id(made)))


@blueprint.get("/timetable/series/<series_id>")
@permit(Permission.TIMETABLE_EDIT)
def series_page(series_id: str) -> str:
    """Show a series to be changed or ended."""
    series = parts().timetable.get(require_id(series_id))
    return _page(Form(*_values(series)), series)


@blueprint.post("/timetable/series/<series_id>")
@permit(Permission.TIMETABLE_EDIT)
def change_series(series_id: str) -> Response | tuple[str, int]:
    """Change a series: sessions that are planned follow, those that were opened stay."""
    old, form = parts().timetable.get(require_id(series_id)), Form.sent()
    made = _read(form, old.series_id, old.group_id)
    if made is None:
        return _page(form, old), 422
    changed = replace(made, source=old.source)
    try:
        done = parts().timetable.update(changed, actor().by)
    except InvalidInput as error:
        form.errors["title"] = sentence(error)
        return _page(form, old), 422
    _tell(changed, done)
    return redirect(url_for("timetable.week", day=_first_shown(done, changed)))


@blueprint.post("/timetable/series/<series_id>/end")
@permit(Permission.TIMETABLE_EDIT)
def end_series(series_id: str) -> Response | tuple[str, int]:
    """Let a series take place for the last time on a day, or take a single session away."""
    old, form = parts().timetable.get(require_id(series_id)), Form.sent()
    last = old.first_day - DAY if old.is_single else form.day("ends", required=True)
    if last is None:
        shown = Form(*_values(old), errors=form.errors)
        return _page(shown, old), 422
    done = parts().timetable.end(old.series_id, last, actor().by)
    flash(
        ngettext(
            "%(num)s planned session was removed. What was opened stays.",
            "%(num)s planned sessions were removed. What was opened stays.",
            len(done.removed),
        ),
        "good",
    )
    return redirect(url_for("timetable.week", group=old.group_id))


def group_id(series: Series) -> str | None:
    """Return which group's week is shown afterwards."""
    return series.group_id if len(groups_seen()) > 1 else None


def weekday_options() -> list[tuple[int, str]]:
    """Return the weekdays for a choice, from Monday on, in the page's language."""
    return [(number, weekday(day)) for number, day in enumerate(week_of(date(2024, 1, 1)))]


def _is_over(series: Series, today: date) -> bool:
    if series.is_single or not series.weekdays:
        return max(series.extra_days) < today
    return series.last_day is not None and series.last_day < today


def _group(form: Form) -> Group | None:
    if not form.text("group"):
        form.errors["group"] = _("Please choose a group.")
        return None
    return require_group(form.text("group"))


def _read(form: Form, series_id: str, of_group: str) -> Series | None:
    """Return the series that was typed; None when something is wrong, which is in the form."""
    single = form.text("kind") == SINGLE
    start, end, policy = (
        form.clock("start"),
        form.clock("end"),
        read_policy(form, whole=bool(series_id)),
    )
    first = form.day("date" if single else "first_day", required=True)
    last = None if single else form.day("last_day")
    off = frozenset() if single else form.days("days_off")
    extra = frozenset() if single else form.days("extra_days")
    weekdays = frozenset() if single else _weekdays(form)
    if not single and not weekdays and not extra:
        form.errors["weekdays"] = _("Choose at least one weekday or date.")
    if form.errors or start is None or end is None or first is None:
        return None
    try:
        return Series(
            series_id=series_id,
            group_id=of_group,
            title=form.text("title"),
            start=start,
            end=end,
            first_day=first,
            last_day=first if single else last,
            weekdays=weekdays,
            every_weeks=form.number("every_weeks", 1, LONGEST_CYCLE) or 1,
            term_id=None if single else form.text("term") or None,
            policy=policy,
            room=form.text("room"),
            days_off=off,
            extra_days=frozenset({first}) if single else extra,
            on_holidays=single or form.checked("on_holidays"),
        )
    except InvalidInput as error:
        form.errors["last_day"] = sentence(error)
        return None


def _weekdays(form: Form) -> frozenset[int]:
    return frozenset(int(one) for one in form.many("weekdays") if one in set("0123456"))


def _values(series: Series) -> tuple[dict[str, str], dict[str, list[str]]]:
    """Return a series as the fields of the form."""
    limits = {name: text for name, _label, _help, text in limit_fields(series.policy)}
    values = {
        "kind": SINGLE if series.is_single else "",
        "group": series.group_id,
        "title": series.title,
        "start": f"{series.start:%H:%M}",
        "end": f"{series.end:%H:%M}",
        "date": min(series.extra_days, default=series.first_day).isoformat(),
        "first_day": series.first_day.isoformat(),
        "last_day": series.last_day.isoformat() if series.last_day else "",
        "every_weeks": str(series.every_weeks),
        "term": series.term_id or "",
        "room": series.room,
        "on_holidays": "yes" if series.on_holidays else "",
        "policy": series.policy.name,
        "days_off": _lines(series.days_off),
        "extra_days": _lines(series.extra_days),
    }
    return values | limits, {"weekdays": [str(day) for day in sorted(series.weekdays)]}


def _lines(days: frozenset[date]) -> str:
    return "\n".join(day.isoformat() for day in sorted(days))


def _page(form: Form, series: Series | None) -> str:
    policy = series.policy if series is not None else SCHOOL_LESSON
    limits = [
        (name, label, help_text, form.values.get(name, minutes if series else ""))
        for name, label, help_text, minutes in limit_fields(policy)
    ]
    return render_template(
        "timetable/series.html",
        form=form,
        series=series,
        single=form.values.get("kind") == SINGLE,
        groups=[(one, group.name) for one, group in groups_seen().items()],
        group=groups_seen().get(series.group_id) if series is not None else None,
        weekdays=weekday_options(),
        chosen_days=form.many("weekdays"),
        cycles=_cycles(),
        terms=_terms(),
        policies=policy_options(),
        limits=limits,
        open_limits=any(name in form.errors for name in LIMITS),
        today=parts().today(),
    )


def _cycles() -> list[tuple[int, str]]:
    more = [(n, _("every %(number)s weeks", number=n)) for n in range(3, LONGEST_CYCLE + 1)]
    return [(1, _("every week")), (2, _("every second week")), *more]


def _terms() -> list[tuple[str, str]]:
    terms = parts().calendars.read(parts().today()).terms
    named = [
        (
            term.term_id,
            f"{term.days.name} ({day_word(term.days.first_day)} – {day_word(term.days.last_day)})",
        )
        for term in terms
    ]
    return [("", _("all year")), *named]


def _first_shown(done: Planned, series: Series) -> date:
    """Return a day of the first week in which something is to be seen."""
    return min([*done.added, *done.changed], default=max(series.first_day, parts().today()))


def _tell(series: Series, done: Planned) -> None:
    added, changed, removed = len(done.added), len(done.changed), len(done.removed)
    flash(
        _(
            "Saved. Planned sessions: %(added)s new, %(changed)s changed, %(removed)s removed.",
            added=added,
            changed=changed,
            removed=removed,
        ),
        "good",
    )
    overlaps = parts().timetable.overlaps(series)
    if overlaps:
        flash(
            _(
                "The group has something else at this time: %(titles)s. Both take place, each "
                "with its own register.",
                titles=", ".join(one.title or "–" for one in overlaps[:5]),
            ),
            "warn",
        )


@blueprint.app_template_filter("wall")
def wall(at: time) -> str:
    """Return a time of day of the site's clocks."""
    return f"{at:%H:%M}"
