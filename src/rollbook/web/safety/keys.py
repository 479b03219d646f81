"""Which keys there are, since when, and exchanging them while the site is used."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from rollbook.domain.access import Permission
from rollbook.domain.key_safety import PLACES, SAFETIES, Safety, Verdict
from rollbook.errors import RollbookError
from rollbook.services.key_rotation import USUAL, Part
from rollbook.web.access import actor, permit, visitor
from rollbook.web.accounts.security import fresh
from rollbook.web.errors import sentence
from rollbook.web.parts import parts
from rollbook.web.safety.area import blueprint
from rollbook.web.texts import spoken

PURPOSES = {
    "seal": _l("Settings, accounts, cameras, plans of the week"),
    "book": _l("The register"),
    "crops": _l("Pictures of faces, together with the person's key"),
    "messages": _l("Messages"),
    "backup": _l("Exported files"),
}
PARTS = {
    Part.DATA: _l("The keys of each purpose"),
    Part.SUBJECTS: _l("The key of each person"),
    Part.TEMPLATES: _l("The transform that templates are stored under"),
    Part.SITE: _l("The site key, which wraps all others"),
}
PILLS = {Safety.SAFE: "good", Safety.DEPENDS: "warn", Safety.UNSAFE: "bad"}


@blueprint.get("/keys")
@permit(Permission.KEYS)
def keys() -> str:
    """Say where the site key is, whom that keeps out, and which keys there are; none is shown."""
    rotation = parts().key_rotation
    return render_template(
        "safety/keys.html",
        **_safety(),
        status=rotation.status(look=False),
        task=rotation.latest(),
        purposes=PURPOSES,
        choices=PARTS,
        usual=USUAL,
    )


def _safety() -> dict[str, Any]:
    """Return what the page says of the site key, or why nobody can say it now."""
    try:
        safety = parts().key_safety()
    except RollbookError as error:
        return {"safety": None, "unknown": sentence(error)}
    return {
        "safety": safety,
        "verdicts": [_words(one) for one in safety.attacks],
        "problems": [spoken(one) for one in safety.problems],
        "place": _(PLACES[safety.place]),
    }


def _words(one: Verdict) -> tuple[str, str, str, str]:
    """Return who, the kind of pill, what they get, and why."""
    return _(one.who), PILLS[one.safety], _(SAFETIES[one.safety]), _(one.why)


@blueprint.post("/keys/rotate")
@permit(Permission.KEYS)
@fresh
def rotate() -> Response:
    """Begin to exchange the chosen keys, or go on with an exchange that was stopped."""
    chosen = [part for part in PARTS if request.form.get(part.value)]
    if not chosen and not request.form.get("resume"):
        flash(_("Choose which keys to exchange."), "warn")
        return _back()
    who = visitor()
    parts().key_rotation.start(chosen, "" if who is None else who.actor_id, actor().by)
    parts().tasks.wake()
    return _back()


@blueprint.post("/keys/stop")
@permit(Permission.KEYS)
def stop_rotation() -> Response:
    """Leave it where it is: what was exchanged stays, and everything opens."""
    task = parts().key_rotation.latest()
    if task is not None and parts().key_rotation.stop(task.task_id, actor().by):
        flash(_("The exchange stops. Everything opens as before; it can go on later."), "warn")
    return _back()


@blueprint.get("/keys/state")
@permit(Permission.KEYS)
def rotation_state() -> dict[str, Any]:
    """How far the exchange is, for the page's script."""
    task = parts().key_rotation.latest()
    if task is None:
        return {"over": True}
    return {"over": not task.state.is_busy, "done": task.done, "total": task.total}


def _back() -> Response:
    return redirect(url_for("safety.keys"), 303)
