"""`rollbook upgrade`: a newer version, with a copy before and the old one back if it fails.

Everything that is needed afterwards is imported at the top: once pip has run, a module that is
imported would be the new version's.
"""

from __future__ import annotations

from datetime import UTC, datetime
from importlib.metadata import distribution
from pathlib import Path
from typing import Annotated

import typer

from rollbook.bootstrap.restoring import back_up_server, put_server_back
from rollbook.cli import common
from rollbook.cli.one_server import free_home
from rollbook.cli.program_files import (
    NAME,
    install,
    is_newer,
    keep_program,
    put_program_back,
    refuse_checkout,
    refuse_without_pip,
    run_new,
    version_of_wheel,
)
from rollbook.errors import InvalidInput, RollbookError
from rollbook.settings import Settings, load_settings
from rollbook.storage.copies import copy_home, delete_copy, put_back


def upgrade(
    wheel: Annotated[
        Path | None, typer.Argument(help="A wheel file; its folder may hold further ones.")
    ] = None,
    index: Annotated[
        bool, typer.Option("--index", help="Ask the package index that pip uses, over the network.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Also a version that is not newer.")
    ] = False,
) -> None:
    """Install a newer version: copy first, then install, migrate and verify; all back if not."""
    settings = load_settings(common.chosen_home())
    if (wheel is None) == (not index):
        raise InvalidInput("Give a wheel file, or --index to ask the package index.")
    installed = distribution(NAME)
    before = installed.version
    refuse_checkout(installed)
    refuse_without_pip()
    if wheel is not None and not is_newer(version_of_wheel(wheel), before) and not force:
        raise InvalidInput(
            f"{wheel.name} is not newer than version {before}, which is installed. Nothing was "
            "changed; --force installs it all the same."
        )
    with free_home(settings.home, "upgraded"):
        folder = _copy(settings, before)
        _install(settings, before, folder, *_source(wheel, force))


def _copy(settings: Settings, version: str) -> Path:
    """Copy the data and the program into a folder that is deleted once the new one is proved."""
    moment = f"{datetime.now(UTC):%Y%m%d-%H%M%S}"
    folder = settings.home / "backups" / f"before-upgrade-from-{version}-{moment}"
    if _has_file(settings):
        with common.progress_bar("copying the database") as update:
            copy_home(settings.home, folder, update)
        common.say(f"Database and keys were copied to {folder}")
    elif settings.database_url is not None:
        with common.progress_bar("backing up the database") as update:
            back_up_server(settings, folder, update)
        common.say(f"The database was backed up to {folder}")
    keep_program(folder / "program")
    return folder


def _has_file(settings: Settings) -> bool:
    return settings.database_url is None and (settings.home / "rollbook.db").is_file()


def _source(wheel: Path | None, force: bool) -> tuple[str, list[str]]:
    """Return what pip installs, and how: from a folder of wheels it asks nobody."""
    options = ["--force-reinstall", "--no-deps"] if force else []
    if wheel is None:
        return NAME, options
    return str(wheel), [*options, "--no-index", "--find-links", str(wheel.resolve().parent)]


def _install(
    settings: Settings, before: str, folder: Path, source: str, options: list[str]
) -> None:
    said = install(source, options)
    if said is None:
        said = _proved(settings)
    if said is not None:
        _back(settings, folder, before, said)
    delete_copy(folder)  # it holds people's keys, and would outlive an erasure
    _, version = run_new(settings.home, "--version")
    common.say(f"Upgraded from {before} to {version.removeprefix('rollbook ')}.")
    common.say("Start it again: rollbook up")


def _proved(settings: Settings) -> str | None:
    """Let the new version migrate and verify; return what was wrong."""
    well, said = run_new(settings.home, "--version")
    if well and (_has_file(settings) or settings.database_url is not None):
        well, said = run_new(settings.home, "verify")
    return None if well else said


def _back(settings: Settings, folder: Path, before: str, said: str) -> None:
    """Put everything back as it was, and say why."""
    put_program_back(folder / "program")
    if _has_file(settings):
        put_back(folder, settings.home)
    elif settings.database_url is not None:
        put_server_back(settings, folder)
    delete_copy(folder)
    well, version = run_new(settings.home, "--version")
    common.warn(said)
    if not well or before not in version:
        raise RollbookError(
            f"The upgrade failed, and version {before} could not be put back. Database and keys "
            "are as before. Install that version from its file, as docs/install.md says."
        )
    raise RollbookError(
        f"The upgrade failed for the reason above. Version {before}, database and keys are back "
        "as they were."
    )


def commands(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("upgrade")(upgrade)
