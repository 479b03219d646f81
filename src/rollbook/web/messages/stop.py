"""The link in every message: it ends them with one click, without signing in.

Mail programs POST to it by themselves (RFC 8058); people see a page with a button. Opening the
page alone changes nothing, for programs open links, too.
"""

from __future__ import annotations

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from rollbook.errors import NotFound
from rollbook.web.access import public
from rollbook.web.app import csrf, limiter
from rollbook.web.messages.area import blueprint
from rollbook.web.parts import parts

OFTEN = "60 per minute"
ONE_CLICK = "List-Unsubscribe"


@blueprint.get("/stop/<token>")
@public
@limiter.limit(OFTEN)
def stop(token: str) -> str | tuple[str, int]:
    """Say what the link does, with a button that does it."""
    try:
        recipient = parts().unsubscribing.look(token)
    except NotFound:
        return render_template("messages/stop.html", recipient=None, token=token), 404
    return render_template("messages/stop.html", recipient=recipient, token=token)


@blueprint.post("/stop/<token>")
@csrf.exempt
@public
@limiter.limit(OFTEN)
def stop_post(token: str) -> Response | str | tuple[str, int]:
    """End messages, or let them come again; the token says for whom, and that is all it can do."""
    active = request.form.get("again") == "yes"
    try:
        parts().unsubscribing.set(token, active=active)
    except NotFound:
        return render_template("messages/stop.html", recipient=None, token=token), 404
    if ONE_CLICK in request.form:
        return "", 200
    return redirect(url_for("messages.stop", token=token), 303)
