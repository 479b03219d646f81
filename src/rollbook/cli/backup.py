"""`rollbook backup` and `restore`: everything in a sealed file elsewhere, and back from it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rollbook.cli import common
from rollbook.errors import NotFound
from rollbook.settings import load_settings

if TYPE_CHECKING:
    from rollbook.bootstrap import App
    from rollbook.domain.backups import Backup, Destination, Run

BY = "terminal"
OFF = "off"


def backup(
    target: Annotated[
        str | None,
        typer.Argument(help="A folder, or an address as fsspec reads it; by default all set up."),
    ] = None,
    listed: Annotated[
        bool, typer.Option("--list", help="Show what lies there instead of making one.")
    ] = False,
    check: Annotated[
        str | None, typer.Option("--check", help="Open every part of this file instead.")
    ] = None,
    add: Annotated[
        str | None, typer.Option("--add", help="Set up a destination; it is tried out first.")
    ] = None,
    remove: Annotated[
        str | None, typer.Option("--remove", help="Forget the destination with this id.")
    ] = None,
    daily: Annotated[
        str | None, typer.Option("--daily", help="Time of day for backups, like 03:15, or off.")
    ] = None,
    keep: Annotated[
        int | None, typer.Option("--keep", help="How many files stay at each destination.")
    ] = None,
    go_on: Annotated[
        bool, typer.Option("--go-on", help="Make backups again after a restore.")
    ] = False,
    delete_copies: Annotated[
        bool, typer.Option("--delete-copies", help="Delete copies of upgrades and restores.")
    ] = False,
    status: Annotated[
        bool, typer.Option("--status", help="Show destinations, schedule and last runs.")
    ] = False,
    as_json: common.JsonOption = False,
) -> None:
    """Back up everything to where it was set up, or to one folder or address."""
    app = common.open_app()
    settings = (add, remove, daily, go_on or None, delete_copies or None)
    if any(one is not None for one in settings) or (keep is not None and target is None):
        _set(app, add, remove, daily, keep, go_on, delete_copies)
    elif status:
        _status(app, as_json)
    elif check is not None:
        _check(app, check, as_json)
    elif listed:
        _list(app, target, as_json)
    elif target is not None:
        _one(app, target, keep, as_json)
    else:
        _all(app, as_json)


def _set(
    app: App,
    add: str | None,
    remove: str | None,
    daily: str | None,
    keep: int | None,
    go_on: bool,
    delete_copies: bool,
) -> None:
    if add is not None:
        added = app.backups.add(_whole(add), BY)
        common.say(f"Backups go to {added.shown} from now on. Its id: {added.destination_id}")
    if remove is not None:
        gone = app.backups.remove(remove, BY)
        common.say(_removed(app, gone))
    if daily is not None:
        app.backups.set_schedule(None if daily == OFF else daily, BY)
        common.say("Backups are no longer made by themselves." if daily == OFF else _daily(app))
    if keep is not None:
        app.backups.set_keep(keep, BY)
        common.say(f"Each destination keeps {keep} backups.")
    if go_on:
        app.backups.go_on(BY)
        common.say("Backups are made again.")
    if delete_copies:
        common.say(f"Deleted copies: {app.backups.delete_copies(BY)}.")


def _whole(target: str) -> str:
    """Return a folder's whole path: the server, which replaces key bundles, runs elsewhere."""
    return target if "://" in target else str(Path(target).expanduser().absolute())


def _removed(app: App, gone: Destination) -> str:
    if gone not in app.backups.elsewhere():
        return f"{gone.shown} is forgotten. If a key bundle (keys-….rbk) is still there, delete it."
    return (
        f"Backups go to {gone.shown} no more. What lies there stays, the key bundle too, and the "
        "receipt of an erasure counts it. Once you need those backups no more, delete them there "
        f"and say so: rollbook backup --remove {gone.destination_id}"
    )


def _daily(app: App) -> str:
    return f"Backups are made daily at {app.backups.schedule()}, while rollbook up runs."


def _status(app: App, as_json: bool) -> None:
    runs = app.backups.runs()
    rows = []
    for one in app.backups.destinations():
        run = runs.get(one.destination_id)
        rows.append(
            {
                "id": one.destination_id,
                "destination": one.shown,
                "last_run": f"{run.at:%Y-%m-%d %H:%M} UTC" if run else None,
                "result": (run.failure or "well") if run else None,
                "size": run.size if run else None,
            }
        )
    for one in app.backups.elsewhere():
        row = {"id": one.destination_id, "destination": one.shown, "last_run": None}
        rows.append({**row, "result": "no destination, but backups lie there", "size": None})
    columns = ("id", "destination", "last_run", "result", "size")
    common.print_table(columns, rows, as_json=as_json, empty="No destination is set up.")
    if not as_json:
        for problem in app.backups.problems(app.clock.now()):
            common.warn(f"{problem.sentence} Run: {problem.command}")
        if app.backups.schedule():
            common.say(_daily(app))


