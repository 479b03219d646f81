"""The two pages before there is an account: the code of the terminal, and the first account."""

from __future__ import annotations

from flask import Response as FlaskResponse
from flask import abort, flash, make_response, redirect, render_template, request, session, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from rollbook.domain.passwords import Weakness
from rollbook.errors import InvalidInput
from rollbook.web.access import public
from rollbook.web.accounts.security import let_in
from rollbook.web.accounts.words import wait_text, weakness_text
from rollbook.web.app import limiter
from rollbook.web.errors import sentence
from rollbook.web.parts import parts
from rollbook.web.setup import gate
from rollbook.web.setup.area import blueprint

PROVED = "setup_code"  # the code was right in this browser
PATIENCE = 3600  # seconds
TRIES = "30 per minute"


@blueprint.get("/setup")
@public
def index() -> Response | str:
    if not gate.is_needed():
        return redirect(url_for("start.index"))
    return redirect(url_for("setup.account")) if _proved() else _code_page()


@blueprint.post("/setup")
@public
@limiter.limit(TRIES)
def code() -> Response | FlaskResponse:
    if not gate.is_needed():
        abort(404)
    address = request.remote_addr or ""
    wait = parts().setup.wait(address)
    if not wait and parts().setup.is_code(request.form.get("code", "")[:100], address):
        session[PROVED] = parts().clock.now().timestamp()
        return redirect(url_for("setup.account"))
    text = wait_text(wait) if wait else _("This is not the code that the terminal shows now.")
    return make_response(_code_page({"code": text}), 429 if wait else 400)


def _code_page(errors: dict[str, str] | None = None) -> str:
    return render_template("setup/code.html", errors=errors or {})


def _proved() -> bool:
    at = session.get(PROVED)
    now = parts().clock.now().timestamp()
    return isinstance(at, int | float) and now - at < PATIENCE


@blueprint.get("/setup/account")
@public
def account() -> Response | str:
    if not gate.is_needed():
        return redirect(url_for("start.index"))
    return _account_page() if _proved() else redirect(url_for("setup.index"))


@blueprint.post("/setup/account")
@public
@limiter.limit(TRIES)
def account_post() -> Response | FlaskResponse:
    if not gate.is_needed():
        abort(404)
    if not _proved():
        flash(_("That took too long. Please type the code again."), "warn")
        return redirect(url_for("setup.index"))
    name, login, new = (request.form.get(field, "") for field in ("name", "login", "new"))
    if new != request.form.get("again", ""):
        return _wrong({"again": _("The two passwords are not the same.")})
    try:
        made = parts().setup.first_administrator(name, login, new)
    except InvalidInput as error:
        return _wrong({"name" if not name.strip() else "login": sentence(error)})
    if isinstance(made, Weakness):
        return _wrong({"new": weakness_text(made)})
    let_in(made, "set-up", surely=False)
    return redirect(url_for("setup.name"))


def _wrong(errors: dict[str, str]) -> FlaskResponse:
    return make_response(_account_page(errors), 400)


def _account_page(errors: dict[str, str] | None = None) -> str:
    return render_template("setup/account.html", errors=errors or {}, typed=request.form)
