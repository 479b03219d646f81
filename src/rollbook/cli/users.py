"""`rollbook user`: accounts from the server's own terminal, also when nobody can sign in."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

from rollbook.cli import common
from rollbook.errors import InvalidInput, NotFound

if TYPE_CHECKING:
    from rollbook.bootstrap import App
    from rollbook.domain.access import Role
    from rollbook.domain.accounts import User
    from rollbook.services.accounts import Slip, Teaching

user_app = typer.Typer(no_args_is_help=True, help="Accounts that sign in with the browser.")

LoginArgument = Annotated[
    str, typer.Argument(metavar="LOGIN", help="The sign-in name, or the beginning of the id.")
]
SHORTEST_PREFIX = 4  # digits of an id


def list_users(as_json: common.JsonOption = False) -> None:
    """List all accounts."""
    app = common.open_app()
    with app.uow() as uow:
        rows = [_row(user) for user in uow.users.all()]
    common.print_table(
        ("id", "login", "name", "role", "state", "second_factor"),
        rows,
        as_json=as_json,
        empty="There are no accounts. Set up with the browser (rollbook up), or: rollbook user add",
    )


def _row(user: User) -> dict[str, object]:
    from rollbook.services.second_factor import has_app

    waiting = "waiting for the first sign-in" if user.password is None else "active"
    return {
        "id": user.user_id,
        "login": user.login,
        "name": user.name,
        "role": user.role.value,
        "state": waiting if user.active else "disabled",
        "second_factor": "app" if has_app(user) else "",
    }


def add(
    login: Annotated[str, typer.Argument(metavar="LOGIN", help="A name or an e-mail address.")],
    role: Annotated[
        str, typer.Option("--role", help="administrator, faculty, auditor or subject.")
    ] = "faculty",
    name: Annotated[str, typer.Option("--name", help="As pages show it.")] = "",
    person: Annotated[
        str | None,
        typer.Option("--person", metavar="PERSON", help="Whose own record a subject's account is."),
    ] = None,
    groups: Annotated[
        list[str] | None,
        typer.Option("--group", metavar="GROUP", help="Taught from today on; may be repeated."),
    ] = None,
    as_json: common.JsonOption = False,
) -> None:
    """Add an account; prints a one-time code for the first sign-in."""
    from rollbook.services.account_entries import TERMINAL
    from rollbook.services.accounts import NewAccount
    from rollbook.services.finding import find_subject

    app = common.open_app()
    subject_id = None
    if person is not None:
        with app.uow() as uow:
            subject_id = find_subject(uow, person).subject_id
    teaching = _teaching(app, groups or [], app.today())
    new = NewAccount(login, _role(role), name, subject_id, teaching)
    _print_slip(app.accounts.add(new, TERMINAL), as_json=as_json)


def _role(text: str) -> Role:
    from rollbook.services.accounts import ROLES

    for role in ROLES:
        if role.value == text.strip().lower():
            return role
    known = ", ".join(role.value for role in ROLES)
    raise InvalidInput(f"There is no role {text!r}; there are: {known}.")


def _teaching(app: App, wanted: list[str], since: date) -> list[Teaching]:
    from rollbook.services.accounts import Teaching
    from rollbook.services.finding import find_group

    with app.uow() as uow:
        return [Teaching(find_group(uow, one).group_id, since) for one in wanted]


def reset(
    login: LoginArgument,
    keep_second_factor: Annotated[
        bool,
        typer.Option("--keep-second-factor", help="Leave authenticator app and passkeys as is."),
    ] = False,
    as_json: common.JsonOption = False,
) -> None:
    """Print a one-time code for somebody who is locked out; the old password is void."""
    from rollbook.services.account_entries import TERMINAL

    app = common.open_app()
    user = _find(app, login)
    slip = app.accounts.reset(user.user_id, TERMINAL, forget_second_factor=not keep_second_factor)
    if not user.active:
        common.warn("The account is disabled: rollbook user disable --undo lets it in again.")
    _print_slip(slip, as_json=as_json)


def disable(
    login: LoginArgument,
    undo: Annotated[bool, typer.Option("--undo", help="Let the account sign in again.")] = False,
) -> None:
    """Let an account no longer sign in; it is signed out at once."""
    from rollbook.services.account_entries import TERMINAL

    app = common.open_app()
    user = app.accounts.set_active(_find(app, login).user_id, undo, TERMINAL)
    common.say(f"{user.shown} {'can sign in again' if undo else 'can no longer sign in'}.")


def _find(app: App, wanted: str) -> User:
    """Return the account with this sign-in name or beginning of an id.

    Raises:
        NotFound: there is none, or several ids begin like this.
    """
    with app.uow() as uow:
        found = uow.users.by_login(wanted)
        if found is not None:
            return found
        begun = [u for u in uow.users.all() if u.user_id.startswith(wanted.strip().lower())]
    if len(begun) == 1 and len(wanted.strip()) >= SHORTEST_PREFIX:
        return begun[0]
    raise NotFound(f"There is no account {wanted!r}. Look with: rollbook user list")


def _print_slip(slip: Slip, *, as_json: bool) -> None:
    user = slip.user
    if as_json:
        common.print_json({"id": user.user_id, "login": user.login, "code": slip.code})
        return
    common.say(f"{user.shown} signs in as: {user.login}")
    common.say(f"One-time code, in the place of the password, for 24 hours: {slip.code}")


def commands(app: typer.Typer) -> None:
    """Add the commands to the program."""
    user_app.command("list")(list_users)
    user_app.command("add")(add)
    user_app.command("reset")(reset)
    user_app.command("disable")(disable)
    app.add_typer(user_app, name="user")
