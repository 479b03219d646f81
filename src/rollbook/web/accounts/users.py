"""The list of accounts: finding, adding, and the page of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from flask import Response as FlaskResponse
from flask import make_response, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from rollbook.domain.access import Permission, Role
from rollbook.domain.accounts import Staff, User
from rollbook.domain.subjects import Group
from rollbook.errors import AlreadyExists, InvalidInput, NotFound
from rollbook.services.accounts import CODE_LASTS, ROLES, NewAccount, Slip, Teaching
from rollbook.services.finding import Ambiguous, find_subject
from rollbook.services.second_factor import has_app
from rollbook.web.access import actor, permit
from rollbook.web.accounts import words
from rollbook.web.accounts.area import blueprint
from rollbook.web.accounts.security import fresh
from rollbook.web.errors import sentence
from rollbook.web.parts import parts

PAGE = 50  # accounts


@blueprint.get("/users")
@permit(Permission.USERS_EDIT)
def users() -> str:
    role, wanted = request.args.get("role", ""), request.args.get("q", "").strip()
    with parts().uow() as uow:
        everybody = uow.users.all()
    found = [user for user in everybody if _fits(user, role, wanted.casefold())]
    pages = max(1, -(-len(found) // PAGE))
    page = min(max(1, request.args.get("page", 1, type=int)), pages)
    return render_template(
        "accounts/users.html",
        users=found[(page - 1) * PAGE : page * PAGE],
        role=role,
        q=wanted,
        page=page,
        pages=pages,
        roles=words.ROLES,
        url_of=lambda number: url_for("accounts.users", role=role, q=wanted, page=number),
        count=ngettext("%(num)s account", "%(num)s accounts", len(found)),
        has_app=has_app,
    )


def _fits(user: User, role: str, wanted: str) -> bool:
    if role == "staff" and user.role is Role.SUBJECT:
        return False
    if role not in {"", "staff", user.role.value}:
        return False
    return wanted in user.login.casefold() or wanted in user.name.casefold()


@blueprint.get("/users/new")
@permit(Permission.USERS_EDIT)
@fresh
def new_user() -> str:
    subject_id = request.args.get("subject_id", "")
    with parts().uow() as uow:
        person = uow.subjects.get(subject_id) if subject_id else None
    typed = {"role": "subject" if person else "faculty"}
    if person is not None:
        typed |= {"name": person.name, "person": person.subject_id}
    return _new_page(typed)


def _new_page(typed: Mapping[str, str], errors: Mapping[str, str] | None = None) -> str:
    with parts().uow() as uow:
        groups = uow.groups.all()
    return render_template(
        "accounts/new_user.html",
        typed=typed,
        chosen=request.form.getlist("group"),
        errors=errors or {},
        groups=groups,
        roles=words.ROLES,
        role_help=words.ROLE_HELP,
        today=parts().today(),
    )


@blueprint.post("/users/new")
@permit(Permission.USERS_EDIT)
@fresh
def new_user_post() -> str | FlaskResponse:
    errors: dict[str, str] = {}
    slip = _added(errors)
    if slip is None:
        return make_response(_new_page(request.form, errors), 400)
    return slip_page([slip], url_for("accounts.user", user_id=slip.user.user_id))


def _added(errors: dict[str, str]) -> Slip | None:
    """Return the new account, or None with what is wrong in `errors`."""
    role = role_of(request.form.get("role", ""), errors)
    subject_id = subject_of(errors) if role is Role.SUBJECT else None
    since = day_of("since", errors) or parts().today()
    until = day_of("until", errors)
    groups = request.form.getlist("group") if role is Role.FACULTY else []
    if errors or role is None:
        return None
    teaching = tuple(Teaching(group, since, until) for group in groups)
    login, name = request.form.get("login", ""), request.form.get("name", "")
    new = NewAccount(login, role, name, subject_id, teaching)
    try:
        return parts().accounts.add(new, actor().by)
    except (InvalidInput, AlreadyExists) as error:
        errors["login"] = sentence(error)
    except NotFound as error:
        errors["group"] = sentence(error)
    return None


def role_of(typed: str, errors: dict[str, str]) -> Role | None:
    if typed in {role.value for role in ROLES}:
        return Role(typed)
    errors["role"] = _("Choose what the account may do.")
    return None


def subject_of(errors: dict[str, str]) -> str | None:
    """Return the person that an external id, name or id means."""
    typed = request.form.get("person", "")
    try:
        with parts().uow() as uow:
            return find_subject(uow, typed).subject_id
    except Ambiguous:
        errors["person"] = _("Several people are called that. Give the external id.")
    except NotFound:
        errors["person"] = _("There is nobody with this name or external id.")
    return None


def day_of(name: str, errors: dict[str, str]) -> date | None:
    """Return the date of a field, or None where it is empty or wrong."""
    typed = request.form.get(name, "").strip()
    if not typed:
        return None
    try:
        return date.fromisoformat(typed)
    except ValueError:
        errors[name] = _("Write the date as year, month and day, like 2026-03-31.")
        return None


def slip_page(slips: list[Slip], back: str) -> FlaskResponse:
    """Show one-time codes, once, so that they can be printed or read out."""
    shown = render_template(
        "accounts/slips.html",
        slips=slips,
        back=back,
        address=request.host_url + "login",
        until=parts().clock.now() + CODE_LASTS,
    )
    return make_response(shown)


@dataclass(frozen=True, slots=True)
class Taught:
    """A group of somebody, as it is shown."""

    group: Group
    staff: Staff
    now: bool


@blueprint.get("/users/<user_id>")
@permit(Permission.USERS_EDIT)
def user(user_id: str) -> str:
    return user_page(user_id)


def user_page(user_id: str, errors: Mapping[str, str] | None = None) -> str:
    today = parts().today()
    with parts().uow() as uow:
        found = uow.users.get(user_id)
        groups = {group.group_id: group for group in uow.groups.all()}
        taught = [
            Taught(groups[staff.group_id], staff, staff.holds_on(today))
            for staff in uow.staff.of_user(user_id)
            if staff.group_id in groups
        ]
        person = _person_of(found)
        passkeys = len(uow.passkeys.of_user(user_id))
    now_taught = {one.group.group_id for one in taught if one.now}
    return render_template(
        "accounts/user.html",
        user=found,
        roles=words.ROLES,
        taught=taught,
        groups=[group for group in groups.values() if group.group_id not in now_taught],
        person=person,
        passkeys=passkeys,
        app=has_app(found),
        sessions=len(parts().own_account.sessions(user_id)),
        errors=errors or {},
        today=today,
        own=user_id == actor().actor_id,
    )


def _person_of(user: User) -> str:
    if user.subject_id is None:
        return ""
    try:
        with parts().uow() as uow:
            return uow.subjects.get(user.subject_id).name
    except NotFound:
        return _("a person who was removed")
