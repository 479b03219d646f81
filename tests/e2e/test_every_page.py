"""Every page of every role in Chromium: axe-core, small screens, keyboard, and no complaints."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from e2e.running import Complaints, chromium, running, sign_in_context
from rollbook.bootstrap import build
from rollbook.services.devices import DevicePlan, Paired
from rollbook.settings import Settings
from rollbook.web.app import create_app
from rollbook.web.kiosk.cookie import cookie_name
from rollbook.web.parts import WebOptions
from web.full_school import make_full_site
from web.pages import ROLES, addresses
from web.school import Site, colour_engine, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.slow]

OPTIONS = WebOptions(limits=False, pseudo=True)
AXE: dict[str, Any] = {"resultTypes": ["violations"]}
COLOURS = {**AXE, "runOnly": ["color-contrast"]}
SERIOUS = {"serious", "critical"}
LEAST = 24  # pixels that a target is wide and high


@pytest.fixture(scope="module")
def school(blank_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    home = Path(shutil.copytree(blank_home, tmp_path_factory.mktemp("every") / "home"))
    yield make_full_site(home)  # the server closes it


@pytest.fixture(scope="module")
def server(school: Site) -> Iterator[str]:
    with running(school.parts, OPTIONS) as base:
        yield base


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


def pages_of(school: Site, login: str | None) -> list[str]:
    """Return the addresses that are pages for people, of which axe can say something."""
    app = create_app(school.parts, OPTIONS)
    client = app.test_client()
    if login is not None:
        client.set_cookie("rollbook", sign_in(school, login))
    found = []
    for address in addresses(app, school, login):
        if address.startswith("/visualize"):  # leads into the dashboard by itself; test_dashboard
            continue
        answer = client.get(address)
        if answer.status_code == 200 and answer.mimetype == "text/html":
            found.append(address)
    return found


def open_page(browser: Browser, server: str, token: str | None, **options: Any) -> Page:
    context = browser.new_context(**options)
    sign_in_context(context, server, token)
    return context.new_page()


@pytest.mark.parametrize("login", ROLES, ids=str)
@pytest.mark.parametrize(
    ("language", "width"), [("de", 1280), ("he", 390)], ids=["wide", "phone-rtl"]
)
def test_nothing_serious_on_any_page(
    school: Site, server: str, browser: Browser, login: str | None, language: str, width: int
) -> None:
    token = sign_in(school, login) if login else None
    page = open_page(
        browser, server, token, locale=language, viewport={"width": width, "height": 800}
    )
    complaints, wrong = Complaints(page), []
    for address in pages_of(school, login):
        page.goto(server + address, wait_until="load")
        wrong += [f"{address} {problem}" for problem in _problems(page, language)]
        wrong += [f"{address} complains: {text}" for text in complaints.taken()]
    page.context.close()
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_serious_on_a_kiosk(
    school: Site, server: str, browser: Browser, width: int
) -> None:
    """This browser has no camera, which the page has to say."""
    pairing = school.parts.devices.add(DevicePlan("Door"), "administrator 0")
    paired = school.parts.devices.pair(pairing.code, place="here")
    assert isinstance(paired, Paired)
    page = open_page(browser, server, None, locale="de", viewport={"width": width, "height": 800})
    cookie = {"name": cookie_name(OPTIONS), "value": paired.key, "url": server}
    page.context.add_cookies([cookie])
    complaints = Complaints(page)
    page.goto(f"{server}/kiosk")
    choice = page.locator("#choices button", has_text="5b")
    expect(choice).to_be_visible()
    wrong = [*_problems(page, "de")]
    choice.click()
    expect(page.locator("#session")).to_contain_text("5b")
    wrong += _problems(page, "de")
    page.locator("#by-pin").click()
    wrong += [*_problems(page, "de"), *complaints.taken()]
    page.context.close()
    assert not wrong, "\n".join(wrong)


def test_nothing_serious_before_the_set_up(
    blank_home: Path, tmp_path: Path, browser: Browser
) -> None:
    home = Path(shutil.copytree(blank_home, tmp_path / "fresh"))
    with running(build(Settings(home=home), engine=colour_engine()), OPTIONS) as base:
        page = open_page(browser, base, None, locale="he", viewport={"width": 390, "height": 800})
        complaints = Complaints(page)
        page.goto(base)
        assert page.url.startswith(f"{base}/setup")
        wrong = [*_problems(page, "he"), *complaints.taken()]
        page.context.close()
    assert not wrong, "\n".join(wrong)


def _problems(page: Page, language: str) -> Iterator[str]:
    page.emulate_media(color_scheme="light")
    yield from _axe(page, AXE, "light")
    page.emulate_media(color_scheme="dark")
    yield from _axe(page, COLOURS, "dark")
    if page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
        yield "scrolls sideways"
    direction = page.evaluate("document.documentElement.dir")
    if direction != ("rtl" if language == "he" else "ltr"):
        yield f"runs {direction}"
    for small in page.evaluate(_SMALL, LEAST):
        yield f"small target: {small}"


def _axe(page: Page, options: dict[str, Any], scheme: str) -> Iterator[str]:
    for found in Axe().run(page, options=options).response["violations"]:
        if found["impact"] in SERIOUS:
            for node in found["nodes"][:3]:
                yield f"{scheme} {found['id']}: {node['html'][:160]} {node['failureSummary'][:200]}"


_SMALL = """least => [...document.querySelectorAll("a.button, button, summary, input, select")]
  .filter(e => e.type !== "hidden" && e.checkVisibility() && !e.closest(".visually-hidden"))
  .filter(e => { const b = (e.closest("label") ?? e).getBoundingClientRect();
                 return b.width && (b.width < least || b.height < least); })
  .map(e => e.outerHTML.slice(0, 120))"""


@pytest.mark.parametrize("login", ROLES, ids=str)
def test_everything_is_reached_by_tab_and_seen(
    school: Site, server: str, browser: Browser, login: str | None
) -> None:
    token = sign_in(school, login) if login else None
    page = open_page(browser, server, token, locale="en")
    wrong = []
    for address in pages_of(school, login):
        page.goto(server + address, wait_until="load")
        wrong += [f"{address} {problem}" for problem in _by_keyboard(page)]
    page.context.close()
    assert not wrong, "\n".join(wrong)


# what a page shows anew while it is walked through stays the same for these
_NAMED = """const named = e => e.outerHTML.slice(0, 200).replace(/ (open|value)="[^"]*"/g, "");"""
_REACHABLE = (
    "() => {"
    + _NAMED
    + """return [...document.querySelectorAll(
    "a[href], button, input, select, textarea, summary, [tabindex='0']")]
  .filter(e => e.type !== "hidden" && !e.disabled && e.tabIndex >= 0 && e.checkVisibility())
  .filter(e => !(e.closest("details:not([open])") && e.tagName !== "SUMMARY"))
  .filter(e => e.type !== "radio").map(named); }"""
)
_FOCUSED = (
    "() => {"
    + _NAMED
    + """const e = document.activeElement;
  if (!e || e === document.body) return null;
  const box = e.getBoundingClientRect(), style = getComputedStyle(e);
  const outlined = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
  return [named(e), outlined && box.width > 0 && box.height > 0]; }"""
)
MOST = 600  # stops of the Tab key on one page