def _check(app: App, source: str, as_json: bool) -> None:
    with common.progress_bar("Checking") as update:
        found = app.backups.check(source, update)
    if as_json:
        common.print_json(_row(found))
        return
    common.say(
        f"The backup is whole: {found.rows} rows, {found.people} people, {found.entries} entries "
        f"in the register. It was made on {found.made_at:%Y-%m-%d at %H:%M} UTC by version "
        f"{found.version}, and opens with the site key {found.key_id}."
    )


def _list(app: App, target: str | None, as_json: bool) -> None:
    urls = [target] if target else [one.url for one in app.backups.destinations()]
    rows = [
        {"where": app.backups.shown(url), **_row(one)}
        for url in urls
        for one in app.backups.kept(url)
    ]
    columns = ("where", "file", "made", "size")
    common.print_table(columns, rows, as_json=as_json, empty="There are no backups.")


def _row(one: Backup) -> dict[str, Any]:
    row: dict[str, Any] = {"file": one.name, "made": one.made_at.isoformat(), "size": one.size}
    if one.rows:
        row |= {"rows": one.rows, "people": one.people, "entries": one.entries}
        row |= {"head": one.head, "version": one.version, "site_key": one.key_id}
    return row


def _one(app: App, target: str, keep: int | None, as_json: bool) -> None:
    with common.progress_bar("Backing up") as update:
        made = app.backups.back_up_to(
            _whole(target), BY, app.backups.keep() if keep is None else keep, update, make=True
        )
    if as_json:
        common.print_json(_row(made))
        return
    common.say(
        f"Made and read back whole: {made.name}, {made.size / 2**20:.1f} MiB, {made.people} "
        f"people, {made.entries} entries. The key bundle lies beside it."
    )


def _all(app: App, as_json: bool) -> None:
    if not app.backups.destinations():
        raise NotFound(
            "No destination is set up. Give a folder or address, or set one up: rollbook backup "
            "--add FOLDER"
        )
    with common.progress_bar("Backing up") as update:
        runs = app.backups.back_up(BY, update)
    shown = {one.destination_id: one.shown for one in app.backups.destinations()}
    if as_json:
        common.print_json([_run(run, shown) for run in runs])
    else:
        for run in runs:
            where = shown.get(run.destination_id, "")
            common.say(f"{where}: {run.failure or f'{run.name}, read back whole'}")
    if any(run.failure for run in runs):
        raise typer.Exit(1)


def _run(run: Run, shown: dict[str, str]) -> dict[str, Any]:
    return {
        "destination": shown.get(run.destination_id),
        "file": run.name,
        "size": run.size,
        "entries": run.entries,
        "failure": run.failure,
    }


def restore(
    source: Annotated[
        str, typer.Argument(help="A backup file, or the folder or address that holds backups.")
    ],
    home: Annotated[
        Path | None, typer.Option("--home", help="Folder of the new installation.")
    ] = None,
    bundle: Annotated[
        str | None, typer.Option("--bundle", help="Key bundle; by default the newest beside it.")
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Move aside what is in the home, and replace it.")
    ] = False,
    as_json: common.JsonOption = False,
) -> None:
    """Bring an installation back; the site key comes first: rollbook keys recover."""
    from rollbook.bootstrap.restoring import restore_to
    from rollbook.cli.one_server import free_home

    settings = load_settings(home or common.chosen_home())
    with free_home(settings.home, "restored"), common.progress_bar("Restoring") as update:
        restored = restore_to(settings, source, bundle, datetime.now(UTC), BY, replace, update)
    told = {"rows": restored.rows, "people": restored.people, "entries": restored.entries}
    if as_json:
        told |= {"erased": restored.erased, "without_key": restored.keyless}
        common.print_json({**told, "file": restored.name, "made": restored.made_at})
        return
    common.say(
        f"Restored from {restored.name}, made on {restored.made_at[:16]}: "
        f"{restored.people} people, {restored.entries} entries; the register holds."
    )
    if restored.erased:
        common.say(f"Erased since, and not brought back: {restored.erased} people.")
    if restored.keyless:
        common.warn(
            f"The key bundle has no key of {restored.keyless} people, so nothing of theirs came "
            "back. If there is a newer bundle, restore again with --bundle and --replace."
        )
    common.warn(
        "What was changed since then is as it was: consents that were withdrawn, tokens, kiosks "
        "and accounts that were revoked, passwords and PINs. Do it again before others use it."
    )
    common.say("Backups rest until you say: rollbook backup --go-on")
    common.say("Start it: rollbook up")


def commands(app: typer.Typer) -> None:
    """Add the commands to the program."""
    app.command("backup")(backup)
    app.command("restore")(restore)
