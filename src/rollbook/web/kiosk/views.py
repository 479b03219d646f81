"""The kiosk's pages: the screen itself, and where a tablet becomes one."""

from __future__ import annotations

from flask import Blueprint, Request, redirect, render_template, request, url_for
from flask.blueprints import BlueprintSetupState
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from rollbook.bootstrap import App
from rollbook.domain.access import Actor, Role
from rollbook.domain.kiosks import Device
from rollbook.services.devices import Paired
from rollbook.web import identity
from rollbook.web.access import public
from rollbook.web.app import limiter
from rollbook.web.kiosk.cookie import cookie_name, drop_key, keep_key
from rollbook.web.kiosk.texts import kiosk_texts
from rollbook.web.parts import WebOptions, options, parts

blueprint = Blueprint("kiosk", __name__, url_prefix="/kiosk")
TRIES = "30 per minute"


def actor_of_device(device: Device) -> Actor:
    """Return the kiosk as somebody who acts: it may show and mark its own session."""
    groups = None if device.group_ids is None else frozenset(device.group_ids)
    return Actor(device.device_id, Role.KIOSK, device.name, group_ids=groups)


@blueprint.record_once
def _tell_who_asks(state: BlueprintSetupState) -> None:
    chosen: WebOptions = state.app.extensions["rollbook.options"]

    def loader(app: App, asked: Request) -> Actor | None:
        device = app.devices.of_key(asked.cookies.get(cookie_name(chosen), ""))
        return None if device is None else actor_of_device(device)

    identity.also(state.app, loader)


@blueprint.get("")
@public
def index() -> Response | str:
    """Show the kiosk, or where to pair one. The page holds nothing about anybody."""
    key = request.cookies.get(cookie_name(options()), "")
    device = parts().devices.of_key(key)
    if device is None:
        return redirect(url_for("kiosk.pair"))
    zone = str(parts().zone)
    page = Response(
        render_template("kiosk/kiosk.html", device=device, texts=kiosk_texts(), zone=zone),
        mimetype="text/html",
    )
    keep_key(page, key, options())
    return page


@blueprint.get("/pair")
@public
def pair() -> str:
    """Ask for the one-time code."""
    return render_template("kiosk/pair.html", error="")


@blueprint.post("/pair")
@public
@limiter.limit(TRIES)
def paired() -> Response | tuple[str, int]:
    """Make this browser a kiosk."""
    code = request.form.get("code", "")
    outcome = parts().devices.pair(code, place=request.remote_addr or "")
    if isinstance(outcome, Paired):
        page = redirect(url_for("kiosk.index"), 303)
        keep_key(page, outcome.key, options())
        return page
    error = _("This code is wrong, was used already, or is too old. Ask for another one.")
    if outcome.wait_seconds > 0:
        seconds = int(outcome.wait_seconds) + 1
        error = ngettext(
            "That was tried too often. Wait %(num)s second.",
            "That was tried too often. Wait %(num)s seconds.",
            seconds,
        )
    return render_template("kiosk/pair.html", error=error), 422


@blueprint.post("/leave")
@public
def leave() -> Response:
    """Make this browser an ordinary one again."""
    page = redirect(url_for("kiosk.pair"), 303)
    drop_key(page, options())
    return page
