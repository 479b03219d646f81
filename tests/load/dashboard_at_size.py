"""How long the dashboard takes at size, in Chromium. Run:

    rollbook --home HOME demo --school --people 5000 --years 3
    python tests/load/dashboard_at_size.py HOME

It starts a server of its own for the home, opens the dashboard by its button with nothing in
memory, and then changes filters. The home gets an account of an administrator without a password.
"""

from __future__ import annotations

import secrets
import sys
import threading
import time
from datetime import timedelta
from pathlib import Path

import psutil
from playwright.sync_api import BrowserContext, Page, expect

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
        tell(what, time.perf_counter() - self._began, time.process_time() - self._worked)


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
            for option in ("Everything", "The last year", "The last four weeks"):
                changed(page, option)
        for name, sign in (
            ("Punctuality", "Arrivals against the start"),
            ("Comparison of groups", "Attendance of the groups"),
            ("People at risk", "Reasons"),
            ("Recognition", "Retries and refusals"),
            ("Heat map", "people by sessions"),
        ):
            page_by_link(page, name, sign)
        context.close()


if __name__ == "__main__":
    main()
