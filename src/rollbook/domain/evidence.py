"""From a decision to what a mark keeps of it."""

from __future__ import annotations

from rollbook.domain.attendance import Evidence
from rollbook.domain.identification import Identified


def evidence_of(
    decision: Identified,
    *,
    attack_detector: str | None = None,
    attack_score: float | None = None,
) -> Evidence:
    """Return all that an auditor needs to understand why this person was named."""
    point = decision.point
    return Evidence(
        score=round(decision.score, 4),
        threshold=round(point.threshold, 4),
        margin=round(decision.margin, 4),
        required_margin=round(decision.needed, 4),
        frames=decision.frames,
        candidates=tuple((c.subject_id, round(c.score, 4)) for c in decision.candidates),
        gallery_size=point.gallery_size,
        target_fpir=point.target_fpir,
        space=str(point.space),
        measured_on=point.measured_on,
        attack_detector=attack_detector,
        attack_score=attack_score,
        raised=round(point.raised, 4),
    )
