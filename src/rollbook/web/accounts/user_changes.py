"""Changes to one account: name, role, groups, access, and one-time codes."""

from __future__ import annotations

from flask import Response as FlaskResponse
from flask import flash, make_response, redirect, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from rollbook.domain.access import Permission, Role
from rollbook.errors import AlreadyExists, InvalidInput
from rollbook.services.accounts import Teaching
from rollbook.web.access import actor, permit
from rollbook.web.accounts.area import blueprint
from rollbook.web.accounts.security import fresh
from rollbook.web.accounts.users import day_of, role_of, slip_page, subject_of, user_page
from rollbook.web.errors import sentence
from rollbook.web.parts import parts


@blueprint.post("/users/<user_id>/name")
@permit(Permission.USERS_EDIT)
@fresh
def rename_user(user_id: str) -> Response | FlaskResponse:
    login, name = request.form.get("login", ""), request.form.get("name", "")
    try:
        parts().accounts.rename(user_id, login, name, actor().by)
    except (InvalidInput, AlreadyExists) as error:
        return _refused(user_id, "login", sentence(error))
    return _done(user_id, _("The account was changed."))


@blueprint.post("/users/<user_id>/role")
@permit(Permission.USERS_EDIT)
@fresh
def change_role(user_id: str) -> Response | FlaskResponse:
    errors: dict[str, str] = {}
    role = role_of(request.form.get("role", ""), errors)
    subject_id = subject_of(errors) if role is Role.SUBJECT else None
    if errors or role is None:
        return make_response(user_page(user_id, errors), 400)
    try:
        parts().accounts.set_role(user_id, role, actor().by, subject_id)
    except (InvalidInput, AlreadyExists) as error:
        return _refused(user_id, "role", sentence(error))
    return _done(user_id, _("The role was changed. It holds from the next sign-in."))


@blueprint.post("/users/<user_id>/groups")
@permit(Permission.USERS_EDIT)
@fresh
def teach(user_id: str) -> Response | FlaskResponse:
    errors: dict[str, str] = {}
    since = day_of("since", errors) or parts().today()
    until = day_of("until", errors)
    if errors:
        return make_response(user_page(user_id, errors), 400)
    try:
        teaching = Teaching(request.form.get("group", ""), since, until)
        parts().accounts.teach(user_id, teaching, actor().by)
    except InvalidInput as error:
        return _refused(user_id, "until", sentence(error))
    return _done(user_id, _("The group was added."))


@blueprint.post("/users/<user_id>/groups/end")
@permit(Permission.USERS_EDIT)
@fresh
def stop_teaching(user_id: str) -> Response | FlaskResponse:
    errors: dict[str, str] = {}
    last = day_of("last", errors) or parts().today()
    if errors:
        return make_response(user_page(user_id, errors), 400)
    parts().accounts.stop_teaching(user_id, request.form.get("group", ""), last, actor().by)
    return _done(user_id, _("The group was changed."))


@blueprint.post("/users/<user_id>/active")
@permit(Permission.USERS_EDIT)
@fresh
def set_active(user_id: str) -> Response | FlaskResponse:
    active = request.form.get("active") == "yes"
    try:
        parts().accounts.set_active(user_id, active, actor().by)
    except InvalidInput as error:
        return _refused(user_id, "active", sentence(error))
    text = _("The account can sign in again.") if active else _("The account is disabled.")
    return _done(user_id, text)


@blueprint.post("/users/<user_id>/sessions/end")
@permit(Permission.USERS_EDIT)
@fresh
def end_user_sessions(user_id: str) -> Response:
    ended = parts().accounts.end_sessions(user_id, actor().by)
    text = ngettext(
        "They were signed out in %(num)s browser.",
        "They were signed out in %(num)s browsers.",
        ended,
    )
    return _done(user_id, text)


@blueprint.post("/users/<user_id>/code")
@permit(Permission.USERS_EDIT)
@fresh
def give_code(user_id: str) -> FlaskResponse:
    forget = request.form.get("forget") == "yes"
    slip = parts().accounts.reset(user_id, actor().by, forget_second_factor=forget)
    return slip_page([slip], url_for("accounts.user", user_id=user_id))


def _refused(user_id: str, field: str, text: str) -> FlaskResponse:
    return make_response(user_page(user_id, {field: text}), 400)


def _done(user_id: str, text: str) -> Response:
    flash(text, "good")
    return redirect(url_for("accounts.user", user_id=user_id))
