"""Instants as people of the site read them: in its time zone and the page's language."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_time, get_datetime_format
from flask import Flask, g
from flask_babel import get_locale, ngettext
from flask_babel import gettext as _

from rollbook.languages.writing import written_in
from rollbook.web.parts import parts


def zone() -> ZoneInfo:
    """Return the site's time zone, read once for each request."""
    if "zone" not in g:
        g.zone = parts().zone
    found: ZoneInfo = g.zone
    return found


def local(at: datetime) -> datetime:
    """Return an instant on the site's clocks."""
    return at.astimezone(zone())


def format_locale() -> Locale:
    """Return the page's language as it writes dates where the site is: 8:05 AM, or 08:05."""
    if "format_locale" not in g:
        g.format_locale = written_in(str(get_locale() or "en"), zone().key)
    found: Locale = g.format_locale
    return found


def clock(at: datetime | None) -> str:
    """Return hours and minutes."""
    return "" if at is None else format_time(local(at), "short", locale=format_locale())


def day(value: date | datetime | None, style: str = "medium") -> str:
    """Return a date; of an instant the local one."""
    if value is None:
        return ""
    plain = local(value).date() if isinstance(value, datetime) else value
    return format_date(plain, style, locale=format_locale())


def weekday(value: date | datetime) -> str:
    plain = local(value).date() if isinstance(value, datetime) else value
    return format_date(plain, "EEEE", locale=format_locale())


def moment(at: datetime | None) -> str:
    """Return date and time, to the minute."""
    if at is None:
        return ""
    joined = get_datetime_format("medium", locale=format_locale())
    return str(joined).replace("{1}", day(at)).replace("{0}", clock(at))


def span(value: timedelta) -> str:
    """Return a length of time in its largest whole unit."""
    minutes = round(value.total_seconds() / 60)
    if minutes < 1:
        return _("less than a minute")
    if minutes < 120:
        return ngettext("%(num)s minute", "%(num)s minutes", minutes)
    hours = round(minutes / 60)
    if hours < 48:
        return ngettext("%(num)s hour", "%(num)s hours", hours)
    return ngettext("%(num)s day", "%(num)s days", round(hours / 24))


def init_app(app: Flask) -> None:
    """Let templates write `{{ at|clock }}`."""
    app.jinja_env.globals["format_locale"] = format_locale
    app.jinja_env.filters.update(
        clock=clock, day=day, weekday=weekday, moment=moment, span=span, local=local
    )
