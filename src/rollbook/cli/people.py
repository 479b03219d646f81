"""`rollbook person`, `group` and `consent`."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rollbook.cli import common
from rollbook.errors import InvalidInput

if TYPE_CHECKING:
    from rollbook.bootstrap import App
    from rollbook.domain.subjects import Group, Subject
    from rollbook.services.consenting import ConsentTerms
    from rollbook.services.people import PersonRow

person_app = typer.Typer(no_args_is_help=True, help="Add, list, show, rename and remove people.")
group_app = typer.Typer(no_args_is_help=True, help="Classes and teams.")
consent_app = typer.Typer(no_args_is_help=True, help="Who agreed to be recognised.")

PersonArgument = Annotated[
    str,
    typer.Argument(metavar="PERSON", help="Name, external id, or the beginning of the id."),
]
ConsentOption = Annotated[
    str | None,
    typer.Option("--consent", metavar="TEXT-ID", help="Version of the text agreed to."),
]
GivenByOption = Annotated[
    str | None,
    typer.Option("--given-by", metavar="WHO", help="The person, or the guardian of a minor."),
]
UntilOption = Annotated[
    str | None, typer.Option("--until", metavar="YYYY-MM-DD", help="The consent ends after it.")
]
GuardianOption = Annotated[
    str | None,
    typer.Option("--guardian", metavar="NAME", help="Who agreed for a minor."),
]
CropsOption = Annotated[
    bool,
    typer.Option(
        "--crops/--no-crops",
        help="Whether the text also lets the piece of each picture with the face be kept.",
    ),
]
LanguageOption = Annotated[
    str, typer.Option("--language", metavar="CODE", help="Language of the text, as en or de.")
]


def terms_of(
    text_id: str | None,
    given_by: str | None,
    until: str | None = None,
    guardian: str | None = None,
    *,
    crops: bool = True,
    language: str = "",
) -> ConsentTerms | None:
    """Return what was agreed to, or None when no consent was given.

    Raises:
        InvalidInput: only a part of it was given.
    """
    from rollbook.services.consenting import ConsentTerms

    given_by = given_by or guardian
    if text_id is None and given_by is None:
        return None
    if not text_id or not given_by:
        raise InvalidInput("A consent needs both: --consent TEXT-ID and --given-by WHO.")
    return ConsentTerms(
        text_id, given_by, language, _date(until), guardian or "", crops=crops
    ).cleaned()


def _date(text: str | None) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError as error:
        raise InvalidInput(f"{text!r} is not a date; write it as YYYY-MM-DD.") from error


def find_person(app: App, wanted: str) -> Subject:
    from rollbook.services.finding import find_subject

    with app.uow() as uow:
        return find_subject(uow, wanted)


def find_group(app: App, wanted: str) -> Group:
    from rollbook.services.finding import find_group as find

    with app.uow() as uow:
        return find(uow, wanted)


@person_app.command("add")
def add_person(
    name: Annotated[str, typer.Argument(help="As it shall stand in the register.")],
    external_id: Annotated[
        str | None, typer.Option("--external-id", help="Of your own system.")
    ] = None,
    group: Annotated[list[str] | None, typer.Option("--group", help="May be repeated.")] = None,
    consent: ConsentOption = None,
    given_by: GivenByOption = None,
    until: UntilOption = None,
    guardian: GuardianOption = None,
    crops: CropsOption = True,
    language: LanguageOption = "",
    minor: Annotated[
        bool, typer.Option("--minor", help="A guardian has to agree for this person.")
    ] = False,
    as_json: common.JsonOption = False,
) -> None:
    """Add somebody; faces come later, with `samples add`."""
    app = common.open_app()
    terms = terms_of(consent, given_by, until, guardian, crops=crops, language=language)
    groups = [find_group(app, wanted).group_id for wanted in group or []]
    added = app.people.add(name, external_id, group_ids=groups, terms=terms, minor=minor)
    if as_json:
        common.print_json({"id": added.subject_id, "name": added.name})
        return
    common.say(f"Added {added.name} (id {added.subject_id[:8]}).")
    if terms is None:
        common.say("No consent is recorded, so no face can be enrolled and none is looked for.")


@person_app.command("minor")
def set_minor(
    person: PersonArgument,
    minor: Annotated[bool, typer.Option("--yes/--no", help="Whether they are a minor.")] = True,
) -> None:
    """Say that somebody is a minor, for whom a guardian has to agree, or is none any more."""
    app = common.open_app()
    changed = app.people.set_minor(find_person(app, person).subject_id, minor)
    common.say(f"{changed.name} is {'a minor' if minor else 'no minor'}.")


@person_app.command("list")
def list_people(
    group: Annotated[str | None, typer.Option("--group", help="Only of this group.")] = None,
    as_json: common.JsonOption = False,
) -> None:
    """List people by name."""
    app = common.open_app()
    group_id = find_group(app, group).group_id if group else None
    rows = [_person_row(row) for row in app.people.rows(group_id)]
    columns = ["id", "name", "external_id", "groups", "samples", "consent"]
    if not as_json:
        rows = [row | {"id": row["id"][:8], "groups": ", ".join(row["groups"])} for row in rows]
    empty = "Nobody is here yet. Add people with: rollbook person add NAME"
    common.print_table(columns, rows, as_json=as_json, empty=empty)


def _person_row(row: PersonRow) -> dict[str, Any]:
    return {
        "id": row.subject.subject_id,
        "name": row.subject.name,
        "external_id": row.subject.external_id,
        "groups": list(row.groups),
        "samples": row.samples,
        "consent": "yes" if row.consent else "no",
        "minor": "yes" if row.subject.minor else "no",
    }


@person_app.command("show")
def show_person(person: PersonArgument, as_json: common.JsonOption = False) -> None:
    """Show all that is kept of one person, except the pictures themselves."""
    app = common.open_app()
    found = find_person(app, person)
    row = next(r for r in app.people.rows() if r.subject.subject_id == found.subject_id)
    with app.uow() as uow:
        consents = uow.consents.of(found.subject_id)
        samples = uow.references.of(found.subject_id)
    poses = sorted({sample.pose for sample in samples})
    about = _person_row(row) | {"poses": poses, "contacts": list(found.contacts)}
    about["consents"] = [
        {
            "text": consent.text_id,
            "given_by": consent.given_by,
            "guardian": consent.guardian or None,
            "scopes": ", ".join(scope.value for scope in consent.scopes),
            "recorded": consent.recorded_at.astimezone(app.zone).isoformat(timespec="minutes"),
            "until": consent.retain_until,
            "withdrawn": consent.withdrawn_at
            and consent.withdrawn_at.astimezone(app.zone).isoformat(timespec="minutes"),
        }
        for consent in consents
    ]
    if as_json:
        common.print_json(about)
        return
    for key in ("name", "id", "external_id", "minor", "samples"):
        common.say(f"{key.replace('_', ' ')}: {about[key] if about[key] is not None else 'none'}")
    for key in ("groups", "poses", "contacts"):
        common.say(f"{key}: {', '.join(about[key]) or 'none'}")
    columns = ["text", "given_by", "guardian", "scopes", "recorded", "until", "withdrawn"]
    empty = "No consent is recorded."
    common.print_table(columns, about["consents"], as_json=False, empty=empty)


@person_app.command("rename")
def rename_person(
    person: PersonArgument,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The new name.")],
    external_id: Annotated[str | None, typer.Option("--external-id", help="A new one.")] = None,
) -> None:
    """Give somebody another name; all their marks stay theirs."""
    app = common.open_app()
    found = find_person(app, person)
    renamed = app.people.rename(found.subject_id, name, external_id)
    common.say(f"{found.name} is now called {renamed.name}.")


@person_app.command("remove")
def remove_person(
    person: PersonArgument,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Remove somebody: samples, crops and name go, marks stay without a name."""
    app = common.open_app()
    found = find_person(app, person)
    question = (
        f"Remove {found.name}? Name, samples and consents are deleted and the key to them is "
        "destroyed. It cannot be undone."
    )
    if not yes and not typer.confirm(question):
        raise common.fail("Nothing was removed.")
    (receipt,) = app.erasing.erase([found.subject_id])
    common.say(f"Removed {found.name}. Their marks now belong to an erased person.")
    common.say(f"Receipt {receipt.receipt_id}; rollbook erase tells more.")


