"""`rollbook dashboard`, and what `streamlit run dashboard.py` shows: the dashboard alone."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Annotated

import typer

from rollbook.cli import common

if TYPE_CHECKING:
    from rollbook.bootstrap import App
    from rollbook.dashboard.hosting import Host

HERE = "127.0.0.1"
PORT = 8501  # Streamlit's own

_opening = threading.Lock()


def dashboard(
    port: Annotated[int, typer.Option("--port", min=1, max=65_535)] = PORT,
    open_browser: Annotated[
        bool | None, typer.Option("--open/--no-open", help="Open the browser, or never.")
    ] = None,
) -> None:
    """Show the dashboard on this machine, without the web application; Ctrl-C ends it."""
    from rollbook.dashboard import hosting
    from rollbook.web.server import has_desktop, listen

    for free in listen((HERE,), port):  # says in words when the port is taken
        free.close()
    hosting.become(alone(common.open_app()))
    wanted = open_browser if open_browser is not None else has_desktop() and common.out.is_terminal
    common.say(f"The dashboard is at http://{HERE}:{port}  (Ctrl-C ends it)")
    _run(port, headless=not wanted)


def _run(port: int, *, headless: bool) -> None:
    from streamlit import config
    from streamlit.web import bootstrap

    from rollbook.dashboard import hosting

    hosting.configure()
    alone_options = {
        "server.address": HERE,
        "server.port": port,
        "server.headless": headless,
        "server.allowedHosts": [HERE, "localhost"],
        "server.showEmailPrompt": False,
    }
    for name, value in alone_options.items():
        config.set_option(name, value)
    bootstrap.run(str(hosting.SCRIPT), False, [], {})


def page() -> None:
    """Show the dashboard from a script that Streamlit runs."""
    import streamlit as st

    from rollbook.dashboard import hosting
    from rollbook.dashboard.frame import show
    from rollbook.errors import RollbookError

    hosting.ask_nobody()
    try:
        with _opening:
            if not hosting.is_hosted():
                hosting.become(alone(common.open_app()))
    except RollbookError as error:
        st.error(str(error))
        st.stop()
    show()


def alone(app: App) -> Host:
    """Return what the dashboard stands in when there is no web application around it."""
    from rollbook.dashboard import hosting
    from rollbook.dashboard.alone import Door, ask, visitor
    from rollbook.web import texts

    door = Door(lambda code: common.say(f"Code for the dashboard, which works once: {code}"))

    def language() -> str:
        return texts.language_of(hosting.context().headers.get("Accept-Language", ""))

    return hosting.Host(
        app,
        lambda: visitor(language()),
        ask=lambda: ask(door, language()),
    )


def commands(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("dashboard")(dashboard)
