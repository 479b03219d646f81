"""`rollbook init` and `rollbook demo`."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer

from rollbook.cli import common
from rollbook.errors import InvalidInput, NotFound
from rollbook.settings import Settings, load_settings

if TYPE_CHECKING:
    from rollbook.bootstrap import App


def init(
    time_zone: Annotated[
        str | None, typer.Option("--time-zone", help="For example Europe/Berlin.")
    ] = None,
    site_name: Annotated[str | None, typer.Option("--site-name", help="For reports.")] = None,
) -> None:
    """Make the home folder: database, keys and prepared networks. Once; it never starts over."""
    settings = load_settings(common.chosen_home())
    if time_zone is not None:
        require_zone(time_zone)
    app, fresh = _open_or_create(settings)
    with app.uow() as uow:
        for key, value in (("time_zone", time_zone), ("site_name", site_name)):
            if value is not None:
                uow.site.set(key, value)
        uow.commit()
    if fresh:
        common.say(f"Made database and keys in {settings.home}")
        common.say(common.NEW_KEY)
    else:
        common.say(f"Rollbook is set up already in {settings.home}; nothing was started over.")
    _prepare_models(settings)
    common.say(f"Time zone {app.zone}. See what is right and what is not: rollbook doctor")


def require_zone(name: str) -> ZoneInfo:
    """Return the time zone; raise InvalidInput with the way to write it."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise InvalidInput(
            f"There is no time zone {name!r}; write it like Europe/Berlin or Asia/Kolkata."
        ) from error


def _open_or_create(settings: Settings) -> tuple[App, bool]:
    from rollbook.bootstrap import build

    try:
        return build(settings), False
    except NotFound:
        return build(settings, create=True), True


def _prepare_models(settings: Settings) -> None:
    from rollbook.bootstrap import build_engine

    engine = build_engine(settings)
    common.say(f"The networks are ready: {settings.detector}, {engine.space}.")


def demo(
    school: Annotated[
        bool, typer.Option("--school", help="Invent a school instead, with people and marks.")
    ] = False,
    people: Annotated[int, typer.Option("--people", min=1, max=50_000)] = 200,
    years: Annotated[int, typer.Option("--years", min=0, max=10, help="0: one term.")] = 0,
    seed: Annotated[int, typer.Option("--seed", help="The same seed invents the same.")] = 1,
    as_json: common.JsonOption = False,
) -> None:
    """Show the main job with a public-domain portrait, or invent a school to try at size."""
    if school:
        from rollbook.cli.demo_school import show_school

        show_school(people=people, years=years, seed=seed, as_json=as_json)
        return
    from rollbook.cli.demo_portrait import show_portrait

    with tempfile.TemporaryDirectory(prefix="rollbook-demo-", ignore_cleanup_errors=True) as home:
        # the prepared networks of the real home are used, so that they are not prepared again
        show_portrait(Path(home), load_settings(common.chosen_home()), as_json=as_json)


def commands(app: typer.Typer) -> None:
    """Add the commands to the program."""
    app.command("init")(init)
    app.command("demo")(demo)
