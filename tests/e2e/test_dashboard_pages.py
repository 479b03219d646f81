"""Every page of the dashboard in Chromium: axe-core, small screens, keyboard, words for charts."""

from __future__ import annotations

import csv
import io
import re
import shutil
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Download, Locator, Page, expect

from e2e.running import chromium, running, sign_in_context
from rollbook.domain.access import Role
from rollbook.domain.accounts import User
from rollbook.domain.subjects import new_id
from rollbook.services.demo_school import invent_school
from web.full_school import make_full_site
from web.school import Site, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.slow]

LONG = 30_000  # milliseconds; the first page waits for Streamlit to be imported
SERIOUS = {"serious", "critical"}
AXE: dict[str, Any] = {"resultTypes": ["violations"]}
INVENTED = "5a"  # the group that `invent_school` makes of so few people
PEOPLE = 25
PAGES = {
    "today": "Heute",
    "trends": "Verlauf",
    "heat-map": "Übersichtskarte",
    "punctuality": "Pünktlichkeit",
    "groups": "Gruppen im Vergleich",
    "at-risk": "Gefährdete Personen",
    "person": "Eine Person",
    "recognition": "Erkennung",
}
OWN = {"person": "My calendar", "trends": "Trends", "punctuality": "Punctuality"}
STOPS = 120  # of the Tab key on one page


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def school(blank_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Site:
    """Return the full school with a group of which a term is known; the server closes it."""
    book = Path(shutil.copytree(blank_home, tmp_path_factory.mktemp("dashboard") / "book"))
    made = make_full_site(book)
    parts = made.parts
    invent_school(parts.uow, parts.clock, people=PEOPLE, seed=4, zone=parts.zone)
    return made


@pytest.fixture(scope="module")
def base(school: Site) -> Iterator[str]:
    with running(school.parts) as address:
        yield address


def opened(browser: Browser, base: str, school: Site, login: str, **options: Any) -> Page:
    """Return a browser's page of the dashboard of somebody."""
    context = browser.new_context(accept_downloads=True, **options)
    context.set_default_timeout(LONG)
    sign_in_context(context, base, sign_in(school, login))
    page = context.new_page()
    page.goto(f"{base}/visualize")  # presses the button by itself
    expect(page.get_by_role("heading", level=1)).to_be_visible(timeout=LONG)
    return page


def go(page: Page, base: str, path: str, name: str, query: str = "period=all") -> None:
    page.goto(f"{base}/dashboard/{path}?{query}")
    expect(page.get_by_role("heading", name=name, level=1)).to_be_visible(timeout=LONG)
    settle(page)


def settle(page: Page) -> None:
    """Wait until the script has come to its end and all charts are drawn."""
    expect(page.get_by_test_id("stStatusWidget")).to_have_count(0, timeout=LONG)
    expect(page.get_by_test_id("stSpinner")).to_have_count(0, timeout=LONG)
    expect(page.get_by_test_id("stSkeleton")).to_have_count(0, timeout=LONG)


def of_page(school: Site, path: str) -> str:
    """Return an address's query with which the page has something to show."""
    return f"period=all&person={school.ada.subject_id}" if path == "person" else "period=all"


@pytest.mark.parametrize(("login", "width"), [("alice", 1280), ("alice", 390), ("ada", 390)])
def test_nothing_serious_on_any_page(
    school: Site, base: str, browser: Browser, login: str, width: int
) -> None:
    """Of what axe-core calls serious, Streamlit's own parts have nothing either, as they stand."""
    language, pages = ("en", OWN) if login == "ada" else ("de", PAGES)
    size = {"width": width, "height": 900}
    page = opened(browser, base, school, login, locale=language, viewport=size)
    wrong = []
    for path, name in pages.items():
        go(page, base, path, name, of_page(school, path))
        wrong += [f"{path}: {problem}" for problem in _problems(page, language, name)]
    if width == 390:
        page.get_by_test_id("stExpandSidebarButton").click()
        expect(page.get_by_role("combobox").first).to_be_visible()
        wrong += [f"fields: {problem}" for problem in _axe(page, "light")]
    page.context.close()
    assert not wrong, "\n".join(wrong)


def test_nothing_serious_in_days_of_ones_choice(school: Site, base: str, browser: Browser) -> None:
    page = opened(browser, base, school, "alice", locale="en-GB")
    go(page, base, "trends", "Trends", "period=own&from=2026-01-12&to=2026-03-01")
    expect(page.get_by_test_id("stDateInput")).to_have_count(2)
    expect(page.get_by_test_id("stSidebar")).not_to_contain_text("required")
    wrong = list(_axe(page, "light"))
    page.context.close()
    assert not wrong, "\n".join(wrong)


def _problems(page: Page, language: str, name: str) -> Iterator[str]:
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        settle(page)
        yield from _axe(page, scheme)
    page.emulate_media(color_scheme="light")
    if page.evaluate(_SIDEWAYS):
        yield "scrolls sideways"
    if page.evaluate("document.documentElement.lang") != language:
        yield "names another language"
    if page.title() != f"{name} – Rollbook":
        yield f"is called {page.title()}"
    levels = page.evaluate(_LEVELS)
    if levels[0] != 1 or any(after > before + 1 for before, after in pairwise(levels)):
        yield f"has headings of levels {levels}"
    charts = page.get_by_test_id("stVegaLiteChart")
    for place in range(charts.count()):
        if len(charts.nth(place).get_attribute("aria-label") or "") < len(name):
            yield f"chart {place} is not told in words"
    files = page.get_by_test_id("stDownloadButton").count()
    if files < charts.count():
        yield f"offers {files} files for {charts.count()} charts"


def _axe(page: Page, scheme: str) -> Iterator[str]:
    for found in Axe().run(page, options=AXE).response["violations"]:
        if found["impact"] in SERIOUS:
            for node in found["nodes"][:3]:
                yield f"{scheme} {found['id']}: {node['html'][:160]} {node['failureSummary'][:200]}"


_SIDEWAYS = """[document.documentElement, document.querySelector("[data-testid=stMain]")]
  .some(e => e.scrollWidth > Math.min(e.clientWidth, innerWidth))"""
_LEVELS = """[...document.querySelectorAll("h1, h2, h3, h4, h5, h6")]
  .filter(e => e.checkVisibility()).map(e => Number(e.tagName[1]))"""


def test_everything_is_reached_by_tab(school: Site, base: str, browser: Browser) -> None:
    """Links, fields and files; of choices that arrows lead through, one."""
    page = opened(browser, base, school, "alice", locale="de")
    wrong = []
    for path, name in PAGES.items():
        go(page, base, path, name, of_page(school, path))
        wrong += [f"{path}: {one} is not reached" for one in _not_reached(page)]
    page.context.close()
    assert not wrong, "\n".join(wrong)


def _not_reached(page: Page) -> list[str]:
    waiting = set(page.evaluate(_REACHABLE))
    assert len(waiting) > len(PAGES)
    page.evaluate("document.body.tabIndex = -1; document.body.focus()")
    for _ in range(STOPS):
        page.keyboard.press("Tab")
        waiting.discard(page.evaluate(f"({_NAME})(document.activeElement)"))
        if not waiting:
            break
    return sorted(waiting)


_NAME = """e => e.tagName + " " + (e.getAttribute("aria-label") ?? e.innerText ?? "")
  .slice(0, 80) + " " + (e.href ?? "")"""
# a group of radio buttons is one stop; the button that hides the fields appears under a pointer
_REACHABLE = f"""() => [...document.querySelectorAll(
    "[data-testid=stSidebarNavLink], input, [data-testid=stDownloadButton] button")]
  .filter(e => e.checkVisibility()).map({_NAME})"""


def test_everything_works_by_keyboard(school: Site, base: str, browser: Browser) -> None:
    page = opened(browser, base, school, "alice", locale="en-GB")
    _press(page.get_by_role("link", name="Trends"), "Enter")
    expect(page.get_by_role("heading", name="Trends", level=1)).to_be_visible(timeout=LONG)
    days = page.get_by_role("combobox", name="Days")
    days.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.type("Everything")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("period=all"))
    groups = page.get_by_role("combobox", name="Groups")
    groups.focus()
    page.keyboard.type(INVENTED)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("group=[0-9a-f]{32}"))
    page.keyboard.press("Escape")
    week = page.get_by_role("radio", name="Week")
    week.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    expect(page).to_have_url(re.compile("step=month"))
    line = page.get_by_role("slider")
    _press(line, "ArrowLeft")
    expect(page).to_have_url(re.compile("line=84"))
    settle(page)
    months = _rows(_taken(page, page.get_by_role("button", name="Data as CSV").first))
    assert [row["Days"][8:] for row in months] == ["01"] * len(months)
    page.context.close()


