"""Passkeys: the questions for the browser, and its answers."""

from __future__ import annotations

from typing import Any

from flask import Response as FlaskResponse
from flask import abort, flash, jsonify, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from rollbook.domain.access import Permission
from rollbook.web.access import permit, public
from rollbook.web.accounts import relying_party
from rollbook.web.accounts.area import blueprint
from rollbook.web.accounts.login import SECOND, pending
from rollbook.web.accounts.security import current_user, fresh, let_in, prove
from rollbook.web.app import limiter
from rollbook.web.parts import parts
from rollbook.web.start.views import local_target

TRIES = "30 per minute"


@blueprint.post("/account/passkeys/start")
@permit(Permission.SIGNED_IN)
@fresh
def passkey_start() -> Any:
    _require_possible()
    with parts().uow() as uow:
        site = str(uow.site.get("site_name") or "Rollbook")
    return jsonify(relying_party.registration(current_user(), site))


@blueprint.post("/account/passkeys")
@permit(Permission.SIGNED_IN)
@fresh
def passkey_add() -> Any:
    _require_possible()
    sent = _sent()
    made = relying_party.registered(sent.get("credential"))
    if made is None:
        return _refused(_("The passkey could not be checked. Try again."))
    name = str(sent.get("name") or "").strip() or _("Passkey")
    parts().passkeys.add(current_user(), name, *made)
    flash(_("The passkey was added. You can sign in with it from now on."), "good")
    return jsonify({"url": url_for("accounts.account")})


@blueprint.post("/account/passkeys/<handle>/remove")
@permit(Permission.SIGNED_IN)
@fresh
def passkey_remove(handle: str) -> Response:
    if not parts().passkeys.remove(current_user(), handle):
        abort(404)
    flash(_("The passkey was removed."), "good")
    return redirect(url_for("accounts.account"))


@blueprint.post("/login/passkey/start")
@public
@limiter.limit(TRIES)
def passkey_ask() -> Any:
    _require_possible()
    found = pending(SECOND)
    return jsonify(relying_party.assertion(None if found is None else found[0]))


@blueprint.post("/login/passkey")
@public
@limiter.limit(TRIES)
def passkey_login() -> Any:
    _require_possible()
    sent, found = _sent(), pending(SECOND)
    only = None if found is None else found[0]
    user = relying_party.signed_by(sent.get("credential"), only)
    if user is None:
        return _refused(_("This passkey is not known here, or could not be checked."))
    let_in(user, "passkey", surely=True)
    return jsonify({"url": local_target(str(sent.get("next") or ""))})


@blueprint.post("/account/confirm/passkey/start")
@permit(Permission.SIGNED_IN)
def passkey_confirm_ask() -> Any:
    _require_possible()
    return jsonify(relying_party.assertion(current_user()))


@blueprint.post("/account/confirm/passkey")
@permit(Permission.SIGNED_IN)
@limiter.limit(TRIES)
def passkey_confirm() -> Any:
    _require_possible()
    sent = _sent()
    if relying_party.signed_by(sent.get("credential"), current_user()) is None:
        return _refused(_("This passkey is not known here, or could not be checked."))
    prove()
    return jsonify({"url": local_target(str(sent.get("next") or ""))})


def _sent() -> dict[str, Any]:
    sent = request.get_json(silent=True)
    return sent if isinstance(sent, dict) else {}


def _require_possible() -> None:
    if not relying_party.are_possible():
        abort(404)


def _refused(text: str) -> FlaskResponse:
    answer = jsonify({"status": 400, "title": text, "detail": text})
    answer.status_code, answer.mimetype = 400, "application/problem+json"
    return answer
