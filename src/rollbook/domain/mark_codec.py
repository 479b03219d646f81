"""Marks as JSON values: what an entry of the register holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

from rollbook.domain.attendance import Direction, Evidence, Mark, MarkKind, Method, Status

EVIDENCE = tuple(f.name for f in fields(Evidence))


def mark_to_body(mark: Mark) -> dict[str, object]:
    """Return JSON values; what is not set is left out."""
    body: dict[str, object] = {
        "mark_id": mark.mark_id,
        "session_id": mark.session_id,
        "subject_id": mark.subject_id,
        "kind": mark.kind.value,
        "at": mark.at.astimezone(UTC).isoformat(),
        "method": mark.method.value,
        "by": mark.by,
        "status": None if mark.status is None else mark.status.value,
        "rule": mark.rule or None,
        "camera_id": mark.camera_id,
        "direction": None if mark.direction is Direction.BOTH else mark.direction.value,
        "reason": mark.reason,
        "corrects": mark.corrects,
        "evidence": None if mark.evidence is None else _evidence_to_body(mark.evidence),
    }
    return {name: value for name, value in body.items() if value is not None}


def mark_from_body(body: Mapping[str, Any]) -> Mark:
    """Return the mark that `mark_to_body` wrote, with its time in UTC."""
    status, evidence = body.get("status"), body.get("evidence")
    return Mark(
        mark_id=body["mark_id"],
        session_id=body["session_id"],
        subject_id=body["subject_id"],
        kind=MarkKind(body["kind"]),
        at=datetime.fromisoformat(body["at"]).astimezone(UTC),
        method=Method(body["method"]),
        by=body["by"],
        status=None if status is None else Status(status),
        rule=body.get("rule", ""),
        camera_id=body.get("camera_id"),
        direction=Direction(body.get("direction", Direction.BOTH)),
        reason=body.get("reason"),
        corrects=body.get("corrects"),
        evidence=None if evidence is None else _evidence_from_body(evidence),
    )


def _evidence_to_body(evidence: Evidence) -> dict[str, object]:
    body = {name: getattr(evidence, name) for name in EVIDENCE}
    body["candidates"] = [[subject_id, score] for subject_id, score in evidence.candidates]
    return {name: value for name, value in body.items() if value is not None}


def _evidence_from_body(body: Mapping[str, Any]) -> Evidence:
    known = {name: body[name] for name in EVIDENCE if name in body}
    known["candidates"] = tuple((subject_id, score) for subject_id, score in body["candidates"])
    return Evidence(**known)
