"""Somebody's own code on their phone, and their own PIN."""

from __future__ import annotations

from flask import Response, abort, flash, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

from rollbook.domain.access import Permission
from rollbook.domain.kiosks import CredentialKind
from rollbook.errors import InvalidInput
from rollbook.services.pins import LONGEST, SHORTEST
from rollbook.web.access import actor, permit
from rollbook.web.codes.area import blueprint, picture_of
from rollbook.web.errors import sentence
from rollbook.web.parts import parts


@blueprint.get("/me/code")
@permit(Permission.OWN_RECORD)
def own_code() -> str:
    """Show the code of this half minute; without scripts, by a new page each time."""
    code = parts().own_codes.phone(_own())
    left = code.seconds_left
    return render_template("codes/own_code.html", picture=picture_of(code.text), left=left)


@blueprint.get("/me/code.json")
@permit(Permission.OWN_RECORD)
def next_code() -> Response:
    """Return the code of this half minute for the page's script."""
    code = parts().own_codes.phone(_own())
    return jsonify(picture=picture_of(code.text), left=code.seconds_left)


@blueprint.post("/me/code/revoke")
@permit(Permission.OWN_RECORD)
def revoke_own() -> AnyResponse:
    """End the phone's code, or the card, at once."""
    kind = CredentialKind.CARD if "card" in request.form else CredentialKind.PHONE
    parts().own_codes.revoke(_own(), kind, actor().by)
    flash(_("The old code opens nothing any more."), "good")
    return redirect(url_for("codes.own_code"), 303)


@blueprint.get("/me/pin")
@permit(Permission.OWN_RECORD)
def own_pin() -> str:
    """Ask for a new PIN."""
    return _pin_form("")


@blueprint.post("/me/pin")
@permit(Permission.OWN_RECORD)
def set_own_pin() -> AnyResponse | tuple[str, int]:
    """Set the own PIN."""
    pin, again = request.form.get("pin", ""), request.form.get("again", "")
    if pin != again:
        return _pin_form(_("The two are not the same. Type the PIN twice.")), 422
    try:
        parts().pins.set(_own(), pin, actor().by)
    except InvalidInput as error:
        return _pin_form(sentence(error)), 422
    flash(_("Your PIN was set. It holds at every kiosk from now on."), "good")
    return redirect(url_for("codes.own_pin"), 303)


def _own() -> str:
    """Return the person that the account belongs to."""
    subject_id = actor().subject_id
    if subject_id is None:
        abort(404)
    return subject_id


def _pin_form(error: str) -> str:
    return render_template(
        "codes/own_pin.html",
        error=error,
        has_pin=parts().pins.has(_own()),
        shortest=SHORTEST,
        longest=LONGEST,
    )
