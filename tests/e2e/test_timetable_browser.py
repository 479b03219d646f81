"""A school's week on a telephone without JavaScript: series, calling off, absence, substitute."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from e2e.running import chromium, running, sign_in_context
from rollbook.domain.attendance import SessionState
from web.school import Site, make_site, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def site(book: Path) -> Site:
    return make_site(book)


@pytest.fixture
def server(site: Site) -> Iterator[str]:
    with running(site.parts) as base:
        yield base


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


def phone(browser: Browser, server: str, site: Site, login: str) -> Page:
    context = browser.new_context(
        java_script_enabled=False, viewport={"width": 390, "height": 800}, base_url=server
    )
    sign_in_context(context, server, sign_in(site, login))
    return context.new_page()


def test_a_series_is_made_called_off_and_excused_without_javascript(
    site: Site, server: str, browser: Browser
) -> None:
    alice = phone(browser, server, site, "alice")
    alice.goto("/timetable")
    alice.get_by_role("link", name="Add a series").click()
    alice.get_by_label("Group").select_option("5b")
    alice.get_by_label("Title").fill("Physics")
    alice.get_by_label("Monday").check()
    alice.get_by_label("Start", exact=True).fill("11:00")
    alice.get_by_label("End", exact=True).fill("11:45")
    alice.get_by_label("Room").fill("Lab")
    alice.get_by_role("button", name="Add", exact=True).click()
    expect(alice.get_by_text("5 new")).to_be_visible()
    monday = alice.get_by_role("region", name="Monday")
    expect(monday.get_by_role("link", name="Physics")).to_be_visible()

    bob = phone(browser, server, site, "bob")
    bob.goto("/absences")
    bob.get_by_role("link", name="Tell an absence").first.click()
    bob.get_by_label("Ada Lovelace").check()
    bob.get_by_label("Last day").fill("2026-03-06")
    bob.get_by_role("button", name="Save").click()
    expect(bob.get_by_text("Noted for 1 person. 1 entry in sessions was excused.")).to_be_visible()
    bob.goto("/sessions")
    expect(bob.get_by_text("0 there, 2 expected, 1 excused")).to_be_visible()

    bob.get_by_role("link", name="Physics · 5b").click()
    bob.get_by_role("button", name="Call it off").click()
    expect(bob.get_by_text("This session was called off.")).to_be_visible()
    bob.get_by_role("button", name="Let it take place after all").click()
    expect(bob.get_by_text("It opens by itself")).to_be_visible()


def test_a_session_opens_and_waits_by_itself_while_the_server_runs(
    site: Site, server: str, browser: Browser
) -> None:
    """The clock of the server looks; the time of the site is what the test says."""
    bob = phone(browser, server, site, "bob")
    session = site.session.session_id
    site.clock.at = site.session.last_mark_at + timedelta(minutes=2)
    bob.goto(f"/sessions/{session}")
    for _ in range(60):
        with site.parts.uow() as uow:
            if uow.sessions.get(session).state is SessionState.NOT_TAKEN:
                break
        bob.wait_for_timeout(500)
    bob.reload()
    expect(bob.get_by_text("This session was not taken.")).to_be_visible()
