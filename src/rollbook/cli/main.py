"""The `rollbook` command."""

from __future__ import annotations

import io
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from rollbook.cli import (
    access,
    admin,
    backup,
    bench,
    common,
    dashboard,
    doctor,
    enrol,
    erase,
    export,
    importing,
    keys,
    measure,
    messages,
    people,
    photo,
    purge,
    register,
    sessions,
    up,
    upgrade,
    users,
    verify,
    verify_export,
    watch,
)

app = typer.Typer(
    name="rollbook",
    cls=common.RollbookGroup,
    help="The attendance book that knows people by their faces.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,  # tracebacks with local variables would show names
    rich_markup_mode=None,
)


def _version(asked: bool) -> None:
    if asked:
        common.say(f"rollbook {version('rollbook')}")
        raise typer.Exit


@app.callback()
def root(
    home: Annotated[
        Path | None,
        typer.Option("--home", help="Folder of all data.", envvar="ROLLBOOK_HOME"),
    ] = None,
    show_version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """The attendance book that knows people by their faces."""
    common.set_home(home)


for module in (
    admin,
    backup,
    people,
    access,
    erase,
    purge,
    users,
    verify,
    verify_export,
    enrol,
    importing,
    sessions,
    register,
    photo,
    export,
    keys,
    doctor,
    watch,
    up,
    dashboard,
    upgrade,
    measure,
    messages,
    bench,
):
    module.commands(app)


def main() -> None:
    """Run the command line with names in any script."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="replace")
    app()
