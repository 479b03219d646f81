"""`rollbook register`, `mark` and `verify`: what the register says, and how to correct it."""

from __future__ import annotations

import getpass
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from rollbook.cli import common
from rollbook.domain.attendance import AttendanceRecord, Status
from rollbook.domain.explanation import decisive_mark, explain

ERASED = "erased person"


def record_row(
    record: AttendanceRecord, names: Mapping[str, str], zone: ZoneInfo
) -> dict[str, Any]:
    return {
        "person": names.get(record.subject_id, ERASED),
        "subject_id": record.subject_id,
        "status": record.status.value,
        "arrived": _clock(record.arrived_at, zone),
        "left": _clock(record.left_at, zone),
        "method": None if record.method is None else record.method.value,
        "why": explain(record),
        "reason": record.reason,
    }


def evidence_row(record: AttendanceRecord, names: Mapping[str, str]) -> dict[str, Any]:
    """Return what an auditor reads beside the sentence."""
    said = decisive_mark(record)
    if said is None or said.evidence is None:
        return {"evidence": None}
    evidence = said.evidence
    return {
        "evidence": {
            "score": evidence.score,
            "threshold": evidence.threshold,
            "raised": evidence.raised,
            "margin": evidence.margin,
            "required_margin": evidence.required_margin,
            "frames": evidence.frames,
            "camera": said.camera_id,
            "direction": said.direction.value,
            "rule": said.rule,
            "candidates": [[names.get(who, ERASED), score] for who, score in evidence.candidates],
            "gallery_size": evidence.gallery_size,
            "target_fpir": evidence.target_fpir,
            "space": evidence.space,
            "measured_on": evidence.measured_on,
            "attack_detector": evidence.attack_detector,
            "attack_score": evidence.attack_score,
        }
    }


def _clock(at: datetime | None, zone: ZoneInfo) -> str | None:
    return None if at is None else at.astimezone(zone).strftime("%H:%M:%S")


def counts(records: list[AttendanceRecord]) -> dict[str, int]:
    found: dict[str, int] = {}
    for record in records:
        found[record.status.value] = found.get(record.status.value, 0) + 1
    return found


def counted(counts: Mapping[str, int]) -> str:
    parts = [f"{counts[s.value]} {s.value.replace('_', ' ')}" for s in Status if s.value in counts]
    return ", ".join(parts) or "nobody is on the roster"


def mark(
    person: Annotated[str, typer.Argument(help="Name, external id, or beginning of the id.")],
    session: Annotated[str, typer.Option("--session", help="Id of the session.")],
    status: Annotated[Status, typer.Option("--status", case_sensitive=False)],
    reason: Annotated[str, typer.Option("--reason", help="Why; kept under the person's key.")] = "",
    by: Annotated[
        str | None, typer.Option("--by", help="Who says so; by default who is logged in.")
    ] = None,
    as_json: common.JsonOption = False,
) -> None:
    """Set somebody's status by hand, also in a closed session; nothing is overwritten."""
    from rollbook.services.finding import find_subject

    app = common.open_app()
    with app.uow() as uow:
        subject = find_subject(uow, person)
    written = app.register.mark_by_hand(
        session, subject.subject_id, status, reason or None, by or _login()
    )
    if as_json:
        told = {"mark": written.mark_id, "session": written.session_id, "person": subject.name}
        common.print_json({**told, "status": status.value, "corrects": written.corrects})
        return
    common.say(f"{subject.name}: {status.value.replace('_', ' ')}.")


def _login() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # no such user in this container
        return "command line"


def verify(as_json: common.JsonOption = False) -> None:
    """Check every entry and link of the register; exit 1 when it does not hold."""
    app = common.open_app()
    with common.progress_bar("Checking the register") as update:
        found = app.register.verify(update)
    if as_json:
        faults = [{"entry": fault.number, "what": fault.what} for fault in found.faults]
        told = {"holds": found.holds, "entries": found.entries, "sheets": found.sheets}
        common.print_json({**told, "head": found.head, "faults": faults})
    elif found.holds:
        common.say(f"The register holds: {found.entries} entries, {found.sheets} sheets.")
        common.say(f"Head: {found.head or 'none yet'}")
    if not found.holds:
        if not as_json:
            for fault in found.faults:
                common.warn(f"Entry {fault.number}: {fault.what}.")
        raise common.fail(
            f"The register does not hold: it was changed outside of Rollbook, first at entry "
            f"{found.faults[0].number}. Keep this copy as it is, and compare it with a backup."
        )


def commands(app: typer.Typer) -> None:
    """Add the commands to the program."""
    app.command("mark")(mark)
    app.command("verify")(verify)
