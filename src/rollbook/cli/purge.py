"""`rollbook purge`: delete what is due by the site's rules, or say what would go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from rollbook.cli import common
from rollbook.domain.retention import Rule

if TYPE_CHECKING:
    from rollbook.bootstrap import App
    from rollbook.domain.purging import PurgePlan

BY = "command line"
WHY = {
    Rule.NO_CONSENT: "samples without a consent in force",
    Rule.INACTIVE: "samples of people who are not here any more",
    Rule.ERASE: "people who are erased by the site's rule",
    Rule.PROPOSE: "people proposed for erasure; they stay until somebody says so",
    Rule.ABSENCES: "absences that are long over",
    Rule.REQUESTS: "requests that are long decided",
    Rule.UNSURE: "unsure faces that nobody decided on",
    Rule.TASKS: "reports of long work",
    Rule.LOGS: "files of the server's log",
    Rule.BROWSERS: "ended sessions of browsers",
    Rule.REPLIES: "answers kept against double clicks",
    Rule.ERRANDS: "done work of the timetable",
    Rule.TALLIES: "counts of refusals, by day and reason",
}


def purge(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would go, and whose it is.")
    ] = False,
    as_json: common.JsonOption = False,
) -> None:
    """Delete what the site keeps no longer: samples, absences, unsure faces, and more."""
    app = common.open_app()
    plan = app.purging.plan()
    rows = _rows(app, plan)
    waits = app.retention.waits_until()
    receipt = None
    if not dry_run:
        app.retention.accept(BY)  # who deletes by the rules has decided on them
        receipt = app.purging.run(BY)
    if as_json:
        shown = None if receipt is None else receipt.receipt_id
        common.print_json({"dry_run": dry_run, "found": rows, "receipt": shown})
        return
    common.print_table(
        ("count", "why", "people"),
        [{**row, "people": ", ".join(row["people"])} for row in rows],
        as_json=False,
        empty="Nothing is due.",
    )
    if dry_run and rows:
        common.say("Nothing was changed. Without --dry-run it is deleted.")
        if waits is not None:
            common.say(
                f"Nobody has decided on the rules yet. Until {waits:%Y-%m-%d} only samples without "
                "a consent, or of people who were not there for three years, go by themselves."
            )
    elif receipt is not None:
        common.say(f"Receipt {receipt.receipt_id}; it names people by random id only.")


def _rows(app: App, plan: PurgePlan) -> list[dict[str, Any]]:
    """Return a row for each rule; names are for the terminal alone."""
    with app.uow() as uow:
        people = uow.subjects.some({one for found in plan.found for one in found.people})
    return [
        {
            "rule": found.rule.value,
            "count": found.count,
            "why": WHY[found.rule],
            "people": sorted(people[one].name for one in found.people if one in people),
        }
        for found in plan.found
    ]


def commands(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("purge")(purge)