@group_app.command("add")
def add_group(
    name: Annotated[str, typer.Argument(help="For example 7b or Warehouse.")],
    as_json: common.JsonOption = False,
) -> None:
    """Add a class or a team."""
    group = common.open_app().people.add_group(name)
    if as_json:
        common.print_json({"id": group.group_id, "name": group.name})
        return
    common.say(f"Added the group {group.name} (id {group.group_id[:8]}).")


@group_app.command("list")
def list_groups(as_json: common.JsonOption = False) -> None:
    """List groups with how many people belong to them today."""
    app = common.open_app()
    today = app.today()
    with app.uow() as uow:
        rows = [
            {
                "id": group.group_id if as_json else group.group_id[:8],
                "name": group.name,
                "people": len(uow.groups.roster(group.group_id, today)),
            }
            for group in uow.groups.all()
        ]
    empty = "There are no groups. Add one with: rollbook group add NAME"
    common.print_table(["id", "name", "people"], rows, as_json=as_json, empty=empty)


@group_app.command("join")
def join_group(
    group: Annotated[str, typer.Argument(help="Name, or the beginning of the id.")],
    people: Annotated[list[str], typer.Argument(metavar="PERSON...")],
    first_day: Annotated[
        str | None, typer.Option("--from", metavar="YYYY-MM-DD", help="By default today.")
    ] = None,
) -> None:
    """Let people belong to a group from a day on; before it nobody calls them absent."""
    app = common.open_app()
    found = find_group(app, group)
    subjects = [find_person(app, wanted).subject_id for wanted in people]
    joined = app.people.join(found.group_id, subjects, _date(first_day))
    common.say(f"{joined} of {len(subjects)} joined {found.name}; the others belonged to it.")


