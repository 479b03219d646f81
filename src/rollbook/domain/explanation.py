"""Why the register says what it says about somebody, in one sentence."""

from __future__ import annotations

from rollbook.domain.attendance import (
    ABSENCE_TOLD,
    AttendanceRecord,
    Evidence,
    Mark,
    MarkKind,
    Method,
    status_in_force,
)

METHODS = {
    Method.FACE: "recognised at the camera",
    Method.PHOTO: "recognised on a photograph",
    Method.HAND: "by hand",
    Method.PIN: "by PIN",
    Method.QR: "by QR code",
    Method.INVENTED: "invented for demonstration",
}


def explain(record: AttendanceRecord) -> str:
    """Return the policy's rule, how the decisive mark came about and what it rests on."""
    said = decisive_mark(record)
    if said is None:
        return record.rule
    if said.kind is MarkKind.STATUS:
        return f"set by {said.by}" + (f": {said.reason}" if said.reason else "")
    parts = [record.rule, METHODS[said.method] + (f" {said.camera_id}" if said.camera_id else "")]
    if said.evidence is not None:
        parts.append(explain_evidence(said.evidence))
    return "; ".join(part for part in parts if part)


def decisive_mark(record: AttendanceRecord) -> Mark | None:
    """Return the statement of a person that is in force, else the arrival, else None.

    An absence that was told in advance decides nothing about somebody who came all the same.
    """
    said = status_in_force(record.marks)
    arrived = next((mark for mark in record.marks if mark.kind is MarkKind.ARRIVED), None)
    if said is None or (said.rule == ABSENCE_TOLD and arrived is not None):
        return arrived
    return said


def explain_evidence(evidence: Evidence) -> str:
    """Return score, threshold, margin and frames as they were at the time.

    >>> explain_evidence(Evidence(0.61, 0.41, 0.2, 0.05, 5, (), 30, 0.001, "sface", "dev"))
    'score 0.610 (threshold 0.410), margin 0.200 (needs 0.050), 5 frames, among 30 people'
    """
    frames = f"{evidence.frames} frame{'' if evidence.frames == 1 else 's'}"
    return (
        f"score {evidence.score:.3f} (threshold {evidence.threshold:.3f}), "
        f"margin {evidence.margin:.3f} (needs {evidence.required_margin:.3f}), "
        f"{frames}, among {evidence.gallery_size} people"
    )
