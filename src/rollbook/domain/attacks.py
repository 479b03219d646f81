"""What is said about a face that may be a photograph or a screen."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AttackAssessment:
    """What a presentation attack detector says; `score` 0..1, higher = more an attack."""

    detector: str
    score: float
    refused: bool
