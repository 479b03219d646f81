"""Accounts: made, changed and disabled; at least one administrator always stays."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from rollbook.domain.access import Role
from rollbook.domain.accounts import Staff, User
from rollbook.domain.passwords import PasswordHasher
from rollbook.domain.ports import Clock, OpenUnitOfWork, UnitOfWork
from rollbook.domain.subjects import clean_name, new_id
from rollbook.errors import AlreadyExists, InvalidInput
from rollbook.services.account_entries import account_entry
from rollbook.services.codes import new_code, plain_code
from rollbook.services.sign_in import bucket_of, with_code

CODE_LASTS = timedelta(hours=24)
LOGIN_LIMIT = 100  # characters
ROLES = (Role.ADMINISTRATOR, Role.FACULTY, Role.AUDITOR, Role.SUBJECT)  # kiosks are devices


@dataclass(frozen=True, slots=True)
class Teaching:
    """A group that somebody teaches or leads, from a day on."""

    group_id: str
    since: date
    until: date | None = None


@dataclass(frozen=True, slots=True)
class NewAccount:
    """What an administrator says about a new account."""

    login: str
    role: Role
    name: str = ""
    subject_id: str | None = None
    teaching: Sequence[Teaching] = ()


@dataclass(frozen=True, slots=True)
class Slip:
    """What somebody needs for the first sign-in; the code is shown once and kept nowhere."""

    user: User
    code: str = field(repr=False)


class Accounts:
    """Keeps the list of accounts. `by` is who acts, as the register calls them."""

    def __init__(self, open_uow: OpenUnitOfWork, clock: Clock, hasher: PasswordHasher) -> None:
        self._open_uow = open_uow
        self._clock = clock
        self._hasher = hasher

    def add(self, new: NewAccount, by: str) -> Slip:
        """Add an account with a one-time code for the first sign-in.

        Raises:
            InvalidInput: the name cannot be used, or a subject's account has no person.
            AlreadyExists: the sign-in name is taken, or the person has an account already.
        """
        user, code = self._made(new)
        with self._open_uow() as uow:
            self._keep(uow, user, new.teaching, by)
            uow.commit()
        return Slip(user, code)

    def add_for(self, wanted: Sequence[NewAccount], by: str) -> list[Slip]:
        """Add several accounts, all or none."""
        made = [(new, *self._made(new)) for new in wanted]
        with self._open_uow() as uow:
            for new, user, _ in made:
                self._keep(uow, user, new.teaching, by)
            uow.commit()
        return [Slip(user, code) for _, user, code in made]

    def _made(self, new: NewAccount) -> tuple[User, str]:
        if new.role not in ROLES:
            raise InvalidInput("Kiosks are devices and have no account.")
        if new.role is Role.SUBJECT and new.subject_id is None:
            raise InvalidInput("Choose the person whose own record this account opens.")
        name = clean_name(new.name) if new.name.strip() else ""
        code = new_code()
        user = User(new_id(), clean_login(new.login), new.role, new_id(), name)
        user = replace(user, subject_id=new.subject_id)
        return self._with_code(user, code), code

    def _with_code(self, user: User, code: str) -> User:
        return with_code(user, self._hasher.hash(plain_code(code)), self._clock.now() + CODE_LASTS)

    def _keep(self, uow: UnitOfWork, user: User, teaching: Sequence[Teaching], by: str) -> None:
        uow.users.add(user)
        self._log(uow, "added", user.user_id, by, role=user.role.value)
        for held in teaching:
            self._teach(uow, user.user_id, held, by)

    def reset(self, user_id: str, by: str, *, forget_second_factor: bool = False) -> Slip:
        """Return a one-time code in the place of the password; all sessions end.

        The account can sign in again even where it was locked out by wrong tries.
        """
        code = new_code()

        def change(user: User) -> User:
            coded = self._with_code(replace(user, uniquifier=new_id()), code)
            return without_second_factor(coded) if forget_second_factor else coded

        with self._open_uow() as uow:
            user = self._edit(uow, user_id, change, "one-time code", by)
            if forget_second_factor:
                uow.passkeys.remove_all(user_id)
                self._log(uow, "second factor removed", user_id, by)
            uow.web_sessions.end_all(user_id)
            uow.throttles.succeeded(bucket_of(user.login))
            uow.throttles.succeeded(second_step(user_id))
            uow.commit()
        return Slip(user, code)

    def rename(self, user_id: str, login: str, name: str, by: str) -> User:
        """Give an account another sign-in name or another shown name."""
        shown = clean_name(name) if name.strip() else ""
        login = clean_login(login)
        return self._change(
            user_id, lambda user: replace(user, login=login, name=shown), "renamed", by
        )

    def set_role(self, user_id: str, role: Role, by: str, subject_id: str | None = None) -> User:
        """Give an account another role; its sessions end, so that it holds at once.

        Raises:
            InvalidInput: it is the last administrator, or a subject's account without a person.
        """
        if role not in ROLES:
            raise InvalidInput("Kiosks are devices and have no account.")
        if role is Role.SUBJECT and subject_id is None:
            raise InvalidInput("Choose the person whose own record this account opens.")

        def change(user: User) -> User:
            return replace(user, role=role, subject_id=subject_id, uniquifier=new_id())

        with self._open_uow() as uow:
            uow.register.hold()
            if role is not Role.ADMINISTRATOR:
                require_another(uow, user_id)
            user = self._edit(uow, user_id, change, "role changed", by, role=role.value)
            uow.web_sessions.end_all(user_id)
            uow.commit()
        return user

    def set_active(self, user_id: str, active: bool, by: str) -> User:
        """Let an account sign in, or no longer; its sessions end at once.

        Raises:
            InvalidInput: it is the last administrator.
        """
        with self._open_uow() as uow:
            uow.register.hold()
            if not active:
                require_another(uow, user_id)
            event = "enabled" if active else "disabled"
            user = self._edit(uow, user_id, lambda user: replace(user, active=active), event, by)
            uow.web_sessions.end_all(user_id)
            uow.commit()
        return user

    def teach(self, user_id: str, teaching: Teaching, by: str) -> None:
        """Let somebody teach or lead a group."""
        with self._open_uow() as uow:
            uow.users.get(user_id)
            self._teach(uow, user_id, teaching, by)
            uow.commit()

    def stop_teaching(self, user_id: str, group_id: str, last_day: date, by: str) -> None:
        """Let somebody see a group for the last time on this day."""
        with self._open_uow() as uow:
            uow.staff.leave(group_id, user_id, last_day)
            day = last_day.isoformat()
            self._log(uow, "no longer teaches", user_id, by, group_id=group_id, last_day=day)
            uow.commit()

    def end_sessions(self, user_id: str, by: str) -> int:
        """Sign somebody out everywhere; return in how many browsers."""
        with self._open_uow() as uow:
            ended = uow.web_sessions.end_all(user_id)
            self._edit(
                uow, user_id, lambda user: replace(user, uniquifier=new_id()), "sessions ended", by
            )
            uow.commit()
        return ended

    def _teach(self, uow: UnitOfWork, user_id: str, held: Teaching, by: str) -> None:
        if held.until is not None and held.until < held.since:
            raise InvalidInput("The last day comes before the first one.")
        uow.staff.add(Staff(held.group_id, user_id, held.since, held.until))
        since = held.since.isoformat()
        self._log(uow, "teaches", user_id, by, group_id=held.group_id, since=since)

    def _change(self, user_id: str, change: Callable[[User], User], event: str, by: str) -> User:
        with self._open_uow() as uow:
            user = self._edit(uow, user_id, change, event, by)
            uow.commit()
        return user

    def _edit(
        self,
        uow: UnitOfWork,
        user_id: str,
        change: Callable[[User], User],
        event: str,
        by: str,
        **more: object,
    ) -> User:
        """Read, change and write an account while nobody else does."""
        uow.register.hold()
        user = change(uow.users.get(user_id))
        uow.users.update(user)
        self._log(uow, event, user_id, by, **more)
        return user

    def _log(self, uow: UnitOfWork, event: str, user_id: str, by: str, **more: object) -> None:
        uow.register.append(account_entry(event, user_id, by, self._clock, **more))


def clean_login(login: str) -> str:
    """Return a sign-in name as it is kept; any script, an e-mail address too.

    Raises:
        InvalidInput: nothing is left, or it is too long.
    """
    if not login.strip():
        raise InvalidInput("A sign-in name is needed.")
    kept = clean_name(login)
    if len(kept) > LOGIN_LIMIT:
        raise InvalidInput("A sign-in name may have %(limit)s characters.", limit=LOGIN_LIMIT)
    return kept


def require_another(uow: UnitOfWork, user_id: str) -> None:
    """Raise InvalidInput when this is the only administrator who can sign in."""
    others = (user for user in uow.users.all() if user.user_id != user_id)
    if uow.users.get(user_id).role is not Role.ADMINISTRATOR:
        return
    if not any(user.active and user.role is Role.ADMINISTRATOR for user in others):
        raise InvalidInput(
            "This is the last administrator. Make somebody else administrator first."
        )


def without_second_factor(user: User) -> User:
    """Return the account without authenticator app and recovery codes."""
    gone = {"totp", "totp_step", "recovery"}
    return replace(user, secrets={k: v for k, v in user.secrets.items() if k not in gone})


def second_step(user_id: str) -> str:
    """Return what wrong codes of one account are counted under."""
    return f"second step {user_id}"


def has_administrator(uow: UnitOfWork) -> bool:
    return any(user.role is Role.ADMINISTRATOR for user in uow.users.all())


def require_free(uow: UnitOfWork, login: str) -> None:
    """Raise AlreadyExists when the sign-in name is taken."""
    if uow.users.by_login(login) is not None:
        raise AlreadyExists("This sign-in name is taken.")


def free_logins(names: Mapping[str, str], taken: Callable[[str], bool]) -> dict[str, str]:
    """Return a free sign-in name for each key, made of the person's name in its own script.

    >>> free_logins({"1": "Ada Lovelace", "2": "Ada  Lovelace"}, lambda login: False)
    {'1': 'ada.lovelace', '2': 'ada.lovelace2'}
    """
    given: dict[str, str] = {}
    used: set[str] = set()
    for key, name in names.items():
        stem = ".".join(clean_name(name).casefold().split())[: LOGIN_LIMIT - 4]
        login, number = stem, 1
        while login in used or taken(login):
            number += 1
            login = f"{stem}{number}"
        used.add(login)
        given[key] = login
    return given
