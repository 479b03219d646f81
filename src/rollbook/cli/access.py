"""Giving a person all that is held about them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from rollbook.cli import common
from rollbook.cli.people import PersonArgument, find_person

LANGUAGES = ("en", "de")


def commands(app: typer.Typer) -> None:
    app.command("access")(access)


def access(
    person: PersonArgument,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="The archive (ZIP) to write.")
    ] = None,
    language: Annotated[
        str, typer.Option("--language", help="Of the page in it: en or de.")
    ] = "en",
    as_json: common.JsonOption = False,
) -> None:
    """Write one archive with all that is held about a person, for that person."""
    if language not in LANGUAGES:
        raise typer.BadParameter(f"Choose one of: {', '.join(LANGUAGES)}.")
    app = common.open_app()
    found = find_person(app, person)
    file = out or Path(f"access-{found.subject_id[:8]}.zip")
    if file.exists():
        raise common.fail(f"There is something at {file} already. Nothing was written.")
    with common.progress_bar("Reading") as progress:
        given = app.subject_access.give(found.subject_id, language, progress=progress)
    _write(file, given.data)
    receipt = {"file": str(file), "bytes": len(given.data), "receipt": given.receipt.receipt_id}
    if as_json:
        common.print_json({**given.receipt.body, **receipt})
        return
    common.say(f"Written to {file} (receipt {given.receipt.receipt_id}).")
    common.say("It is not encrypted: hand it to this person alone, then delete it here.")


def _write(file: Path, data: bytes) -> None:
    """Write a file that only this user can read."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    with os.fdopen(os.open(file, flags, 0o600), "wb") as stream:
        stream.write(data)
