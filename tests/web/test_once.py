"""Forms and requests that come twice, also after a server was ended in the middle of one."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from rollbook.errors import StorageUnavailable
from rollbook.storage.repositories.accounts import SqlReplies
from web.programs import Program, make_token
from web.school import Site

Clients = Callable[[str | None], FlaskClient]
FORM = {"title": "Art", "_once": "one-and-only"}


def claim(site: Site, key: str) -> None:
    """Leave a claim as a server does that is killed while it works."""
    with site.parts.uow() as uow:
        assert uow.replies.claim(key, site.clock.now())
        uow.commit()


def key_of(site: Site, path: str) -> str:
    return f"{site.users['alice'].user_id} {path} one-and-only"


def test_a_form_whose_server_was_killed_does_not_say_for_ever_that_it_is_worked_on(
    site: Site, client_of: Clients
) -> None:
    claim(site, key_of(site, "/logout"))
    site.clock.advance(400)
    answer = client_of("alice").post("/logout", data=FORM)
    assert answer.status_code == 409
    assert "Look whether it was done" in answer.text


def test_a_double_click_on_a_form_that_is_refused_shows_why(site: Site, client_of: Clients) -> None:
    """The browser shows what the second click was answered."""
    path = "/groups"
    claim(site, key_of(site, path))
    browser = client_of("alice")

    def refused() -> None:
        with site.parts.uow() as uow:
            uow.replies.release(key_of(site, path))
            uow.commit()

    first = threading.Timer(0.3, refused)
    first.start()
    answer = browser.post(path, data={"name": "", "_once": "one-and-only"})
    first.join()
    assert answer.status_code != 409, re.sub(r"<[^>]+>", "", answer.text)


def test_a_key_whose_server_was_killed_says_what_to_do(site: Site, web_app: Flask) -> None:
    program = Program(web_app, make_token(site, "alice"))
    claim(site, f"api {site.users['alice'].user_id} k1")
    soon = program.post("/groups", {"name": "7c"}, Idempotency_Key="k1")
    assert soon.status_code == 409 and soon.headers["Retry-After"] == "1"
    site.clock.advance(400)
    late = program.post("/groups", {"name": "7c"}, Idempotency_Key="k1")
    assert late.status_code == 409 and "another key" in late.json["detail"]
    assert program.post("/groups", {"name": "7c"}, Idempotency_Key="k2").status_code == 201


def test_a_change_whose_answer_could_not_be_kept_is_not_made_again(
    site: Site, web_app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = Program(web_app, make_token(site, "alice"))

    def full(*_: object) -> None:
        raise StorageUnavailable("The disk is full, so nothing was written. Free some space.")

    with monkeypatch.context() as patch:
        patch.setattr(SqlReplies, "answer", full)
        assert program.post("/people", {"name": "Eve"}, Idempotency_Key="k1").status_code == 503
    again = program.post("/people", {"name": "Eve"}, Idempotency_Key="k1")
    assert again.status_code == 409 and "worked on" in again.json["detail"]
    with site.parts.uow() as uow:
        assert [one.name for one in uow.subjects.all()].count("Eve") == 1
