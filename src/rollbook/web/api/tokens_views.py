"""The page where somebody makes and revokes tokens for programs."""

from __future__ import annotations

from dataclasses import dataclass

from flask import flash, redirect, render_template, request, session, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from rollbook.domain.access import Actor, Permission, Role
from rollbook.domain.tokens import ApiToken, Scope, scopes_for
from rollbook.errors import InvalidInput
from rollbook.services.tokens import DAYS
from rollbook.web.access import actor, permit
from rollbook.web.accounts.security import fresh
from rollbook.web.api.operations import blueprint
from rollbook.web.api.words import SCOPES
from rollbook.web.errors import sentence
from rollbook.web.parts import parts

ADDRESS = "/account/tokens"
SHOWN_ONCE = "new_token"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the page."""

    token: ApiToken
    owner: str
    works: bool


@blueprint.get(ADDRESS)
@permit(Permission.SIGNED_IN)
@fresh
def tokens() -> str:
    """List the tokens of one's own; administrators see those of all."""
    return _page({}, session.pop(SHOWN_ONCE, None))


@blueprint.post(ADDRESS)
@permit(Permission.SIGNED_IN)
@fresh
def make_token() -> Response | tuple[str, int]:
    """Make a token; its text is shown on the next page, and never again."""
    try:
        made = parts().tokens.make(
            actor(), request.form.get("name", ""), _scopes(), _days(request.form.get("days", ""))
        )
    except InvalidInput as error:
        return _page({"name": sentence(error)}, None), 400
    session[SHOWN_ONCE] = made.text
    return redirect(url_for("api.tokens"))


@blueprint.post(f"{ADDRESS}/<string(length=32):token_id>/revoke")
@permit(Permission.SIGNED_IN)
def revoke_token(token_id: str) -> Response:
    """End a token at once."""
    who = actor()
    whose = None if _sees_all(who) else who.actor_id
    parts().tokens.revoke(token_id, who, whose=whose)
    flash(_("The token was revoked. It is worth nothing from now on."), "good")
    return redirect(url_for("api.tokens"))


def _page(errors: dict[str, str], made: str | None) -> str:
    who = actor()
    rows = _rows(parts().tokens.of(None if _sees_all(who) else who.actor_id))
    own = [row for row in rows if row.token.user_id == who.actor_id]
    return render_template(
        "api/tokens.html",
        own=own,
        others=[row for row in rows if row not in own],
        made=made,
        errors=errors,
        form=request.form,
        scopes=scopes_for(who.role, own_record=who.subject_id is not None),
        words=SCOPES,
        choices=[(days, ngettext("%(num)s day", "%(num)s days", days)) for days in DAYS],
    )


def _rows(found: list[ApiToken]) -> list[Row]:
    now = parts().clock.now()
    with parts().uow() as uow:
        names = {user.user_id: user.shown for user in uow.users.all()}
    return [Row(one, names.get(one.user_id, ""), one.works_at(now)) for one in found]


def _sees_all(who: Actor) -> bool:
    return who.role is Role.ADMINISTRATOR


def _scopes() -> list[Scope]:
    known = {scope.value: scope for scope in Scope}
    return [known[name] for name in request.form.getlist("scopes") if name in known]


def _days(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 5 else 0
