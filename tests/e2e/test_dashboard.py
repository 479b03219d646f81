"""From the button to the dashboard in Chromium: filters, files, and who sees nothing."""

from __future__ import annotations

import csv
import io
import re
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from e2e.running import chromium, running, sign_in_context
from rollbook.dashboard import frame
from rollbook.domain.attendance import Method
from web.school import Site, make_site, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.slow]

LONG = 30_000  # milliseconds; the first page waits for Streamlit to be imported


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def school(blank_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Site:
    """Return a school of which 5b's lesson is over; the server closes it."""
    book = Path(shutil.copytree(blank_home, tmp_path_factory.mktemp("dash") / "book"))
    made = make_site(book)
    ada, alan, _grace = made.people
    register, session = made.parts.register, made.session
    for person, minutes in ((ada, 2), (alan, 15)):
        made.clock.at = session.starts_at + timedelta(minutes=minutes)
        register.sight(session.session_id, person.subject_id, made.clock.at, Method.QR)
    made.clock.at = session.ends_at + timedelta(minutes=20)
    register.close_session(session.session_id)
    return made


@pytest.fixture(scope="module")
def base(school: Site) -> Iterator[str]:
    """Serve the school. Streamlit can be started once in a process, so all tests share it."""
    with running(school.parts) as address:
        yield address


def context_of(browser: Browser, base: str, school: Site, login: str | None) -> BrowserContext:
    context = browser.new_context(locale="en-GB", accept_downloads=True)
    sign_in_context(context, base, sign_in(school, login) if login else None)
    context.set_default_timeout(LONG)
    return context


def by_the_button(context: BrowserContext, base: str) -> Page:
    """Press the button in the head of a page; return what opens."""
    page = context.new_page()
    page.goto(base)
    with context.expect_page() as opened:
        page.get_by_role("button", name="Visualize Attendance").click()
    found: Page = opened.value
    expect(found.get_by_role("heading", level=1)).to_be_visible(timeout=LONG)
    return found


def go_to(page: Page, name: str) -> None:
    page.get_by_test_id("stSidebarNav").get_by_role("link", name=name).click()
    expect(page.get_by_role("heading", name=name, level=1)).to_be_visible(timeout=LONG)


def figure(page: Page, label: str) -> str:
    shown = page.get_by_test_id("stMetric").filter(has_text=label)
    expect(shown).to_be_visible(timeout=LONG)
    return shown.get_by_test_id("stMetricValue").inner_text()


def rows_of(page: Page) -> list[dict[str, str]]:
    """Download the data of the page's first chart."""
    with page.expect_download() as download:
        page.get_by_role("button", name="Data as CSV").first.click()
    text = Path(download.value.path()).read_text(encoding="utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def choose(page: Page, field: str, option: str) -> None:
    page.get_by_role("combobox", name=field).click()
    page.get_by_role("option", name=option).click()


def test_from_the_button_to_filters_files_and_the_end(
    browser: Browser, base: str, school: Site
) -> None:
    context = context_of(browser, base, school, "bob")
    asked: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    page = by_the_button(context, base)
    assert "ticket" not in page.url
    assert (figure(page, "There"), figure(page, "of them late")) == ("2", "1")
    assert (figure(page, "Missing"), figure(page, "Attendance")) == ("1", "66.7 %")
    go_to(page, "Trends")
    choose(page, "Days", "The last thirteen weeks")
    expect(page).to_have_url(re.compile("period=13w"))
    page.reload()
    days = page.get_by_role("combobox", name="Days")
    expect(days).to_have_value("The last thirteen weeks", timeout=LONG)
    assert figure(page, "Attendance over all") == "66.7 %"
    (row,) = rows_of(page)
    assert row == {
        "Days": "2026-03-02",
        "Attendance (%)": "66.7",
        "attended": "2",
        "counted": "3",
    }
    assert picture_of(page).startswith(b"\x89PNG")
    outside = [url for url in asked if not url.startswith((base, "data:", "blob:"))]
    assert outside == []
    sign_out(context, base)
    expect(page.get_by_role("heading", name="You are signed out")).to_be_visible(
        timeout=(frame.CHECK_EVERY + 10) * 1000
    )
    expect(page.get_by_test_id("stMetric")).to_have_count(0)
    expect(page.get_by_role("link", name="To the first page")).to_have_attribute("href", "/")
    expect(page.get_by_text("Failed to fetch")).to_have_count(0)
    page.reload()
    expect(page).to_have_url(re.compile("/login"))
    context.close()


def picture_of(page: Page) -> bytes:
    """Take a picture by the keyboard: under a pointer the button goes when the page moves."""
    with page.expect_download() as download:
        page.get_by_role("button", name="Download as PNG").first.press("Enter")
    return Path(download.value.path()).read_bytes()


def sign_out(context: BrowserContext, base: str) -> None:
    other = context.new_page()
    other.goto(base)
    other.locator("details.menu summary").click()
    other.get_by_role("button", name="Sign out").click()
    expect(other).to_have_url(re.compile("/login"))


def test_another_browser_is_led_through_signing_in_and_back(
    browser: Browser, base: str, school: Site
) -> None:
    page = context_of(browser, base, school, None).new_page()
    page.goto(f"{base}/dashboard/trends?period=13w")
    expect(page.get_by_label("Password")).to_be_visible()
    assert "Attendance over all" not in page.content()
    page.context.add_cookies([{"name": "rollbook", "value": sign_in(school, "alice"), "url": base}])
    page.reload()  # as if the right password had been typed
    assert figure(page, "Attendance over all") == "66.7 %"
    assert parse_qs(urlsplit(page.url).query) == {"period": ["13w"]}
    page.context.close()


def slid(page: Page, name: str, key: str) -> None:
    """Move a slider by a key and wait until the address says so."""
    before = page.url
    page.get_by_role("slider", name=name).press(key)
    page.wait_for_url(lambda url: url != before)


def sliders(page: Page) -> dict[str, str]:
    """Return what the sliders of the page say, once it is there."""
    shown = page.get_by_role("slider")
    expect(shown.first).to_be_visible(timeout=LONG)
    return {one.get_attribute("aria-label") or "": one.input_value() for one in shown.all()}


def at(page: Page, address: str) -> None:
    expect(page).to_have_url(address, timeout=LONG)


def test_filters_stay_when_a_page_is_reloaded_gone_back_to_and_shared(
    browser: Browser, base: str, school: Site
) -> None:
    below, row = "Attendance below (%)", "Absences in a row"
    page = by_the_button(context_of(browser, base, school, "alice"), base)
    go_to(page, "Trends")
    choose(page, "Days", "The last thirteen weeks")
    at(page, f"{base}/dashboard/trends?period=13w")
    go_to(page, "People at risk")
    at(page, f"{base}/dashboard/at-risk?period=13w")
    slid(page, below, "ArrowLeft")
    slid(page, row, "ArrowLeft")
    shared = f"{base}/dashboard/at-risk?period=13w&below=84&row=2"
    at(page, shared)
    page.reload()
    assert sliders(page) | {below: "84", row: "2"} == sliders(page)
    page.go_back()
    expect(page.get_by_role("slider", name=row)).to_have_value("3", timeout=LONG)
    assert sliders(page)[below] == "84"
    at(page, f"{base}/dashboard/at-risk?period=13w&below=84")
    page.go_forward()
    expect(page.get_by_role("slider", name=row)).to_have_value("2", timeout=LONG)
    go_to(page, "Comparison of groups")
    at(page, f"{base}/dashboard/groups?period=13w")
    page.context.close()
    other = context_of(browser, base, school, None).new_page()
    other.goto(f"{shared}&group=nobody")
    expect(other.get_by_label("Password")).to_be_visible()
    other.context.add_cookies([{"name": "rollbook", "value": sign_in(school, "bob"), "url": base}])
    other.reload()  # as if the right password had been typed
    assert sliders(other) | {below: "84", row: "2"} == sliders(other)
    expect(other.get_by_text("Something in this address is not known here")).to_be_visible()
    expect(other.get_by_role("combobox", name="Days")).to_have_value("The last thirteen weeks")
    at(other, shared)
    other.context.close()


def test_a_used_ticket_is_refused(browser: Browser, base: str, school: Site) -> None:
    context = context_of(browser, base, school, "bob")
    tickets: list[str] = []
    context.on("request", lambda one: tickets.append(one.url) if "ticket=" in one.url else None)
    by_the_button(context, base)
    context.clear_cookies(name="rollbook-dashboard")
    again = context.new_page()
    again.goto(tickets[0])
    expect(again.get_by_text("This way into the dashboard was used already")).to_be_visible()
    assert all(cookie["name"] != "rollbook-dashboard" for cookie in context.cookies())
    context.close()


def test_who_teaches_another_group_sees_nothing_of_this_one(
    browser: Browser, base: str, school: Site
) -> None:
    context = context_of(browser, base, school, "charlie")
    page = by_the_button(context, base)
    own = school.group.group_id
    for path in ("", "trends", "heat-map", "groups", "at-risk", "person", "recognition"):
        person = school.ada.subject_id
        page.goto(f"{base}/dashboard/{path}?period=13w&group={own}&person={person}")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        expect(page.get_by_test_id("stStatusWidget")).to_have_count(0, timeout=LONG)
        text = page.inner_text("body")
        assert "Ada" not in text and "5b" not in text and "66.7" not in text, path
    context.close()


def test_a_person_sees_the_own_record_alone(browser: Browser, base: str, school: Site) -> None:
    context = context_of(browser, base, school, "ada")
    page = by_the_button(context, base)
    expect(page.get_by_role("heading", name="My calendar")).to_be_visible()
    assert (figure(page, "Sessions"), figure(page, "Attendance")) == ("1", "100 %")
    links = page.get_by_test_id("stSidebarNav").get_by_role("link")
    shown = [text.split("\n")[-1] for text in links.all_inner_texts()]  # after the icon's name
    assert shown == ["My calendar", "Trends", "Punctuality"]
    page.goto(f"{base}/dashboard/person?person={school.people[1].subject_id}")
    assert figure(page, "Attendance") == "100 %"
    context.close()
