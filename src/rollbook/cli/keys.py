"""`rollbook keys`: what keys there are, and how to exchange them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rollbook.cli import common, key_safety

if TYPE_CHECKING:
    from rollbook.bootstrap import App
    from rollbook.domain.key_ports import KeyStatus
    from rollbook.domain.task_ports import Task

BY = "command line"
LOOK = 0.2  # seconds between two looks at how far a rotation is
NAMES = {
    "seal": "settings, accounts, cameras, plans of the week",
    "book": "the register",
    "crops": "pictures of faces, together with the person's key",
    "messages": "messages",
    "backup": "exported files",
}

keys = typer.Typer(no_args_is_help=True, help="The keys of this site: look, exchange, keep safe.")


@keys.command("status")
def status(as_json: common.JsonOption = False) -> None:
    """Say which keys there are, since when, and what still uses older ones; shows no key."""
    app = common.open_app()
    found, task = app.key_rotation.status(), app.key_rotation.latest()
    if as_json:
        common.print_json({**asdict(found), "rotation": _rotation(task)})
        return
    _say_status(found)
    if task is not None:
        common.say(f"Last rotation: {task.state.value}, begun {_day(task.created_at)}.")


def _rotation(task: Task | None) -> dict[str, Any] | None:
    if task is None:
        return None
    return {
        "id": task.task_id,
        "state": task.state.value,
        "begun": task.created_at,
        "parts": task.spec.get("parts"),
        "done": task.done,
        "total": task.total,
        "counts": dict(task.counts),
    }


def _say_status(found: KeyStatus) -> None:
    since = f"in use since {_day(found.site_since)}" if found.site_since else "never exchanged"
    common.say(f"Site key: {found.site_source}; {since}.")
    if found.site_keys > 1:
        common.say("It is being exchanged: the former one is still there.")
    rows = [
        {
            "purpose": one.purpose,
            "of": NAMES[one.purpose],
            "keys": one.keys,
            "since": _day(one.since),
            "rows": one.rows,
            "with_an_older_key": one.older_rows,
            "damaged": one.damaged_rows,
        }
        for one in found.purposes
    ]
    common.print_table(list(rows[0]), rows, as_json=False, empty="")
    common.say(f"{found.people} people have a key of their own.")
    if found.people_with_former:
        common.say(
            f"Of them {found.people_with_former} keep a former one as well, for reading what "
            "entries of the register or kept backups hold."
        )
    if found.older_person_rows or found.damaged_person_rows:
        common.say(
            f"Rows about people: {found.older_person_rows} with a former key, "
            f"{found.damaged_person_rows} damaged."
        )
    common.say(
        f"Kept for older copies: {found.former_site_keys} site keys, "
        f"{found.former_file_keys} keys of exported files."
    )


def _day(at: datetime | None) -> str:
    return "the beginning" if at is None else at.strftime("%Y-%m-%d %H:%M UTC")


@keys.command("rotate")
def rotate(
    site: Annotated[bool, typer.Option("--site", help="The key that wraps the others.")] = False,
    data: Annotated[bool, typer.Option("--data", help="The keys of each purpose.")] = False,
    subjects: Annotated[bool, typer.Option("--subjects", help="The key of each person.")] = False,
    templates: Annotated[
        bool, typer.Option("--templates", help="The transform that templates are stored under.")
    ] = False,
    as_json: common.JsonOption = False,
) -> None:
    """Exchange keys while Rollbook is used; without options those of data, people and site.

    A rotation that was stopped or killed goes on. What digests are made with (look-ups, the chain
    of the register, signatures) is not exchanged: everything that was made with it would be void.
    """
    from rollbook.services.key_rotation import Part

    chosen = {Part.DATA: data, Part.SUBJECTS: subjects, Part.TEMPLATES: templates, Part.SITE: site}
    app = common.open_app()
    parts = [part for part, wanted in chosen.items() if wanted]
    task = app.key_rotation.start(parts, "", BY)
    done = _followed(app, task)
    if as_json:
        common.print_json(_rotation(done))
    _say_end(done, as_json)


def _followed(app: App, task: Task) -> Task:
    """Do it in this process, or watch the one that does; Ctrl-C stops it where it is."""
    from rollbook.services.key_rotation import KIND
    from rollbook.services.tasks import TaskRunner

    runner, last = TaskRunner(app.uow, app.clock, {KIND: app.key_rotation.work}), task
    with runner, common.progress_bar("Exchanging keys") as update:
        try:
            for last in _states(app, task):
                update(last.done, max(last.total, 1))
        except KeyboardInterrupt:
            app.key_rotation.stop(task.task_id, BY)
            last = [last, *_states(app, last)][-1]
    return last


def _states(app: App, task: Task) -> Iterator[Task]:
    """Yield the task as it is, until it is over."""
    while not task.state.is_over:
        time.sleep(LOOK)
        with app.uow() as uow:
            task = uow.tasks.get(task.task_id)
        yield task


def _say_end(task: Task, quiet: bool) -> None:
    from rollbook.domain.task_ports import TaskState

    if task.state is TaskState.FAILED:
        raise common.fail(f"{task.failure} What was exchanged is; run it again to go on.")
    if task.state is TaskState.STOPPED:
        raise common.fail("Stopped. Nothing is lost; run it again to go on.")
    if quiet:
        return
    common.say("The keys are exchanged. The register's receipts have the details.")
    for line in task.lines:
        common.warn(f"The site key is as before. {line.sentence}")
    if task.counts.get("site_keys"):
        common.say(
            "The recovery sheet is of the former site key: print a new one with rollbook keys "
            "escrow, and make a new backup with rollbook backup."
        )


def commands(app: typer.Typer) -> None:
    """Add the commands to the program."""
    key_safety.commands(keys)
    app.add_typer(keys, name="keys")
