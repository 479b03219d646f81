"""How long the dashboard takes at size, in Chromium. Run:

    rollbook --home HOME demo --school --people 5000 --years 3
    python tests/load/dashboard_at_size.py HOME

It starts a server of its own for the home, opens the dashboard by its button with nothing in
memory, and then changes filters, other days from four weeks to three years and all else with three
years, and prints the medians. The home gets an account of an administrator without a password.
"""

from __future__ import annotations

import secrets
import statistics
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import psutil
from playwright.sync_api import BrowserContext, Locator, Page, expect

sys.path.insert(0, str(Path(__file__).parents[1]))

from e2e.running import chromium, running
from rollbook.bootstrap import App, build
from rollbook.domain.access import Role
from rollbook.domain.accounts import User, WebSession
from rollbook.domain.subjects import new_id
from rollbook.settings import Settings
from rollbook.web.identity import USER

LONG = 120_000  # milliseconds
LOGIN = "measuring"
CHANGES = 3  # times that each filter is changed
EVERYTHING = "Everything"  # all days that there are
taken: defaultdict[str, list[tuple[float, float]]] = defaultdict(list)  # what -> clock, processor


def token_of(app: App) -> str:
    """Return the token of a signed-in administrator."""
    now, token = app.clock.now(), secrets.token_urlsafe(32)
    with app.uow() as uow:
        user = uow.users.by_login(LOGIN)
        if user is None:
            user = User(new_id(), LOGIN, Role.ADMINISTRATOR, secrets.token_hex(16), LOGIN)
            uow.users.add(user)
        data: dict[str, object] = {USER: user.uniquifier, "_fresh": True, "fs_paa": now.timestamp()}
        session = WebSession(token, user.user_id, now, now + timedelta(hours=10), data)
        uow.web_sessions.put(session)
        uow.commit()
    return token


def settled(page: Page) -> None:
    """Wait until the script of the page has come to its end and all is drawn."""
    expect(page.get_by_test_id("stStatusWidget")).to_have_count(0, timeout=LONG)
    expect(page.get_by_test_id("stSpinner")).to_have_count(0, timeout=LONG)


class Watch:
    """Measures time on the clock, and that of the processor in the server's process."""

    def __init__(self) -> None:
        self._began, self._worked = time.perf_counter(), time.process_time()

    def tell(self, what: str) -> None:
        seconds, worked = time.perf_counter() - self._began, time.process_time() - self._worked
        taken[what].append((seconds, worked))
        tell(what, seconds, worked)


def tell(what: str, seconds: float, worked: float) -> None:
    memory = psutil.Process().memory_info().rss / 2**20
    load = psutil.getloadavg()[0]
    print(
        f"{what:50} {seconds:6.2f} s  processor {worked:6.2f} s  {memory:5.0f} MiB load {load:.0f}",
        flush=True,
    )


def opened(context: BrowserContext, address: str) -> Page:
    """Press the button and wait for the first page of the dashboard."""
    page = context.new_page()
    page.goto(address)
    watch = Watch()
    with context.expect_page() as popup:
        page.get_by_role("button", name="Visualize Attendance").click()
    found: Page = popup.value
    expect(found.get_by_role("heading", name="Today")).to_be_visible(timeout=LONG)
    settled(found)
    watch.tell("click to first page")
    page.close()
    return found


def page_by_link(page: Page, name: str, sign: str) -> None:
    watch = Watch()
    page.get_by_test_id("stSidebarNav").get_by_role("link", name=name).click()
    expect(page.get_by_role("heading", name=sign).first).to_be_visible(timeout=LONG)
    settled(page)
    watch.tell(f"page {name}")


def value(page: Page) -> str:
    return page.get_by_test_id("stMetricValue").first.inner_text()


def changed(page: Page, option: str) -> None:
    """Choose other days, and wait until another number is shown."""
    page.get_by_role("combobox", name="Days").click()
    before = value(page)
    wanted = page.get_by_role("option", name=option, exact=True)
    expect(wanted).to_be_visible()
    watch = Watch()
    wanted.click()
    shown = page.get_by_test_id("stMetricValue").first
    expect(shown).not_to_have_text(before, timeout=LONG)
    watch.tell(f"other days: {option}")
    settled(page)
    watch.tell(f"  … and everything drawn: {option}")


