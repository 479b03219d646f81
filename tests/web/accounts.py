"""What the tests of accounts share: passwords, browsers that sign in, and an authenticator app."""

from __future__ import annotations

from dataclasses import replace

from flask.testing import FlaskClient
from passlib.totp import TOTP
from werkzeug.test import TestResponse

from rollbook.domain.accounts import User
from web.school import Site

PASSWORD = "violet kettle on thursday"


def give_password(site: Site, login: str, password: str = PASSWORD) -> User:
    """Give one of the school's accounts a password."""
    user = replace(read(site, login), password=site.parts.hasher.hash(password))
    with site.parts.uow() as uow:
        uow.users.update(user)
        uow.commit()
    return user


def read(site: Site, login: str) -> User:
    with site.parts.uow() as uow:
        return uow.users.get(site.users[login].user_id)


def sign_in_by_form(
    client: FlaskClient, login: str, password: str = PASSWORD, target: str = ""
) -> TestResponse:
    return client.post("/login", data={"login": login, "password": password, "next": target})


def set_up_app(site: Site, login: str) -> tuple[str, list[str]]:
    """Set up an authenticator app; return its secret and the recovery codes."""
    factor, user = site.parts.second_factor, site.users[login]
    secret = factor.new_secret()
    codes = factor.turn_on(user.user_id, secret, shown(site, secret))
    assert codes is not None
    site.clock.advance(60)
    return secret, codes


def shown(site: Site, secret: str) -> str:
    """Return what the app shows now."""
    return str(TOTP(key=secret).generate(site.clock.now()).token)


def events(site: Site, kind: str) -> list[object]:
    """Return what the register tells of a kind, oldest first."""
    with site.parts.uow() as uow:
        return [entry.body["event"] for entry in reversed(uow.register.entries([kind]))]
