"""Accounts: added, changed and disabled, without anything that opens them.

Passwords, one-time codes and second factors never go through the interface: an account that is
added here gets its one-time code on its page.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

from rollbook.domain.access import Role
from rollbook.domain.accounts import User
from rollbook.domain.tokens import Scope
from rollbook.services.accounts import LOGIN_LIMIT, NewAccount
from rollbook.web.access import actor, require_subject
from rollbook.web.api.common import Body, Done, Id, Name, PageInfo, PageQuery, paged, require_user
from rollbook.web.api.operations import operation
from rollbook.web.parts import parts

ONE = "/users/<string(length=32):user_id>"
Login = Annotated[str, Field(min_length=1, max_length=LOGIN_LIMIT)]


class Account(BaseModel):
    """Somebody who signs in."""

    id: str
    login: str
    name: str
    role: Role
    active: bool
    subject_id: str | None


class Accounts(PageInfo):
    items: list[Account]


class AccountRole(Body):
    """What an account may do."""

    role: Role = Field(description="`kiosk` is refused: kiosks are devices")
    subject_id: Id | None = Field(
        default=None, description="whose own record it opens; needed of `subject`, else left out"
    )


class NewUser(AccountRole):
    """An account that is to be added."""

    login: Login
    name: Name | None = None


class UserChange(Body):
    """What is left out stays."""

    login: Login | None = None
    name: Name | None = None


class Access(Body):
    active: bool = Field(description="whether the account can sign in; its sessions end")


@operation("GET", "/users", scope=Scope.USERS_READ, query=PageQuery, answer=Accounts)
def users(query: PageQuery) -> Accounts:
    """List accounts."""
    with parts().uow() as uow:
        found, info = paged(uow.users.all(), query)
    return Accounts(**dict(info), items=[_account(one) for one in found])


@operation(
    "POST",
    "/users",
    scope=Scope.USERS_WRITE,
    body=NewUser,
    answer=Account,
    status=201,
    refusals=(404,),
    token_only=True,
)
def add_user(body: NewUser) -> Account:
    """Add an account, which nobody can open yet.

    An administrator gives it a one-time code on its page; no secret is ever answered here.
    """
    wanted = NewAccount(body.login, body.role, body.name or "", _subject_of(body))
    return _account(parts().accounts.add(wanted, actor().by).user)


@operation("GET", ONE, scope=Scope.USERS_READ, answer=Account)
def user(user_id: str) -> Account:
    """Show one account."""
    return _account(_user(user_id))


@operation("PATCH", ONE, scope=Scope.USERS_WRITE, body=UserChange, answer=Account, token_only=True)
def rename_user(user_id: str, body: UserChange) -> Account:
    """Give an account another sign-in name, or another shown name."""
    old = _user(user_id)
    login, name = body.login or old.login, body.name or old.name
    return _account(parts().accounts.rename(user_id, login, name, actor().by))


@operation(
    "POST",
    f"{ONE}/role",
    scope=Scope.USERS_WRITE,
    body=AccountRole,
    answer=Account,
    token_only=True,
)
def set_user_role(user_id: str, body: AccountRole) -> Account:
    """Give an account another role; its sessions end. The last administrator stays one."""
    require_user(user_id)
    subject_id = _subject_of(body)
    return _account(parts().accounts.set_role(user_id, body.role, actor().by, subject_id))


@operation(
    "POST", f"{ONE}/active", scope=Scope.USERS_WRITE, body=Access, answer=Account, token_only=True
)
def set_user_active(user_id: str, body: Access) -> Account:
    """Disable an account, or let it sign in again; its sessions end."""
    require_user(user_id)
    return _account(parts().accounts.set_active(user_id, body.active, actor().by))


@operation("POST", f"{ONE}/sessions/end", scope=Scope.USERS_WRITE, answer=Done, token_only=True)
def end_user_sessions(user_id: str) -> Done:
    """Sign somebody out of all browsers."""
    require_user(user_id)
    return Done(count=parts().accounts.end_sessions(user_id, actor().by))


def _user(user_id: str) -> User:
    require_user(user_id)
    with parts().uow() as uow:
        return uow.users.get(user_id)


def _subject_of(body: AccountRole) -> str | None:
    """Return the person of a subject's account; other roles have none."""
    if body.role is not Role.SUBJECT or body.subject_id is None:
        return None
    return require_subject(body.subject_id).subject_id


def _account(kept: User) -> Account:
    return Account(
        id=kept.user_id,
        login=kept.login,
        name=kept.name,
        role=kept.role,
        active=kept.active,
        subject_id=kept.subject_id,
    )
