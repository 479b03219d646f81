"""The first page, the language, the health of the server, and where everybody begins."""

from __future__ import annotations

from flask import Blueprint, current_app, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response

from rollbook.domain.access import Permission
from rollbook.web.access import public, visitor
from rollbook.web.parts import parts
from rollbook.web.texts import CHOSEN, offered

blueprint = Blueprint("start", __name__)

FIRST = (
    ("kiosk.index", Permission.KIOSK),
    ("sessions.index", Permission.SESSIONS_READ),
    ("me.index", Permission.OWN_RECORD),
    ("audit.index", Permission.AUDIT_READ),
)


@blueprint.get("/")
@public
def index() -> Response | str:
    """Lead everybody to where their work is."""
    who = visitor()
    for endpoint, permission in FIRST:
        if who is not None and who.may(permission) and endpoint in current_app.view_functions:
            return redirect(url_for(endpoint))
    if who is None and "accounts.login" in current_app.view_functions:
        return redirect(url_for("accounts.login"))
    return render_template("start.html")


@blueprint.post("/language")
@public
def language() -> Response:
    """Keep the language that was picked, in this browser."""
    if request.form.get("language") in offered():
        session[CHOSEN] = request.form["language"]
    return redirect(local_target(request.form.get("next", "")))


def local_target(target: str) -> str:
    """Return where to go next when it lies within this application, else the first page."""
    inside = target.startswith("/") and not target.startswith(("//", "/\\"))
    clean = inside and "\\" not in target and all(32 < ord(c) < 127 for c in target)
    return target if clean else "/"


@blueprint.get("/healthz")
@public
def healthz() -> dict[str, str]:
    """Say that the server answers and reaches its database."""
    with parts().uow() as uow:
        uow.gallery_version()
    return {"status": "ok"}
