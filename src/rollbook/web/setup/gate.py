"""Until there is an administrator every page leads to set-up; afterwards set-up is closed."""

from __future__ import annotations

from typing import Any

from flask import Flask, current_app, redirect, request, url_for
from flask_babel import gettext as _

from rollbook.web.access import wants_json
from rollbook.web.errors import page_of
from rollbook.web.parts import parts

DONE = "rollbook.has_administrator"
OPEN_AREAS = frozenset({"trust"})
OPEN = frozenset({"static", "start.healthz", "start.language"})


def init_app(app: Flask) -> None:
    app.extensions[DONE] = False
    app.before_request(_lead)


def is_needed() -> bool:
    """Return whether there is no administrator yet; looked up until there is one."""
    if current_app.extensions[DONE]:
        return False
    needed = parts().setup.is_needed()
    current_app.extensions[DONE] = not needed
    return needed


def _lead() -> Any:
    own = request.path.split("/")[1] == "setup" or request.blueprint in OPEN_AREAS
    if own or request.endpoint in OPEN or not is_needed():
        return None
    if request.method != "GET" or wants_json():
        return page_of(503, _("This site is not set up yet."))
    return redirect(url_for("setup.index"))
