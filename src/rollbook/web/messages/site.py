"""Whether the site sends messages, by which channels, and by which rules."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import time, timedelta

from flask import flash, redirect, render_template, request, url_for
from flask_babel import get_locale
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from rollbook.domain.access import Permission
from rollbook.domain.messages import EventKind, MessageRules
from rollbook.errors import InvalidInput, NotificationError, RollbookError
from rollbook.web.access import actor, permit
from rollbook.web.errors import sentence
from rollbook.web.messages import words
from rollbook.web.messages.area import blueprint
from rollbook.web.parts import parts

Errors = Mapping[str, str]


@blueprint.get("")
@permit(Permission.SITE_EDIT)
def index() -> str:
    """Channels and rules."""
    return _page({})


@blueprint.post("/rules")
@permit(Permission.SITE_EDIT)
def set_rules() -> Response | tuple[str, int]:
    """Say what is told, and when."""
    errors: dict[str, str] = {}
    rules = _rules_sent(errors)
    address = request.form.get("address", "")[:200]
    if not errors:
        try:
            parts().message_settings.set_address(address, actor().by)
        except InvalidInput as error:
            errors["address"] = sentence(error)
    if not errors:
        try:
            parts().message_settings.set_rules(rules, actor().by)
        except InvalidInput as error:
            errors["grace"] = sentence(error)
    if errors:
        return _page(errors), 422
    flash(_("Saved."), "good")
    return _back()


@blueprint.post("/channels")
@permit(Permission.SITE_EDIT)
def add_channel() -> Response | tuple[str, int]:
    """Remember a way to reach people."""
    name, url = request.form.get("name", ""), request.form.get("url", "")
    try:
        parts().message_settings.add_channel(name, url, actor().by)
    except InvalidInput as error:
        return _page({"url": sentence(error)}), 422
    flash(_("The channel was added. Send a test by it."), "good")
    return _back()


@blueprint.post("/channels/<channel_id>/test")
@permit(Permission.SITE_EDIT)
def test_channel(channel_id: str) -> Response:
    """Send a message that says it is a test."""
    channel = {one.channel_id: one for one in parts().message_settings.channels()}.get(channel_id)
    if channel is None:
        flash(_("There is no such channel."), "warn")
        return _back()
    to = request.form.get("to", "").strip()[:200]
    with parts().uow() as uow:
        site = str(uow.site.get("site_name") or "Rollbook")
    try:
        parts().outbox.try_out(channel, to, str(get_locale() or "en"), site)
    except NotificationError as error:
        flash(_("The test was not accepted: %(why)s", why=sentence(error)), "bad")
    else:
        flash(_("The provider has taken the test. Look whether it arrives."), "good")
    return _back()


@blueprint.post("/channels/<channel_id>/remove")
@permit(Permission.SITE_EDIT)
def remove_channel(channel_id: str) -> Response:
    """Forget a channel."""
    try:
        parts().message_settings.remove_channel(channel_id, actor().by)
    except RollbookError as error:
        flash(sentence(error), "warn")
    else:
        flash(_("The channel was removed."), "good")
    return _back()


def _page(errors: Errors) -> str:
    settings, failed = parts().message_settings, len(parts().outbox.failures())
    address = settings.address() or request.host_url.rstrip("/")
    return render_template(
        "messages/index.html",
        rules=settings.rules(),
        address=request.form.get("address", address),
        channels=[(one, settings.shown(one)) for one in settings.channels()],
        name=request.form.get("name", ""),
        url=request.form.get("url", ""),
        kinds=words.KINDS,
        failed=failed,
        held=parts().outbox.held_up(),
        reason=words.reason,
        errors=errors,
    )


def _rules_sent(errors: dict[str, str]) -> MessageRules:
    form = request.form
    told = frozenset(kind for kind in EventKind if form.get(f"tell-{kind.name.lower()}"))
    return MessageRules(
        enabled=form.get("enabled") == "yes",
        grace=timedelta(minutes=_number("grace", errors)),
        quiet_from=_time("quiet_from", errors),
        quiet_until=_time("quiet_until", errors),
        daily_at=_time("daily_at", errors),
        row_tutor=_number("row_tutor", errors),
        row_administrator=_number("row_administrator", errors),
        low_below=float(_number("low_below", errors)),
        off=frozenset(EventKind) - told,
    )


def _number(name: str, errors: dict[str, str]) -> int:
    text = request.form.get(name, "").strip()
    if text.isascii() and text.isdigit() and len(text) < 5:
        return int(text)
    errors[name] = _("Write a whole number.")
    return 1


def _time(name: str, errors: dict[str, str]) -> time:
    try:
        return time.fromisoformat(request.form.get(name, "")).replace(tzinfo=None)
    except ValueError:
        errors[name] = _("Write a time, as 20:00.")
        return time(0)


def _back() -> Response:
    return redirect(url_for("messages.index"), 303)
