"""Accounts for all people of a group at once, with a printed slip for each."""

from __future__ import annotations

from flask import Response as FlaskResponse
from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from rollbook.domain.access import Permission, Role
from rollbook.domain.subjects import Subject
from rollbook.services.accounts import NewAccount, free_logins
from rollbook.services.folding import folded
from rollbook.web.access import actor, permit, require_group
from rollbook.web.accounts.area import blueprint
from rollbook.web.accounts.security import fresh
from rollbook.web.accounts.users import slip_page
from rollbook.web.parts import parts


@blueprint.get("/users/group")
@permit(Permission.USERS_EDIT)
@fresh
def group_accounts() -> str:
    with parts().uow() as uow:
        groups = uow.groups.all()
    counted = [(group, len(_without_account(group.group_id))) for group in groups]
    return render_template("accounts/group_accounts.html", groups=counted)


@blueprint.post("/users/group")
@permit(Permission.USERS_EDIT)
@fresh
def group_accounts_post() -> Response | FlaskResponse:
    group = require_group(request.form.get("group", ""))
    people = _without_account(group.group_id)
    if not people:
        flash(_("Everybody in this group has an account already."), "info")
        return redirect(url_for("accounts.group_accounts"))
    with parts().uow() as uow:
        names = {person.subject_id: person.name for person in people}
        logins = free_logins(names, lambda login: uow.users.by_login(login) is not None)
    wanted = [
        NewAccount(logins[subject_id], Role.SUBJECT, name, subject_id)
        for subject_id, name in names.items()
    ]
    return slip_page(parts().accounts.add_for(wanted, actor().by), url_for("accounts.users"))


def _without_account(group_id: str) -> list[Subject]:
    """Return the people of a group today who cannot sign in yet, by name."""
    with parts().uow() as uow:
        roster = uow.groups.roster(group_id, parts().today())
        missing = [who for who in roster if uow.users.of_subject(who) is None]
        people = uow.subjects.some(missing)  # an erased person stays on the roster by number
    return sorted(people.values(), key=lambda person: folded(person.name))