@group_app.command("leave")
def leave_group(
    group: Annotated[str, typer.Argument(help="Name, or the beginning of the id.")],
    people: Annotated[list[str], typer.Argument(metavar="PERSON...")],
    last_day: Annotated[
        str | None, typer.Option("--last-day", metavar="YYYY-MM-DD", help="By default today.")
    ] = None,
) -> None:
    """Let people leave a group; the registers of the days before stay as they are."""
    app = common.open_app()
    found = find_group(app, group)
    subjects = [find_person(app, wanted).subject_id for wanted in people]
    left = app.people.leave(found.group_id, subjects, _date(last_day))
    common.say(f"{left} of {len(subjects)} leave {found.name}; the others did not belong to it.")


@consent_app.command("record")
def record_consent(
    person: PersonArgument,
    text: Annotated[str, typer.Option("--text", "--consent", metavar="TEXT-ID")],
    given_by: GivenByOption = None,
    until: UntilOption = None,
    guardian: GuardianOption = None,
    crops: CropsOption = True,
    language: LanguageOption = "",
) -> None:
    """Record who agreed to which text; without it nothing is computed about a face."""
    app = common.open_app()
    found = find_person(app, person)
    terms = terms_of(text, given_by, until, guardian, crops=crops, language=language)
    if terms is None:
        raise InvalidInput("A consent needs both: --consent TEXT-ID and --given-by WHO.")
    app.consenting.record(found.subject_id, terms)
    common.say(f"Recorded: {found.name} agreed to {text}, given by {terms.given_by}.")


@consent_app.command("withdraw")
def withdraw_consent(
    person: PersonArgument,
    crops: Annotated[
        bool,
        typer.Option("--crops", help="Only that to keep pictures; recognition goes on."),
    ] = False,
) -> None:
    """Withdraw a consent; templates and crops are deleted at once."""
    app = common.open_app()
    found = find_person(app, person)
    if crops:
        gone = app.consenting.withdraw_crops(found.subject_id)
        common.say(f"{gone} crops of {found.name} were deleted at once; the templates stay.")
        return
    done = app.consenting.withdraw(found.subject_id)
    common.say(
        f"The consent of {found.name} is withdrawn; {done.samples} samples with their crops were "
        "deleted at once. Their attendance can be marked by hand, with equal rights."
    )


def commands(app: typer.Typer) -> None:
    """Add the commands to the program."""
    app.add_typer(person_app, name="person")
    app.add_typer(group_app, name="group")
    app.add_typer(consent_app, name="consent")