def filtered(page: Page, what: str, change: Callable[[], None]) -> None:
    """Change a filter and wait for its value in the address, which comes after all figures."""
    before, watch = page.url, Watch()
    change()
    page.wait_for_url(lambda url: url != before, timeout=LONG)
    watch.tell(what)
    settled(page)
    watch.tell(f"  … and everything drawn: {what}")


def option(page: Page, field: str, place: int) -> Locator:
    """Open a field of choices and return the one at this place."""
    page.get_by_role("combobox", name=field, exact=True).click()
    found = page.get_by_role("option").nth(place)
    expect(found).to_be_visible(timeout=LONG)
    return found


def chosen(page: Page, field: str, place: int) -> None:
    wanted = option(page, field, place)
    filtered(page, f"{field} ({title(page)})", wanted.click)
    page.keyboard.press("Escape")  # a field of many choices stays open


def slid(page: Page, name: str) -> None:
    """Move a slider one step down and up again."""
    slider = page.get_by_role("slider", name=name)
    for key in ("ArrowLeft", "ArrowRight"):
        slider.focus()
        filtered(page, name, lambda key=key: slider.press(key))  # type: ignore[misc]


def pressed(page: Page, name: str) -> None:
    wanted = page.get_by_role("radio", name=name, exact=True)
    filtered(page, f"{name} ({title(page)})", wanted.click)


def title(page: Page) -> str:
    return urlsplit(page.url).path.rsplit("/", 1)[-1]


def other_filters(page: Page, address: str) -> None:
    """Change what is not days, with all days that there are."""
    for path in ("trends", "punctuality", "at-risk", "groups", "heat-map", "recognition", "person"):
        page.goto(f"{address}/dashboard/{path}?period=all")
        expect(page.get_by_role("heading", level=1)).to_be_visible(timeout=LONG)
        expect(page.get_by_role("combobox", name="Groups")).to_be_visible(timeout=LONG)
        settled(page)
        for time_ in range(CHANGES):
            if path == "trends":
                for step in ("Day", "Month", "Term", "Week"):
                    pressed(page, step)
                slid(page, "Line that attendance should not fall below (%)")
            elif path == "punctuality":
                for width in ("1 min", "10 min", "5 min"):
                    pressed(page, width)
            elif path == "at-risk":
                for name in ("Attendance below (%)", "Absences in a row"):
                    slid(page, name)
                slid(page, "Fall against before (points)")
            elif path == "heat-map":
                chosen(page, "Group", 1 + time_)
        for _time in range(CHANGES):  # several groups together
            chosen(page, "Groups", 1)  # behind all of them, the next of those that are left
        if path == "person":
            for time_ in range(CHANGES):
                chosen(page, "Person", time_)


def medians() -> None:
    print("\nmedians: clock, processor, slowest on the clock, how many")
    for what, found in taken.items():
        clock, processor = zip(*found, strict=True)
        told = f"{statistics.median(clock):6.2f} s {statistics.median(processor):6.2f} s"
        print(f"{what:70} {told} {max(clock):6.2f} s {len(found):3}")


def main() -> None:
    app = build(Settings(home=Path(sys.argv[1])))
    token = token_of(app)
    with running(app) as address, chromium() as browser:
        context = browser.new_context(locale="en-GB", viewport={"width": 1280, "height": 900})
        context.add_cookies([{"name": "rollbook", "value": token, "url": address}])
        print(f"{threading.active_count()} threads", flush=True)
        page = opened(context, address)  # Streamlit is imported by this click
        app.__dict__.pop("live_facts", None)  # an empty cache, with the process up
        page.goto("about:blank")
        watch = Watch()
        page.goto(f"{address}/dashboard/trends")
        expect(page.get_by_test_id("stMetricValue").first).to_be_visible(timeout=LONG)
        settled(page)
        watch.tell("first page with figures, empty cache")
        for _time in range(CHANGES):
            for option in (EVERYTHING, "The last year", "The last four weeks"):
                changed(page, option)
        for name, sign in (
            ("Punctuality", "Arrivals against the start"),
            ("Comparison of groups", "Attendance of the groups"),
            ("People at risk", "Reasons"),
            ("Recognition", "Refusals and retries"),
            ("Heat map", "people by sessions"),
        ):
            page_by_link(page, name, sign)
        other_filters(page, address)
        context.close()
    medians()


if __name__ == "__main__":
    main()
