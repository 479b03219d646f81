"""Setting up and removing the second factor of the own account."""

from __future__ import annotations

import segno
from flask import Response as FlaskResponse
from flask import flash, make_response, redirect, render_template, request, session, url_for
from flask_babel import gettext as _
from markupsafe import Markup
from werkzeug.wrappers import Response

from rollbook.domain.access import Permission
from rollbook.services.second_factor import has_app
from rollbook.web.access import permit
from rollbook.web.accounts.area import blueprint
from rollbook.web.accounts.security import (
    SURE,
    current_user,
    fresh,
    prove,
    second_factor_missing,
)
from rollbook.web.app import limiter
from rollbook.web.parts import parts

NEW_APP = "new_app"  # in the browser's session, until its first code is right
TRIES = "30 per minute"


@blueprint.get("/account/second-factor")
@permit(Permission.SIGNED_IN)
@fresh
def second_factor() -> str:
    return _page()


@blueprint.post("/account/second-factor")
@permit(Permission.SIGNED_IN)
@fresh
@limiter.limit(TRIES)
def turn_on() -> Response | FlaskResponse | str:
    user, secret = current_user(), session.get(NEW_APP)
    if not isinstance(secret, str):
        return redirect(url_for("accounts.second_factor"))
    codes = parts().second_factor.turn_on(user.user_id, secret, request.form.get("code", ""))
    if codes is None:
        text = _("This code is not right. Is the clock of the phone right?")
        return make_response(_page({"code": text}), 400)
    session.pop(NEW_APP)
    session[SURE] = True
    prove()
    return _codes_page(codes, first=True)


@blueprint.post("/account/second-factor/remove")
@permit(Permission.SIGNED_IN)
@fresh
def turn_off() -> Response:
    parts().second_factor.turn_off(current_user().user_id)
    flash(_("The authenticator app and the recovery codes are not asked for any more."), "good")
    return redirect(url_for("accounts.account"))


@blueprint.post("/account/recovery-codes")
@permit(Permission.SIGNED_IN)
@fresh
def new_codes() -> Response | str:
    user = current_user()
    if not has_app(user):
        return redirect(url_for("accounts.second_factor"))
    return _codes_page(parts().second_factor.new_recovery_codes(user.user_id), first=False)


def _codes_page(codes: list[str], *, first: bool) -> str:
    return render_template("accounts/recovery_codes.html", codes=codes, first=first)


def _page(errors: dict[str, str] | None = None) -> str:
    user = current_user()
    secret = session.get(NEW_APP)
    if not isinstance(secret, str):
        secret = session[NEW_APP] = parts().second_factor.new_secret()
    with parts().uow() as uow:
        site = str(uow.site.get("site_name") or "Rollbook")
    link = parts().second_factor.link(secret, user, site)
    return render_template(
        "accounts/second_factor.html",
        errors=errors or {},
        user=user,
        replacing=has_app(user),
        missing=second_factor_missing(user),
        qr=_qr(link),
        secret=" ".join(secret[i : i + 4] for i in range(0, len(secret), 4)),
    )


def _qr(link: str) -> Markup:
    """Return a QR code as SVG: dark on white in any colour scheme."""
    drawn = segno.make(link, error="m").svg_inline(
        scale=5, border=4, dark="#000", light="#fff", svgclass="qr", lineclass=None
    )
    return Markup(drawn)  # noqa: S704  (made by segno of a link, nothing typed is in it)
