"""`rollbook demo --school`: an invented school, to try reports and speed at size."""

from __future__ import annotations

import time
from pathlib import Path

from rollbook.cli import common
from rollbook.errors import NotFound
from rollbook.settings import load_settings


def show_school(*, people: int, years: int, seed: int, as_json: bool) -> None:
    """Write the invented school into the home and say what was written."""
    from rollbook.bootstrap import build
    from rollbook.services.demo_school import invent_school

    settings = load_settings(common.chosen_home())
    try:
        app = build(settings)
    except NotFound:
        app = build(settings, create=True)
    began = time.perf_counter()
    with common.progress_bar("inventing marks") as progress:
        school = invent_school(
            app.uow,
            app.clock,
            people=people,
            years=years or None,
            seed=seed,
            zone=app.zone,
            progress=progress,
        )
    with common.progress_bar("folding months for charts") as progress:
        app.facts.fold(progress)
    seconds = time.perf_counter() - began
    app.database.close()
    size = folder_size(settings.home)
    if as_json:
        common.print_json(
            {
                "people": school.people,
                "groups": school.groups,
                "sessions": school.sessions,
                "marks": school.marks,
                "first_day": school.first_day,
                "last_day": school.last_day,
                "seconds": round(seconds, 2),
                "bytes": size,
                "home": str(settings.home),
            }
        )
        return
    common.say(
        f"Invented {school.people} people in {school.groups} groups, {school.sessions} sessions "
        f"and {school.marks} marks from {school.first_day} to {school.last_day} "
        f"in {seconds:.1f} s; the home has {size / 2**20:.0f} MiB."
    )
    common.say(f"All of it is marked as invented, and lies in {settings.home}")
    common.say(f"Try: rollbook export --month {school.last_day:%Y-%m} --format pdf")


def folder_size(folder: Path) -> int:
    """Return the bytes of all files below a folder, without the networks' cache."""
    return sum(
        file.stat().st_size
        for file in folder.rglob("*")
        if file.is_file() and "models" not in file.relative_to(folder).parts
    )