def _press(place: Locator, key: str) -> None:
    place.focus()
    place.press(key)


def _taken(page: Page, button: Locator) -> Download:
    with page.expect_download() as download:
        _press(button, "Enter")
    return download.value


def _rows(download: Download) -> list[dict[str, str]]:
    text = Path(download.path()).read_text(encoding="utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def test_numbers_and_days_are_written_in_the_language(
    school: Site, base: str, browser: Browser
) -> None:
    """Also where the browser's clock is far from the site's: a day is the site's day."""
    page = opened(browser, base, school, "alice", locale="de", timezone_id="America/Los_Angeles")
    go(page, base, "trends", "Verlauf", f"period=all&group={_group(school)}")
    expect(page.get_by_test_id("stMetricValue")).to_have_text(re.compile(r"^\d+,\d %$"))
    first = _rows(_taken(page, page.get_by_role("button", name="Daten als CSV").first))[0]["Tage"]
    year, month, day = first.split("-")
    expect(page.get_by_test_id("stVegaLiteChart").first).to_contain_text(f"{day}.{month}.{year}")
    go(page, base, "at-risk", "Gefährdete Personen")
    expect(page.get_by_test_id("stTable")).to_contain_text(re.compile(r"\d,\d"))
    page.context.close()


def _group(school: Site) -> str:
    with school.parts.uow() as uow:
        return next(one.group_id for one in uow.groups.all() if one.name == INVENTED)


