"""Faces that wait for a person: what is kept of a decision that was not certain enough."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rollbook.domain.attendance import Evidence
from rollbook.domain.identification import Doubt, Unidentified

CAMERA, PHOTO = "camera", "photo"


@dataclass(frozen=True, slots=True)
class Doubtful:
    """A face that resembles somebody, with the evidence; there is no picture of it."""

    review_id: str
    session_id: str
    seen_at: datetime
    doubt: Doubt
    candidates: tuple[tuple[str, float], ...]  # (subject id, score), best first
    source: str  # "camera" or "photo"
    camera_id: str | None = None
    photo: int | None = None  # 0-based
    face: int | None = None  # 1-based
    threshold: float | None = None
    required_margin: float | None = None
    frames: int = 1
    gallery_size: int = 0
    target_fpir: float = 0.0
    space: str = ""
    measured_on: str = ""
    level: float = -1.0  # score from which a candidate is worth a look

    @property
    def likely(self) -> tuple[tuple[str, float], ...]:
        """Return the candidates that the face may well be; always at least the best one."""
        near = tuple(c for c in self.candidates if c[1] >= self.level)
        return near or self.candidates[:1]

    def evidence_for(self, subject_id: str) -> Evidence | None:
        """Return what a mark keeps when a person says that it was this one."""
        score = dict(self.candidates).get(subject_id)
        if score is None or self.threshold is None:
            return None
        others = [other for subject, other in self.candidates if subject != subject_id]
        return Evidence(
            score=score,
            threshold=self.threshold,
            margin=round(score - max(others), 4) if others else score,
            required_margin=self.required_margin or 0.0,
            frames=self.frames,
            candidates=self.candidates,
            gallery_size=self.gallery_size,
            target_fpir=self.target_fpir,
            space=self.space,
            measured_on=self.measured_on,
        )


def worth_a_look(decision: object, level: float) -> bool:
    """Return whether an unknown face is near enough to somebody for a person to decide.

    `level` is the score that one stranger in twenty would reach; where two are too alike the
    threshold itself was passed.
    """
    if not isinstance(decision, Unidentified) or not decision.candidates or not decision.point:
        return False
    return decision.candidates[0].score >= level


def doubt_body(
    decision: Unidentified, seen_at: datetime, source: str, level: float, **more: object
) -> dict[str, object]:
    """Return the JSON values that are kept of a face that waits."""
    point = decision.point
    body: dict[str, object] = {
        "subject_id": decision.candidates[0].subject_id,
        "doubt": decision.doubt.value,
        "candidates": [[c.subject_id, round(c.score, 4)] for c in decision.candidates],
        "seen_at": seen_at.isoformat(),
        "source": source,
        "frames": decision.frames,
        "level": round(level, 4),
    }
    if point is not None:
        body |= {
            "threshold": round(point.threshold, 4),
            "required_margin": round(point.margin, 4),
            "gallery_size": point.gallery_size,
            "target_fpir": point.target_fpir,
            "space": str(point.space),
            "measured_on": point.measured_on,
        }
    return body | {name: value for name, value in more.items() if value is not None}


def doubt_from_body(
    review_id: str, session_id: str, body: Mapping[str, Any], created_at: datetime
) -> Doubtful:
    """Return what `doubt_body` kept; fields that older items lack have their defaults."""
    kept = {
        name: body[name]
        for name in (
            "camera_id photo face threshold required_margin frames gallery_size target_fpir "
            "space measured_on level"
        ).split()
        if name in body
    }
    seen_at = body.get("seen_at")
    return Doubtful(
        review_id=review_id,
        session_id=session_id,
        seen_at=datetime.fromisoformat(seen_at) if seen_at else created_at,
        doubt=Doubt(body["doubt"]),
        candidates=tuple((str(subject), float(score)) for subject, score in body["candidates"]),
        source=str(body.get("source", PHOTO)),
        **kept,
    )
