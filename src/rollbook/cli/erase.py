"""Erasing people for ever, with a receipt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from rollbook.cli import common
from rollbook.cli.people import find_person

if TYPE_CHECKING:
    from rollbook.domain.receipts import Receipt

STATES = {
    "complete": "The erasure is complete.",
    "pending": "Somebody still reads the log of changes: it is cut as soon as they end. Run "
    "rollbook erase --finish later, or leave it to rollbook up.",
    "remains found": "REMAINS WERE FOUND. Look at what is listed below.",
}


def commands(app: typer.Typer) -> None:
    app.command("erase")(erase)


def erase(
    person: Annotated[
        str | None,
        typer.Argument(metavar="PERSON", help="Name, external id, or the beginning of the id."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    finish: Annotated[
        bool, typer.Option("--finish", help="Finish erasures that were interrupted or had to wait.")
    ] = False,
    as_json: common.JsonOption = False,
) -> None:
    """Erase a person for ever: their rows and their key; then prove it and write a receipt."""
    if (person is None) is not finish:
        raise typer.BadParameter("Name a person, or give --finish.")
    app = common.open_app()
    if person is None:
        _show(app.erasing.finish_all(), as_json)
        return
    found = find_person(app, person)
    question = (
        f"Erase {found.name} for ever? Everything but the marks under a random number is "
        "destroyed. It cannot be undone."
    )
    if not yes and not typer.confirm(question):
        raise common.fail("Nobody was erased.")
    _show(app.erasing.erase([found.subject_id]), as_json)


def _show(receipts: list[Receipt], as_json: bool) -> None:
    if as_json:
        common.print_json([_json(receipt) for receipt in receipts])
    elif not receipts:
        common.say("No erasure waits to be finished.")
    else:
        for receipt in receipts:
            _say(receipt)
    if any(receipt.body["state"] == "remains found" for receipt in receipts):
        raise typer.Exit(1)


def _json(receipt: Receipt) -> dict[str, Any]:
    return {
        "receipt": receipt.receipt_id,
        "at": receipt.at.isoformat(),
        **receipt.body,
        "signature": receipt.signature.hex(),
    }


def _say(receipt: Receipt) -> None:
    from rollbook.services.receipt_words import erasure_words

    common.say(STATES[str(receipt.body["state"])])
    for line in erasure_words(receipt.body):
        common.say(f"  {line}")
    common.say(f"Receipt {receipt.receipt_id}, signed by this site.")
