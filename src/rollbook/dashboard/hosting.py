"""What the dashboard stands in: the installation, and who looks.

Streamlit runs the script anew at every click, in threads of one process; what lasts is here.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rollbook.bootstrap import App
from rollbook.domain.access import Actor

log = logging.getLogger(__name__)

CHECKED = "who was let in"  # in the state of one browser's page
SCRIPT = Path(__file__).with_name("page.py")
OPTIONS = {
    "browser.gatherUsageStats": False,
    "client.allowedOrigins": [],  # no other page steers this one
    "client.disableDataExport": True,  # files are made here: guarded, and noted in the register
    "client.showErrorDetails": "none",
    "client.toolbarMode": "viewer",
    "server.enableXsrfProtection": True,
    "server.enableCORS": True,
    "server.fileWatcherType": "none",
    "server.headless": True,  # else a browser may let it write files here, and opens twice
    "server.maxUploadSize": 1,  # megabyte; nothing is uploaded
    "server.disconnectedSessionTTL": 30,  # seconds
    "theme.headingFontSizes": ["2.25rem", "1.5rem"],
    "theme.light.primaryColor": "#0072b2",
    "theme.dark.primaryColor": "#56b4e9",
}


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who looks, and in which language."""

    actor: Actor
    language: str


@dataclass(frozen=True, slots=True)
class Host:
    """Given by the web application, or by the command that shows the dashboard alone."""

    parts: App
    visitor: Callable[[], Visitor | None]  # asked at every rerun, and every 30 seconds
    way_back: str | None = None  # address of the web application's first page
    ask: Callable[[], None] | None = None  # shown to who may not look yet


_host: list[Host] = []


def become(host: Host) -> None:
    """Let this be what the dashboard of this process stands in."""
    _host[:] = [host]


def host() -> Host:
    """Return what the dashboard stands in.

    Raises:
        RuntimeError: nobody said so yet.
    """
    if not _host:
        raise RuntimeError("The dashboard was started without an installation.")
    return _host[0]


def context() -> Any:
    """Return what Streamlit knows of the browser: cookies and headers."""
    import streamlit

    return streamlit.context


def configure() -> None:
    """Set Streamlit's options for this process; nothing is sent anywhere."""
    from streamlit import config

    for name, value in OPTIONS.items():
        config.set_option(name, value)
    ask_nobody()


def ask_nobody() -> None:
    """Let Streamlit not ask a site outside for this machine's address.

    It would do so whenever a page of another site tries to open a websocket, to compare the two.
    """
    from streamlit import net_util

    net_util.get_external_ip = lambda: None


def note_error(error: Exception) -> bool:
    """Say on the page that something failed, and in the log what kind of thing; no values."""
    import streamlit

    from rollbook.dashboard.words import _

    place = _place_of(error)
    log.error("the dashboard failed: %s at %s", type(error).__name__, place)
    streamlit.error(
        _(
            "This could not be shown. Reload the page; if it stays so, tell whoever "
            "looks after this server."
        )
    )
    return True


def _place_of(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return "an unknown place"
    return f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}"
