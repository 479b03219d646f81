"""Confirming that it is still you, before something grave."""

from __future__ import annotations

from flask import Response as FlaskResponse
from flask import make_response, redirect, render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from rollbook.domain.access import Permission
from rollbook.domain.accounts import User
from rollbook.services.second_factor import has_app
from rollbook.services.sign_in import Known, NotKnown
from rollbook.web.access import permit
from rollbook.web.accounts import relying_party
from rollbook.web.accounts.area import blueprint
from rollbook.web.accounts.security import current_user, next_target, prove
from rollbook.web.accounts.words import wait_text
from rollbook.web.app import limiter
from rollbook.web.parts import parts

TRIES = "30 per minute"


@blueprint.get("/account/confirm")
@permit(Permission.SIGNED_IN)
def confirm() -> str:
    return _page(current_user())


@blueprint.post("/account/confirm")
@permit(Permission.SIGNED_IN)
@limiter.limit(TRIES)
def confirm_post() -> Response | FlaskResponse:
    user = current_user()
    errors = _errors(user)
    if errors:
        return make_response(_page(user, errors), 401)
    prove()
    return redirect(next_target())


def _errors(user: User) -> dict[str, str]:
    """Return what is not right: the password, and the app's code where there is an app."""
    secret = request.form.get("password", "")
    match parts().sign_in.check(user.login, secret, request.remote_addr or ""):
        case Known(known) if known.user_id == user.user_id:
            pass
        case NotKnown(wait) if wait:
            return {"password": wait_text(wait)}
        case _other:
            return {"password": _("The password is not right.")}
    if has_app(user) and not parts().second_factor.check(
        user.user_id, request.form.get("code", "")
    ):
        wait = parts().second_factor.wait(user.user_id)
        return {"code": wait_text(wait) if wait else _("This code is not right, or was used.")}
    return {}


def _page(user: User, errors: dict[str, str] | None = None) -> str:
    has_passkey = bool(parts().passkeys.of(user.user_id))
    return render_template(
        "accounts/confirm.html",
        errors=errors or {},
        next=next_target(),
        app=has_app(user),
        passkeys=has_passkey and relying_party.are_possible(),
    )
