"""`rollbook verify` and `anchor`: whether the register was changed, and how to prove it later."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rollbook.cli import common
from rollbook.cli.output_files import whole_file
from rollbook.cli.register import login
from rollbook.errors import InvalidInput, RegisterTampered

if TYPE_CHECKING:
    from rollbook.bootstrap import App
    from rollbook.domain.anchors import AnchorCheck
    from rollbook.domain.register import Verification


def verify(
    anchor: Annotated[
        Path | None, typer.Option("--anchor", help="Compare with this anchor as well.")
    ] = None,
    public_key: Annotated[
        Path | None,
        typer.Option("--public-key", help="The site's public key, kept elsewhere (PEM)."),
    ] = None,
    accept_loss: Annotated[
        str | None,
        typer.Option(
            "--accept-loss",
            metavar="REASON",
            help="Go on although entries are gone that no backup brings back. Name nobody in it.",
        ),
    ] = None,
    as_json: common.JsonOption = False,
) -> None:
    """Check every entry and link of the register; exit 1 when it does not hold."""
    if public_key is not None and anchor is None:
        raise InvalidInput("--public-key is for --anchor: give both.")
    app = common.open_app(quiet=True)
    if accept_loss is not None:
        _accept_loss(app, accept_loss, as_json)
        return
    with common.progress_bar("Checking the register") as update:
        found = app.register.verify(update)
    erased = "" if found.faults else app.erased_list.problem()
    compared = None if anchor is None else _compared(app, anchor, public_key)
    if as_json:
        common.print_json(_told(found, compared) | {"erased_list": erased or None})
    else:
        _say(found, compared)
        if erased:
            common.warn(erased)
    if erased or not found.holds or (compared is not None and not compared.holds):
        raise typer.Exit(1)


def _compared(app: App, file: Path, public_key: Path | None) -> AnchorCheck:
    from rollbook.domain.anchors import read_anchor, read_public_key

    trusted = None if public_key is None else read_public_key(_read(public_key))
    try:
        return app.anchors.check(read_anchor(_read(file)), trusted)
    except RegisterTampered:  # the head is at fault, and was named
        raise common.fail(
            "The head of the register was changed, so it cannot be compared with an anchor."
        ) from None


def _read(file: Path) -> bytes:
    from rollbook.domain.anchors import LONGEST

    try:
        with file.open("rb") as stream:
            return stream.read(LONGEST + 1)
    except OSError as error:
        raise InvalidInput(f"{file} cannot be read: {error.strerror}.") from error


def _told(found: Verification, compared: AnchorCheck | None) -> dict[str, Any]:
    faults = [
        {"entry": one.number, "kind": one.kind.value, "session": one.session, "what": one.what}
        for one in found.faults
    ]
    told: dict[str, Any] = {"holds": found.holds, "entries": found.entries, "sheets": found.sheets}
    told["rows_since"] = found.rows_since or None
    told |= {"head": found.head, "faults": faults, "witness": None}
    if found.standing is not None:
        known = {"state": found.standing.state.value, "entries": found.standing.witnessed}
        told["witness"] = {**known, "what": found.standing.sentence()}
    if compared is not None:
        told["anchor"] = {
            "state": compared.state.value,
            "entries": compared.anchor.number,
            "uncovered": compared.uncovered,
            "what": " ".join(compared.sentences),
        }
    return told


def _rows_said(found: Verification) -> str:
    if found.rows_since:
        agree = (
            "Accounts, settings, and who belongs to groups agree with what entry "
            f"{found.rows_since} and those after it tell."
        )
        if found.rows_since == 1:
            return agree
        return (
            f"{agree} That entry noted them as they were found: changes before it are compared "
            "only as far as older entries tell of them."
        )
    return (
        "Accounts, settings, and who belongs to groups are compared as far as entries tell of "
        "them. The next rollbook up notes how it finds them, and from then on all are."
    )


def _say(found: Verification, compared: AnchorCheck | None) -> None:
    if not found.faults:
        common.say(f"The chain holds: {found.entries} entries, {found.sheets} sheets.")
        common.say(f"Head: {found.head or 'none yet'}")
        common.say(_rows_said(found))
    for fault in found.faults:
        common.warn(fault.what)
    if found.faults:
        common.warn(
            "The register does not hold: it was changed outside of Rollbook, first at entry "
            f"{found.faults[0].number}. Keep this copy as it is, and compare it with a backup."
        )
    if (standing := found.standing) is not None:
        (common.warn if standing.refuses else common.say)(standing.sentence())
        if standing.refuses:
            common.warn(
                'If no backup has the lost entries: rollbook verify --accept-loss "why" lets the '
                "register go on, and keeps for ever how many are missing."
            )
    for sentence in () if compared is None else compared.sentences:
        (common.say if compared is not None and compared.holds else common.warn)(sentence)


def _accept_loss(app: App, reason: str, as_json: bool) -> None:
    before, receipt = app.losses.accept(reason, login())
    if as_json:
        told = {"entries": before.entries, "witnessed": before.witnessed}
        common.print_json({**told, "receipt": receipt.receipt_id})
        return
    common.say(
        f"The register goes on after entry {before.entries}; it once had {before.witnessed}. That "
        f"is its next entry, and receipt {receipt.receipt_id[:8]}. Make an anchor now: rollbook "
        "anchor"
    )


def anchor(
    out: Annotated[
        Path | None, typer.Option("--out", help="File to write; by default the site's folder.")
    ] = None,
    key_out: Annotated[
        Path | None, typer.Option("--key-out", help="Write the site's public key there (PEM).")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace files that are there.")] = False,
    as_json: common.JsonOption = False,
) -> None:
    """Write the register's head, signed by the site: keep it on another machine, or on paper."""
    from rollbook.domain.anchors import fingerprint, public_key_text

    app = common.open_app()
    if key_out is not None:
        _write(key_out, public_key_text(app.anchors.public_key()), force)
    file = app.settings.resolved_anchors_dir if out is None else out
    if out is None:
        made = app.anchors.make(login(), app.keep_anchor)
        file = file / made.name
    else:
        made = app.anchors.make(login(), lambda _anchor, text: _write(out, text, force))
    shown = fingerprint(made.public_key)
    if as_json:
        told = {"entries": made.number, "head": made.link.hex(), "file": str(file)}
        common.print_json({**told, "fingerprint": shown})
        return
    common.say(f"{file} vouches for {made.number} entries. Head: {made.link.hex()}")
    common.say(f"Fingerprint of the site's key: {shown}")
    common.say("It proves something only once it lies where this machine's owner cannot change it.")


def _write(file: Path, text: str, force: bool) -> None:
    with whole_file(file, replace=force) as stream:
        stream.write(text.encode())


def commands(app: typer.Typer) -> None:
    """Add the commands to the program."""
    app.command("verify")(verify)
    app.command("anchor")(anchor)
