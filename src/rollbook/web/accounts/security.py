"""Who is signed in, since when, and how surely."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import wraps
from typing import Any, TypeVar
from urllib.parse import urlsplit

from flask import Flask, abort, flash, jsonify, redirect, request, session, url_for
from flask_babel import gettext as _
from flask_security import Security, login_user, logout_user
from werkzeug.wrappers import Response

from rollbook.domain.access import Role
from rollbook.domain.accounts import User
from rollbook.services.second_factor import has_app
from rollbook.services.site import SECOND_FACTOR
from rollbook.web.access import visitor, wants_json
from rollbook.web.accounts.browsers import browser_of
from rollbook.web.accounts.datastore import Account, SiteDatastore
from rollbook.web.identity import USER
from rollbook.web.parts import parts
from rollbook.web.start.views import local_target
from rollbook.web.texts import CHOSEN

View = TypeVar("View", bound=Callable[..., Any])
PROVED = "fs_paa"  # where Flask-Security keeps when somebody last proved who they are
SURE = "surely"  # signed in with a second factor, or a passkey
FRESH = timedelta(minutes=10)  # a page that may do harm asks again after this
FORM_OPEN = timedelta(minutes=30)  # a form that such a page showed can be sent for so long


def init_app(app: Flask) -> None:
    """Let Flask-Security keep who is signed in; the pages are our own, in our words."""
    app.config.update(
        SECURITY_FLASH_MESSAGES=False,
        SECURITY_SEND_REGISTER_EMAIL=False,
        SECURITY_CLI_USERS_NAME=None,
        SECURITY_CLI_ROLES_NAME=None,
        SECURITY_CSRF_COOKIE_NAME=None,
    )
    Security(app, SiteDatastore(), register_blueprint=False)
    app.before_request(_require_second_factor)


def current_user() -> User:
    """Return the account that is signed in; 401 for a device or token."""
    found = visitor()
    if found is None or session.get(USER) is None:
        abort(401)
    with parts().uow() as uow:
        return uow.users.get(found.actor_id)


def let_in(user: User, how: str, *, surely: bool) -> None:
    """Sign somebody in under a new session token; nothing from before is kept but the language."""
    language = session.get(CHOSEN)
    session.clear()
    login_user(Account(user), remember=False, authn_via=[how])
    if language is not None:
        session[CHOSEN] = language
    browser = {"browser": browser_of(request.user_agent.string), "address": request.remote_addr}
    session.update(browser, since=parts().clock.now().isoformat())
    if surely:
        session[SURE] = True
    prove()
    parts().sign_in.note_in(user, how)


def go_on_as(user: User) -> None:
    """Keep this browser signed in under the account's new uniquifier."""
    session[USER] = user.uniquifier
    prove()


def let_out(user: User) -> None:
    """End this session on the server."""
    parts().sign_in.note_out(user)
    logout_user()
    session.clear()


def prove() -> None:
    """Write that whoever sits there has just proved who they are."""
    session[PROVED] = parts().clock.now().timestamp()


def is_fresh(within: timedelta = FRESH) -> bool:
    """Return whether somebody proved who they are so lately."""
    at = session.get(PROVED)
    if not isinstance(at, int | float):
        return False
    age = parts().clock.now() - datetime.fromtimestamp(at, UTC)
    return timedelta(minutes=-1) < age < within


def fresh(view: View) -> View:
    """Ask again who it is before a page that can do harm; afterwards lead back to it.

    Put it below `permit`. A form that is sent too late is not worked on: its page is shown again
    after the question. Programs with a token of their own are not asked.
    """

    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        safe = request.method in {"GET", "HEAD"}
        if session.get(USER) is None or is_fresh(FRESH if safe else FORM_OPEN):
            return view(*args, **kwargs)
        return _ask_again(request.full_path.rstrip("?") if safe else _page_of_form())

    return guarded  # type: ignore[return-value]


def _ask_again(back: str) -> Response:
    url = url_for("accounts.confirm", next=local_target(back))
    if wants_json():
        text = _("Please confirm first that it is you.")
        answer = jsonify({"status": 401, "title": text, "detail": text, "confirm": url})
        answer.status_code, answer.mimetype = 401, "application/problem+json"
        return answer
    if request.method not in {"GET", "HEAD"}:
        flash(_("Nothing was changed yet. Confirm that it is you, then send it again."), "warn")
    return redirect(url, 303)


def _page_of_form() -> str:
    """Return the page from which a form was sent, when it is one of ours."""
    came = urlsplit(request.referrer or "")
    if came.netloc != request.host:
        return "/"
    return f"{came.path}?{came.query}" if came.query else came.path


def next_target() -> str:
    """Return where somebody wanted to go before they were asked; always a page of ours."""
    return local_target(request.values.get("next", ""))


def onward(endpoint: str) -> Response:
    """Lead to the next step, which remembers where somebody wanted to go."""
    target = next_target()
    return redirect(url_for(endpoint, next=None if target == "/" else target))


def second_factor_missing(user: User) -> bool:
    """Return whether the site asks for a second factor that the account has not set up."""
    if user.role is not Role.ADMINISTRATOR or session.get(SURE) or has_app(user):
        return False
    with parts().uow() as uow:
        return uow.site.get(SECOND_FACTOR) is True


_ALLOWED = frozenset({"static", "start.language", "start.healthz", "accounts.logout"})


def _require_second_factor() -> Any:
    who = visitor()
    if who is None or who.role is not Role.ADMINISTRATOR or session.get(USER) is None:
        return None
    allowed = request.endpoint in _ALLOWED or request.endpoint in SETTING_UP
    if allowed or session.get(SURE) or not second_factor_missing(current_user()):
        return None
    if request.method != "GET" or wants_json():
        abort(403)
    return redirect(url_for("accounts.second_factor"))


SETTING_UP = frozenset(
    {
        "accounts.second_factor",
        "accounts.turn_on",
        "accounts.confirm",
        "accounts.confirm_post",
        "accounts.passkey_start",
        "accounts.passkey_add",
    }
)
