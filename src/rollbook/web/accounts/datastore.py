"""Flask-Security's view of our accounts: each a mutable copy of what the database keeps."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask_security import RoleMixin, UserMixin
from flask_security.datastore import UserDatastore

from rollbook.domain.accounts import User
from rollbook.web.parts import parts


class AccountRole(RoleMixin):  # type: ignore[misc]
    """A role by its name; what it may do, `domain.access` says."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.permissions: list[str] = []


class Account(UserMixin):  # type: ignore[misc]
    """An account as Flask-Security knows it. Its id in a session is the uniquifier."""

    fs_uniquifier: str = ""  # Flask-Security looks for it on the class

    def __init__(self, user: User) -> None:
        self.kept = user
        self.id = user.user_id
        self.username = self.email = user.login
        self.password = user.password
        self.active = user.active
        self.fs_uniquifier = user.uniquifier
        self.roles = [AccountRole(user.role.value)]


class SiteDatastore(UserDatastore):  # type: ignore[misc]
    """Finds accounts through the unit of work; each change is written at once."""

    def __init__(self) -> None:
        super().__init__(Account, AccountRole)

    def find_user(self, case_insensitive: bool = False, **kwargs: Any) -> Account | None:
        ((attribute, value),) = kwargs.items()
        with parts().uow() as uow:
            found = (
                uow.users.by_uniquifier(str(value))
                if attribute == "fs_uniquifier"
                else uow.users.by_login(str(value))
            )
        return None if found is None else Account(found)

    def find_role(self, role: str) -> AccountRole:
        return AccountRole(role)

    def put(self, model: Account) -> Account:
        """Write what may be changed through Flask-Security: password, state and sessions."""
        with parts().uow() as uow:
            uow.register.hold()
            kept = replace(
                uow.users.get(model.id),
                password=model.password,
                active=model.active,
                uniquifier=model.fs_uniquifier,
            )
            uow.users.update(kept)
            uow.commit()
        return model

    def delete(self, model: Account) -> None:
        with parts().uow() as uow:
            uow.users.remove(model.id)
            uow.commit()

    def commit(self) -> None:
        """Nothing waits: `put` has written already."""