def _by_keyboard(page: Page) -> Iterator[str]:
    waiting = set(page.evaluate(_REACHABLE))
    page.evaluate("document.body.tabIndex = -1; document.body.focus()")  # also past autofocus
    for _ in range(MOST):
        page.keyboard.press("Tab")
        focused = page.evaluate(_FOCUSED)
        if focused is None:
            break
        name, seen = focused
        waiting.discard(name)
        if not seen:
            yield f"focus not seen: {name}"
    yield from (f"not reached: {name}" for name in sorted(waiting))


def test_the_skip_link_leads_past_the_head(school: Site, server: str, browser: Browser) -> None:
    page = open_page(browser, server, sign_in(school, "alice"), locale="en")
    page.goto(f"{server}/people")
    page.keyboard.press("Tab")
    assert "skip" in page.evaluate("document.activeElement.className")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.context.close()


def test_the_menu_opens_and_closes_by_keyboard(school: Site, server: str, browser: Browser) -> None:
    page = open_page(browser, server, sign_in(school, "alice"), locale="en")
    page.goto(f"{server}/people")
    menu = page.locator("details.menu").first
    menu.locator("summary").focus()
    page.keyboard.press("Enter")
    assert menu.get_attribute("open") is not None
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('.menu-body') !== null")
    page.keyboard.press("Escape")
    assert menu.get_attribute("open") is None
    assert page.evaluate("document.activeElement.tagName") == "SUMMARY"
    page.context.close()


def test_a_page_in_another_language_says_so(school: Site, server: str, browser: Browser) -> None:
    page = open_page(browser, server, sign_in(school, "alice"), locale="de")
    page.goto(f"{server}/people")
    assert page.evaluate("document.documentElement.lang") == "de"
    assert re.search("Personen", page.content())
    page.context.close()
