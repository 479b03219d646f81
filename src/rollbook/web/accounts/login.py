"""Signing in: name and password or one-time code, then the second step where there is one."""

from __future__ import annotations

from datetime import timedelta

from flask import Response as FlaskResponse
from flask import flash, make_response, redirect, render_template, request, session, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from rollbook.domain.access import Permission, Role
from rollbook.domain.accounts import User
from rollbook.domain.passwords import Weakness
from rollbook.services.own_account import Changed, CodeUsed
from rollbook.services.second_factor import has_app
from rollbook.services.sign_in import ByCode, Known, NotKnown
from rollbook.web.access import permit, public, visitor
from rollbook.web.accounts import relying_party
from rollbook.web.accounts.area import blueprint
from rollbook.web.accounts.security import current_user, let_in, let_out, next_target, onward
from rollbook.web.accounts.words import wait_text, weakness_text
from rollbook.web.app import limiter
from rollbook.web.parts import parts

PENDING = "pending"  # who has passed the first step, in the browser's session
PATIENCE = timedelta(minutes=10)  # between two steps
TRIES = "60 per minute"  # of one address, over all accounts
SECOND, PASSWORD = "second", "password"


@blueprint.get("/login")
@public
def login() -> Response | str:
    if visitor() is not None:
        return redirect(next_target())
    return _login_page()


@blueprint.post("/login")
@public
@limiter.limit(TRIES)
def login_post() -> Response:
    if visitor() is not None:
        return redirect(next_target())
    typed, secret = request.form.get("login", ""), request.form.get("password", "")
    address = request.remote_addr or ""
    match parts().sign_in.check(typed, secret, address):
        case Known(user):
            return after_first_step(user, "password")
        case ByCode(user):
            _remember(user, PASSWORD, "one-time code")
            return onward("accounts.choose_password")
        case NotKnown(wait):
            return _refused(typed, wait)


def _login_page(errors: dict[str, str] | None = None, typed: str = "") -> str:
    return render_template(
        "accounts/login.html",
        errors=errors or {},
        typed=typed,
        next=next_target(),
        passkeys=relying_party.are_possible(),
    )


def _refused(typed: str, wait: float) -> FlaskResponse:
    text = wait_text(wait) if wait else _("The name or the password is not right.")
    answer = make_response(_login_page({"password": text}, typed), 429 if wait else 401)
    if wait:
        answer.headers["Retry-After"] = str(round(wait) + 1)
    return answer


def after_first_step(user: User, how: str) -> Response:
    """Sign in, or ask for the second step."""
    if has_app(user):
        _remember(user, SECOND, how)
        return onward("accounts.second_step")
    return _welcome(user, how, surely=False)


def _welcome(user: User, how: str, *, surely: bool) -> Response:
    target = next_target()
    let_in(user, how, surely=surely)
    if target == "/" and user.role is Role.ADMINISTRATOR and not parts().site.choices().set_up:
        return redirect(url_for("setup.resume"))
    return redirect(target)


def _remember(user: User, step: str, how: str) -> None:
    language = session.get("language")
    session.clear()
    if language is not None:
        session["language"] = language
    at = parts().clock.now().timestamp()
    session[PENDING] = {"user": user.user_id, "state": user.uniquifier, "step": step}
    session[PENDING] |= {"how": how, "at": at}


def pending(step: str) -> tuple[User, str] | None:
    """Return who has passed the first step in this browser, and how, while that counts."""
    kept = session.get(PENDING)
    if not isinstance(kept, dict) or kept.get("step") != step:
        return None
    if parts().clock.now().timestamp() - kept["at"] > PATIENCE.total_seconds():
        return None
    with parts().uow() as uow:
        user = uow.users.by_uniquifier(kept["state"])
    if user is None or not user.active or user.user_id != kept["user"]:
        return None
    return user, str(kept["how"])


@blueprint.get("/login/second")
@public
def second_step() -> Response | str:
    if pending(SECOND) is None:
        return onward("accounts.login")
    return _second_page()


@blueprint.post("/login/second")
@public
@limiter.limit(TRIES)
def second_step_post() -> Response | FlaskResponse:
    found = pending(SECOND)
    if found is None:
        flash(_("That took too long. Please begin again."), "warn")
        return onward("accounts.login")
    user, how = found
    if parts().second_factor.check(user.user_id, request.form.get("code", "")):
        return _welcome(user, f"{how} and code", surely=True)
    wait = parts().second_factor.wait(user.user_id)
    text = wait_text(wait) if wait else _("This code is not right, or was used already.")
    return make_response(_second_page({"code": text}), 429 if wait else 401)


def _second_page(errors: dict[str, str] | None = None) -> str:
    found = pending(SECOND)
    has_passkey = found is not None and bool(parts().passkeys.of(found[0].user_id))
    return render_template(
        "accounts/second.html",
        errors=errors or {},
        next=next_target(),
        passkeys=has_passkey and relying_party.are_possible(),
    )


@blueprint.get("/login/password")
@public
def choose_password() -> Response | str:
    found = pending(PASSWORD)
    if found is None:
        return onward("accounts.login")
    return _choose_page(found[0])


@blueprint.post("/login/password")
@public
@limiter.limit(TRIES)
def choose_password_post() -> Response | FlaskResponse:
    found = pending(PASSWORD)
    if found is None:
        flash(_("That took too long. Please begin again."), "warn")
        return onward("accounts.login")
    new, again = request.form.get("new", ""), request.form.get("again", "")
    if new != again:
        text = _("The two passwords are not the same.")
        return make_response(_choose_page(found[0], {"again": text}), 400)
    match parts().own_account.choose_password(found[0].user_id, new):
        case Changed(user):
            return after_first_step(user, found[1])
        case CodeUsed():
            flash(_("This code was used already. Ask for another one."), "bad")
            return redirect(url_for("accounts.login"))
        case Weakness() as weak:
            return make_response(_choose_page(found[0], {"new": weakness_text(weak)}), 400)


def _choose_page(user: User, errors: dict[str, str] | None = None) -> str:
    return render_template(
        "accounts/choose_password.html", errors=errors or {}, user=user, next=next_target()
    )


@blueprint.post("/logout")
@permit(Permission.SIGNED_IN)
def logout() -> Response:
    let_out(current_user())
    return redirect(url_for("accounts.login"))
