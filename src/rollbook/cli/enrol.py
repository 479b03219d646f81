"""`rollbook enrol-folder` and `rollbook samples`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rollbook.cli import common
from rollbook.cli.people import (
    ConsentOption,
    CropsOption,
    GivenByOption,
    GuardianOption,
    LanguageOption,
    PersonArgument,
    UntilOption,
    find_person,
    terms_of,
)
from rollbook.errors import ConsentMissing

if TYPE_CHECKING:
    from rollbook.bootstrap import App
    from rollbook.domain.subjects import Enrolled, EnrolmentRefused
    from rollbook.services.enrol_folder import FolderReport

samples_app = typer.Typer(no_args_is_help=True, help="List, add and delete enrolled pictures.")
REFUSED_COLUMNS = ["what", "code", "why"]


def enrol_folder(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Holds DIR/<name>/*.jpg")],
    consent: ConsentOption = None,
    given_by: GivenByOption = None,
    until: UntilOption = None,
    guardian: GuardianOption = None,
    crops: CropsOption = True,
    language: LanguageOption = "",
    minors: Annotated[bool, typer.Option("--minors", help="Whoever is new is a minor.")] = False,
    group: Annotated[
        str | None, typer.Option("--group", help="They join it; it is made when it is new.")
    ] = None,
    allow_duplicate: Annotated[
        list[str] | None,
        typer.Option(
            "--allow-duplicate",
            metavar="NAME",
            help="This person was looked at and only resembles somebody. May be repeated.",
        ),
    ] = None,
    as_json: common.JsonOption = False,
) -> None:
    """Enrol everybody in a folder; a second run goes on where the first one ended."""
    app = common.open_app()
    terms = terms_of(consent, given_by, until, guardian, crops=crops, language=language)
    if terms is None:
        raise ConsentMissing(
            "Nobody is enrolled without a consent. Say which text they agreed to and who gave "
            "the consents: --consent TEXT-ID --given-by WHO"
        )
    group_id = app.people.group_called(group).group_id if group else None
    with common.progress_bar("Enrolling") as progress:
        report = app.folder_enroller.run(
            folder,
            terms,
            group_id=group_id,
            allow_duplicates=allow_duplicate or (),
            minors=minors,
            progress=progress,
        )
    _print_report(app, report, as_json=as_json)
    if report.stopped:
        raise common.fail("Stopped. Who is enrolled stays so; the same command goes on.")
    if not report.enrolled and not report.already:
        raise typer.Exit(1)


def _print_report(app: App, report: FolderReport, *, as_json: bool) -> None:
    refused = [refused_row(one) for one in report.refused]
    alike = look_alike_pairs(app, report.enrolled)
    if as_json:
        common.print_json(
            {
                "enrolled": [
                    {
                        "id": person.subject.subject_id,
                        "name": person.subject.name,
                        "samples": person.added,
                        "poses": sorted(set(person.poses)),
                    }
                    for person in report.enrolled
                ],
                "already": [subject.name for subject in report.already],
                "refused": refused,
                "look_alikes": alike,
                "stopped": report.stopped,
            }
        )
        return
    people, already = len(report.enrolled), len(report.already)
    common.say(f"{people} people enrolled with {report.samples} pictures, {already} were before.")
    if refused:
        common.say(f"{len(refused)} refused:")
        common.print_table(REFUSED_COLUMNS, refused, as_json=False, empty="")
    say_look_alikes(alike)


def refused_row(one: EnrolmentRefused) -> dict[str, str]:
    return {"what": one.what, "code": one.code, "why": one.sentence}


def look_alike_pairs(app: App, people: Sequence[Enrolled]) -> list[list[str]]:
    """Return pairs of names that look so alike that a decision needs a larger margin."""
    if not any(person.look_alikes for person in people):
        return []
    with app.uow() as uow:
        names = uow.subjects.names()
    return [
        [person.subject.name, names[other]]
        for person in people
        for other in person.look_alikes
        if other in names
    ]


def say_look_alikes(pairs: Sequence[Sequence[str]]) -> None:
    if pairs:
        common.say("These look so alike that recognising them takes a larger margin:")
    for one, other in pairs:
        common.say(f"  {one} and {other}")


@samples_app.command("add")
def add_samples(
    person: PersonArgument,
    images: Annotated[list[Path] | None, typer.Argument(metavar="IMAGE...")] = None,
    camera: Annotated[
        str | None,
        typer.Option("--camera", help="Take them now: a webcam's number, stream or clip."),
    ] = None,
    allow_duplicate: Annotated[
        bool,
        typer.Option("--allow-duplicate", help="I looked: they only resemble somebody."),
    ] = False,
    as_json: common.JsonOption = False,
) -> None:
    """Enrol pictures of a person who has agreed; with --camera they are taken pose by pose."""
    from rollbook.services.enrol import Enrolee

    app = common.open_app()
    who = Enrolee(find_person(app, person), allow_duplicate=allow_duplicate)
    app.enroller.require_consent(who)
    if camera is not None:
        from rollbook.cli.guided import take

        outcome = app.enroller.enrol(who, take(app, camera))
    elif images:
        from rollbook.services.samples import open_picture

        pictures = (open_picture(path, path.name, app.read_portrait) for path in images)
        outcome = app.enroller.enrol(who, pictures)
    else:
        raise typer.BadParameter("give pictures, or --camera 0 to take some")
    _print_outcome(app, outcome, as_json=as_json)
    if not outcome.added and not outcome.already:
        raise typer.Exit(1)


def _print_outcome(app: App, outcome: Enrolled, *, as_json: bool) -> None:
    refused = [refused_row(one) for one in outcome.refused]
    alike = look_alike_pairs(app, [outcome])
    poses = sorted(set(outcome.poses))
    if as_json:
        counts = {"added": outcome.added, "already": outcome.already, "poses": poses}
        common.print_json({**counts, "refused": refused, "look_alikes": alike})
        return
    covered = f" Poses: {', '.join(poses)}." if poses else ""
    common.say(
        f"{outcome.added} pictures added for {outcome.subject.name}, {outcome.already} were "
        f"there before.{covered}"
    )
    if refused:
        common.print_table(REFUSED_COLUMNS, refused, as_json=False, empty="")
    say_look_alikes(alike)


@samples_app.command("list")
def list_samples(person: PersonArgument, as_json: common.JsonOption = False) -> None:
    """List a person's enrolled pictures."""
    app = common.open_app()
    found = find_person(app, person)
    rows = [
        {
            "id": sample.reference_id if as_json else sample.reference_id[:8],
            "added": sample.added_at.astimezone(app.zone).isoformat(timespec="minutes"),
            "quality": sample.quality,
            "pose": sample.pose,
            "crop": "kept" if sample.crop else "not kept",
            "space": str(sample.template.space),
        }
        for sample in app.consenting.samples(found.subject_id)
    ]
    empty = f"{found.name} has no samples. Add some with: rollbook samples add PERSON IMAGE..."
    columns = ["id", "added", "quality", "pose", "crop", "space"]
    common.print_table(columns, rows, as_json=as_json, empty=empty)


@samples_app.command("delete")
def delete_samples(
    person: PersonArgument,
    samples: Annotated[list[str], typer.Argument(metavar="SAMPLE...", help="Ids from the list.")],
) -> None:
    """Delete enrolled pictures with their templates."""
    app = common.open_app()
    found = find_person(app, person)
    deleted = app.consenting.delete_samples(found.subject_id, samples)
    common.say(f"Deleted {len(deleted)} of {found.name}'s samples with their crops.")


def commands(app: typer.Typer) -> None:
    """Add the commands to the program."""
    app.command("enrol-folder")(enrol_folder)
    app.add_typer(samples_app, name="samples")
