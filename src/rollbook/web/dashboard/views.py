"""The button "Visualize Attendance": a ticket is made, exchanged for a cookie, and gone."""

from __future__ import annotations

from typing import cast

from flask import Blueprint, abort, flash, redirect, render_template, request, session, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from rollbook.domain.access import Permission
from rollbook.web.access import permit
from rollbook.web.browser_sessions import ServerSession
from rollbook.web.dashboard.entrance import PATH, SCRIPTS, Entrance, cookie_name, is_possible
from rollbook.web.parts import options, parts
from rollbook.web.start.views import local_target

blueprint = Blueprint("dashboard", __name__)


@blueprint.get(PATH)
@permit(Permission.DASHBOARD)
def index() -> Response | tuple[str, int]:
    """Lead to the pages, which answer behind the slash."""
    if not is_possible():
        return render_template("dashboard/missing.html"), 503
    query = request.query_string.decode()
    return redirect(f"{SCRIPTS}?{query}" if query else SCRIPTS)


@blueprint.get("/visualize")
@permit(Permission.DASHBOARD)
def ask() -> str:
    """Show the button to who came by an address; it presses itself where scripts run."""
    return render_template("dashboard/open.html", next=_target())


@blueprint.post("/visualize")
@permit(Permission.DASHBOARD)
def visualize() -> Response:
    """Make a ticket for this browser."""
    if not is_possible():
        return redirect(url_for("dashboard.index"), 303)
    ticket = _entrance().ticket(_token())
    return redirect(url_for("dashboard.enter", ticket=ticket, next=_target()), 303)


@blueprint.get("/visualize/enter")
@permit(Permission.DASHBOARD)
def enter() -> Response:
    """Exchange the ticket for the cookie; the address that follows has no ticket in it."""
    token = _token()
    if not _entrance().redeem(request.args.get("ticket", ""), token):
        flash(_("This way into the dashboard was used already, or is too old."), "warn")
        return redirect(url_for("start.index"), 303)
    answer = redirect(_target(), 303)
    answer.set_cookie(
        cookie_name(options()),
        _entrance().cookie(token),
        path=PATH,
        secure=options().secure,
        httponly=True,
        samesite="Strict",
    )
    return answer


def _entrance() -> Entrance:
    return Entrance(parts(), options())


def _token() -> str:
    """Return the token of this browser's session; who has none, as a program, is refused."""
    token = cast(ServerSession, session).token
    if token is None:
        abort(403)
    return token


def _target() -> str:
    """Return the page of the dashboard that was asked for."""
    target = local_target(request.values.get("next", ""))
    return target if target.startswith(SCRIPTS) else SCRIPTS