def test_an_address_of_a_page_that_one_has_not_leads_to_the_own_first_page(
    school: Site, base: str, browser: Browser
) -> None:
    page = opened(browser, base, school, "ada", locale="en")
    for path in ("today", "at-risk", "person"):
        go(page, base, path, "My calendar")
        expect(page.get_by_text("Page not found")).to_have_count(0)
    page.context.close()


def test_a_page_with_nothing_on_it_says_so(school: Site, base: str, browser: Browser) -> None:
    empty = school.parts.groups.add("9z", "administrator a")
    page = opened(browser, base, school, "alice", locale="de")
    wrong = []
    for path, name in PAGES.items():
        go(page, base, path, name, f"group={empty.group_id}")
        if path != "person":  # of whom there is none to choose
            expect(page.get_by_test_id("stAlert").first).to_be_visible()
        if page.get_by_test_id("stVegaLiteChart").count():
            wrong.append(f"{path}: draws nothing")
        wrong += [f"{path}: {problem}" for problem in _axe(page, "light")]
    page.context.close()
    assert not wrong, "\n".join(wrong)


def test_who_has_no_groups_is_told_whom_to_ask(school: Site, base: str, browser: Browser) -> None:
    dave = User(new_id(), "dave", Role.FACULTY, new_id(), "Dave")
    school.users["dave"] = dave
    with school.parts.uow() as uow:
        uow.users.add(dave)
        uow.commit()
    page = opened(browser, base, school, "dave", locale="de")
    for path, name in PAGES.items():
        go(page, base, path, name)
        expect(page.get_by_text("Sie haben noch keine Gruppen")).to_be_visible()
    wrong = list(_axe(page, "light"))
    page.context.close()
    assert not wrong, "\n".join(wrong)
