"""`rollbook import` and `rollbook encode`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rollbook.cli import common
from rollbook.cli.enrol import look_alike_pairs, say_look_alikes
from rollbook.cli.people import (
    ConsentOption,
    CropsOption,
    GivenByOption,
    GuardianOption,
    LanguageOption,
    UntilOption,
    terms_of,
)


def import_roster(
    roster: Annotated[Path, typer.Argument(metavar="ROSTER.csv")],
    consent: ConsentOption = None,
    given_by: GivenByOption = None,
    until: UntilOption = None,
    guardian: GuardianOption = None,
    crops: CropsOption = True,
    language: LanguageOption = "",
    as_json: common.JsonOption = False,
) -> None:
    """Import people from a table: name, and if wanted external id, group, photo and consent.

    A consent cell holds the id of the text, or yes: then --consent says which text it is. Photo
    paths start at the table's folder. Columns `minor` and `crops` hold yes or no, `guardian` who
    agreed for a minor. A second run changes only what is different.
    """
    app = common.open_app()
    terms = terms_of(consent, given_by, until, guardian, crops=crops, language=language)
    with common.progress_bar("Importing") as progress:
        report = app.importer.run(roster, terms, progress)
    alike = look_alike_pairs(app, report.look_alikes)
    errors = [{"line": error.line, "why": error.sentence} for error in report.errors]
    if as_json:
        common.print_json(
            {
                "added": [person.subject_id for person in report.added],
                "updated": [person.subject_id for person in report.updated],
                "unchanged": report.unchanged,
                "samples": report.samples,
                "errors": errors,
                "look_alikes": alike,
                "stopped": report.stopped,
            }
        )
    else:
        common.say(
            f"{len(report.added)} people added, {len(report.updated)} updated, "
            f"{report.unchanged} as they were; {report.samples} pictures enrolled."
        )
        if errors:
            common.say(f"{len(errors)} lines were not taken:")
            common.print_table(["line", "why"], errors, as_json=False, empty="")
        say_look_alikes(alike)
    if report.stopped:
        raise common.fail("Stopped. What was taken stays; the same command goes on.")
    if errors and not report.taken:
        raise typer.Exit(1)


def encode(as_json: common.JsonOption = False) -> None:
    """Compute all templates anew from the stored crops, after the embedder has changed."""
    app = common.open_app()
    with common.progress_bar("Encoding") as progress:
        report = app.encoder.run(progress)
    before = {str(space): count for space, count in report.spaces.items()}
    again = [person.name for person in report.come_again]
    if as_json:
        common.print_json(
            {
                "space": str(report.space),
                "before": before,
                "people": report.people,
                "samples": report.samples,
                "current": report.current,
                "come_again": again,
                "partly": [person.name for person in report.partly],
                "without_consent": [person.name for person in report.without_consent],
                "stopped": report.stopped,
            }
        )
    else:
        common.say(f"The embedder in use is {report.space}.")
        for space, count in sorted(before.items()):
            common.say(f"  {count} samples were of {space}")
        common.say(
            f"{report.samples} templates of {report.people} people made anew; {report.current} "
            "people had current ones."
        )
        _say_names("Must come again, for no crop of theirs is kept", again)
        _say_names("Have fewer samples than before", [p.name for p in report.partly])
        _say_names(
            "Have no consent, so nothing was computed", [p.name for p in report.without_consent]
        )
    if report.stopped:
        raise common.fail("Stopped. What was made anew stays; the same command goes on.")


def _say_names(what: str, names: list[str]) -> None:
    if names:
        common.say(f"{what}: {', '.join(names)}")


def commands(app: typer.Typer) -> None:
    """Add the commands to the program."""
    app.command("import")(import_roster)
    app.command("encode")(encode)
