"""`rollbook dashboard`, and what `streamlit run dashboard.py` shows: the dashboard alone."""

from __future__ import annotations

import webbrowser
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rollbook.cli import common
from rollbook.errors import ConfigurationError, RollbookError

if TYPE_CHECKING:
    from rollbook.bootstrap import App
    from rollbook.dashboard.hosting import Host

HERE = ("127.0.0.1", "localhost")
PORT = 8501  # Streamlit's own


def dashboard(
    port: Annotated[int, typer.Option("--port", min=1, max=65_535)] = PORT,
    open_browser: Annotated[
        bool | None, typer.Option("--open/--no-open", help="Open the browser, or never.")
    ] = None,
) -> None:
    """Show the dashboard on this machine, without the web application; Ctrl-C ends it."""
    from rollbook.web.server import listen, serve_alone

    sockets = listen(HERE[:1], port)
    wanted = open_browser if open_browser is not None else _is_looked_at()
    with common.ended_in_order() as asked:
        from streamlit import App

        app = App(**on_this_machine())
        tell = partial(_tell, f"http://{HERE[0]}:{port}", open_browser=wanted)
        serve_alone(app, sockets, stop=asked, started=tell)


def _tell(address: str, *, open_browser: bool) -> None:
    common.say(f"The dashboard is at {address}  (Ctrl-C ends it)")
    if open_browser:
        webbrowser.open(address)


def _is_looked_at() -> bool:
    from rollbook.web.server import has_desktop

    return has_desktop() and common.out.is_terminal


def run_by_streamlit() -> dict[str, Any]:
    """Return what `streamlit run` is to serve; print the first code."""
    from streamlit import config

    try:
        if config.get_option("server.address") not in HERE:
            raise ConfigurationError(
                "The dashboard alone is for this machine. Start it with the settings that come "
                "with it (.streamlit/config.toml), or with --server.address 127.0.0.1."
            )
        made = on_this_machine()
    except RollbookError as error:
        raise SystemExit(str(error)) from error
    if _is_looked_at():  # it is listened already
        webbrowser.open(f"http://{HERE[0]}:{config.get_option('server.port')}")
    return made


def on_this_machine() -> dict[str, Any]:
    """Return what Streamlit's application is made of, where there is no other around it."""
    from starlette.middleware import Middleware

    from rollbook.dashboard import hosting
    from rollbook.web.dashboard.shield import Shield

    hosting.configure()
    hosting.become(alone(common.open_app()))
    return {
        "script_path": hosting.SCRIPT,
        "middleware": [Middleware(Shield, hosts=HERE)],
        "on_script_error": hosting.note_error,
    }


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
