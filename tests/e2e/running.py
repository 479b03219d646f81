"""The server as `rollbook up` runs it, in a thread of the test, and Chromium to look at it."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

from rollbook.bootstrap import App
from rollbook.web.parts import WebOptions
from rollbook.web.server import ServerPlan, listen, serve

CHROMIUM = "/usr/bin/chromium"
HERE = "http://127.0.0.1:9/"  # where nobody listens
# Playwright's own list, which this replaces, and the look-ups that Chromium does for forms
NOT_NEEDED = (
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsUpgrades",
    "HttpsFirstBalancedModeAutoEnable",
    "LensOverlay",
    "MediaRouter",
    "PaintHolding",
    "ThirdPartyStoragePartitioning",
    "AvoidCorsURLLoaderRestartOnRedirect",
    "OptimizationHints",
    "NetworkTimeServiceQuerying",
    "AimEnabled",
    "PreconnectToSearch",
    "AutofillServerCommunication",
)
SWITCHES = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # what Chromium asks its makers by itself, whatever page is shown, is asked here instead
    f"--disable-features={','.join(NOT_NEEDED)}",
    "--dns-over-https-mode=off",
    f"--gaia-url={HERE}",
    f"--google-base-url={HERE}",
    f"--component-updater=url-source={HERE}",
    f"--apps-gallery-update-url={HERE}",
    "--host-resolver-rules=MAP redirector.gvt1.com 127.0.0.1",  # dictionaries to check spelling
)
LONG = 30  # seconds that a server may take to start or end


@contextmanager
def running(parts: App, options: WebOptions | None = None) -> Iterator[str]:
    """Serve an installation on a free port while the block runs; gives the address."""
    chosen = options or WebOptions(limits=False)
    sockets = listen(("127.0.0.1",), 0)
    port = sockets[0].getsockname()[1]
    plan = ServerPlan(("127.0.0.1",), port, chosen)
    stop, ready = threading.Event(), threading.Event()
    thread = threading.Thread(
        target=serve,
        args=(parts, plan, sockets, []),
        kwargs={"stop": stop.is_set, "started": ready.set},
    )
    thread.start()
    try:
        assert ready.wait(LONG), "the server did not start"
        yield f"http://127.0.0.1:{port}"
    finally:
        stop.set()
        thread.join(LONG)
        _forget_streamlit()


def _forget_streamlit() -> None:
    """Let a later server of this process have a Streamlit of its own."""
    known = sys.modules.get("streamlit.runtime.runtime")
    if known is not None:
        known.Runtime._instance = None


@contextmanager
def chromium(*switches: str) -> Iterator[Browser]:
    """Run Chromium while the block runs."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*SWITCHES, *switches])
        yield browser
        browser.close()


def sign_in_context(context: BrowserContext, base: str, token: str | None) -> None:
    """Give a browser the session of somebody."""
    if token is not None:
        context.add_cookies([{"name": "rollbook", "value": token, "url": base}])


class Complaints:
    """What the browser complains about on a page: errors of scripts, refused content."""

    def __init__(self, page: Page) -> None:
        self.found: list[str] = []
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.found.append(str(error)))

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.found.append(message.text)

    def taken(self) -> list[str]:
        """Return what was found since the last call."""
        found, self.found = self.found, []
        return found
