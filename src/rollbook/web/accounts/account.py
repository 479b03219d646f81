"""The own account: password, passkeys, sessions."""

from __future__ import annotations

from flask import Response as FlaskResponse
from flask import abort, flash, make_response, redirect, render_template, request, session, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from rollbook.domain.access import Permission
from rollbook.domain.passwords import Weakness
from rollbook.services.second_factor import has_app, recovery_codes
from rollbook.services.sign_in import Known, NotKnown
from rollbook.web.access import permit
from rollbook.web.accounts import relying_party
from rollbook.web.accounts.area import blueprint
from rollbook.web.accounts.security import (
    current_user,
    go_on_as,
    let_out,
    second_factor_missing,
)
from rollbook.web.accounts.words import ROLES, wait_text, weakness_text
from rollbook.web.app import limiter
from rollbook.web.browser_sessions import ServerSession
from rollbook.web.parts import parts

TRIES = "30 per minute"


@blueprint.get("/account")
@permit(Permission.SIGNED_IN)
def account() -> str:
    user = current_user()
    return render_template(
        "accounts/account.html",
        user=user,
        role=ROLES.get(user.role, ""),
        app=has_app(user),
        codes_left=len(recovery_codes(user)),
        passkeys=parts().passkeys.of(user.user_id),
        passkeys_possible=relying_party.are_possible(),
        missing=second_factor_missing(user),
        sessions=parts().own_account.sessions(user.user_id),
        here=_handle_here(),
        messages_on=parts().message_settings.rules().enabled,
    )


def _token() -> str | None:
    return session.token if isinstance(session, ServerSession) else None


def _handle_here() -> str:
    """Return the handle of this browser's session."""
    token = _token()
    if token is None:
        return ""
    with parts().uow() as uow:
        return uow.web_sessions.handle(token)


@blueprint.get("/account/password")
@permit(Permission.SIGNED_IN)
def password() -> str:
    return _password_page()


@blueprint.post("/account/password")
@permit(Permission.SIGNED_IN)
@limiter.limit(TRIES)
def password_post() -> Response | FlaskResponse:
    user = current_user()
    old, new, again = (request.form.get(name, "") for name in ("old", "new", "again"))
    if new != again:
        return _wrong({"again": _("The two passwords are not the same.")})
    match parts().sign_in.check(user.login, old, request.remote_addr or ""):
        case Known(known) if known.user_id == user.user_id:
            pass
        case NotKnown(wait) if wait:
            return _wrong({"old": wait_text(wait)})
        case _other:
            return _wrong({"old": _("The password is not right.")})
    outcome = parts().own_account.change_password(user.user_id, new)
    if isinstance(outcome, Weakness):
        return _wrong({"new": weakness_text(outcome)})
    go_on_as(outcome.user)
    flash(_("The password was changed. Everywhere else you are signed out now."), "good")
    return redirect(url_for("accounts.account"))


def _wrong(errors: dict[str, str]) -> FlaskResponse:
    return make_response(_password_page(errors), 400)


def _password_page(errors: dict[str, str] | None = None) -> str:
    return render_template("accounts/password.html", errors=errors or {}, user=current_user())


@blueprint.post("/account/sessions/<handle>/end")
@permit(Permission.SIGNED_IN)
def end_session(handle: str) -> Response:
    user = current_user()
    if handle == _handle_here():
        let_out(user)
        return redirect(url_for("accounts.login"))
    if not parts().own_account.end_session(user, handle):
        abort(404)
    flash(_("You are signed out there."), "good")
    return redirect(url_for("accounts.account"))


@blueprint.post("/account/sessions/end-others")
@permit(Permission.SIGNED_IN)
def end_other_sessions() -> Response:
    ended = parts().own_account.end_other_sessions(current_user(), _token())
    text = ngettext(
        "You were signed out in %(num)s other browser.",
        "You were signed out in %(num)s other browsers.",
        ended,
    )
    flash(text, "good")
    return redirect(url_for("accounts.account"))
