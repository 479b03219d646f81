"""`rollbook mark` and what other commands show of the register."""

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
        session, subject.subject_id, status, reason or None, by or login()
    )
    if as_json:
        told = {"mark": written.mark_id, "session": written.session_id, "person": subject.name}
        common.print_json({**told, "status": status.value, "corrects": written.corrects})
        return
    common.say(f"{subject.name}: {status.value.replace('_', ' ')}.")


def login() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # no such user in this container
        return "command line"


def commands(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("mark")(mark)
