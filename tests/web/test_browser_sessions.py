"""Sessions of browsers: what was ended stays ended."""

from __future__ import annotations

import pytest
from flask import Flask, session

from rollbook.errors import StorageUnavailable
from rollbook.storage.repositories.accounts import SqlWebSessions
from rollbook.web import browser_sessions
from rollbook.web.access import public
from web.school import Site, sign_in


@pytest.mark.parametrize("changes", [True, False])
def test_a_request_on_its_way_does_not_bring_an_ended_session_back(
    site: Site, own_web_app: Flask, changes: bool
) -> None:
    token = sign_in(site, "bob")

    @own_web_app.get("/slowly")
    @public
    def slowly() -> str:
        if changes:
            session["something"] = 1
        with site.parts.uow() as uow:
            assert uow.web_sessions.end_all(site.users["bob"].user_id) == 1
            uow.commit()
        site.clock.advance(300)
        return ""

    browser = own_web_app.test_client()
    browser.set_cookie("rollbook", token)
    assert browser.get("/slowly").status_code == 200
    again = own_web_app.test_client()
    again.set_cookie("rollbook", token)
    assert again.get("/account").status_code == 302


def test_a_request_that_only_reads_keeps_what_another_has_written(
    site: Site, own_web_app: Flask
) -> None:
    """Two requests of one browser at once: the one that only notes its use writes no old data."""
    token = sign_in(site, "bob")

    @own_web_app.get("/slowly")
    @public
    def slowly() -> str:
        with site.parts.uow() as uow:
            kept = uow.web_sessions.get(token)
            assert kept is not None
            kept.data["written"] = "meanwhile"
            uow.web_sessions.put(kept)
            uow.commit()
        return ""

    browser = own_web_app.test_client()
    browser.set_cookie("rollbook", token)
    browser.get("/account")
    site.clock.advance(300)
    browser.get("/slowly")
    with site.parts.uow() as uow:
        kept = uow.web_sessions.get(token)
    assert kept is not None and kept.data["written"] == "meanwhile"
    assert kept.seen_at == site.clock.now()


def test_a_clock_set_back_lets_nobody_wait_longer_than_an_hour(site: Site) -> None:
    with site.parts.uow() as uow:
        for _ in range(20):
            uow.throttles.failed("x", site.clock.now())
        uow.commit()
    site.clock.advance(-24 * 3600)
    with site.parts.uow() as uow:
        assert uow.throttles.wait("x", site.clock.now()) == 3600


@pytest.fixture
def locked(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise StorageUnavailable("The disk is full, so nothing was written. Free some space.")

    for name in ("put", "replace", "touch"):
        monkeypatch.setattr(SqlWebSessions, name, refuse)


def test_pages_are_shown_while_nothing_can_be_written(
    site: Site, web_app: Flask, request: pytest.FixtureRequest
) -> None:
    browser = web_app.test_client()
    browser.set_cookie("rollbook", sign_in(site, "bob"))
    browser.get("/account")
    site.clock.advance(300)
    request.getfixturevalue("locked")
    assert browser.get("/account").status_code == 200


@pytest.mark.usefixtures("locked")
def test_who_cannot_be_given_a_session_is_told_why(web_app: Flask) -> None:
    answer = web_app.test_client().get("/login")
    assert answer.status_code == 503 and "The disk is full" in answer.text
    assert answer.headers["Retry-After"] and "Set-Cookie" not in answer.headers


def test_visitors_without_cookies_fill_no_disk(
    site: Site, web_app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(browser_sessions, "TIDY_EVERY", 5)
    monkeypatch.setattr(browser_sessions, "MOST_ANONYMOUS", 10)
    token = sign_in(site, "bob")
    for _ in range(30):
        site.clock.advance(1)
        last = web_app.test_client()
        last.get("/login")
    kept = last.get_cookie("rollbook")
    with site.parts.uow() as uow:
        assert kept is not None and uow.web_sessions.get(kept.value) is not None
        assert uow.web_sessions.get(token) is not None
        assert uow.web_sessions.trim(1) < 20
