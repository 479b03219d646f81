"""From candidates to a decision: whose face is it, or nobody's that is known here."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import StrEnum

from rollbook.domain.faces import Refusal
from rollbook.domain.gallery import Candidate, Cohort
from rollbook.domain.templates import TemplateSpace


class ProbeKind(StrEnum):
    """What a probe was made of; each kind has a calibration of its own."""

    TRACK = "track"  # several agreeing frames of one face
    SINGLE = "single"  # one face in one photograph


@dataclass(frozen=True, slots=True)
class Calibration:
    """How often two different people reach a score, fitted for one embedder and kind of probe.

    log10 FMR(t) = c0 + c1 t + c2 t^2 for thresholds t in `valid`; outside of it the ends are
    continued by their tangents, which for a falling, hollow curve errs to the safe side.
    `cohort` is how alike the people looked on whom it was found, and `evidence` says who they were.
    """

    space: TemplateSpace
    kind: ProbeKind
    coefficients: tuple[float, float, float]
    valid: tuple[float, float]
    margin: float  # over the runner-up, in score
    evidence: str
    cohort: Cohort | None = None

    def fmr(self, threshold: float) -> float:
        """Return the expected false match rate of one comparison, 0..1."""
        c0, c1, c2 = self.coefficients
        clamped = min(max(threshold, self.valid[0]), self.valid[1])
        slope = c1 + 2 * c2 * clamped
        exponent = c0 + c1 * clamped + c2 * clamped**2 + slope * (threshold - clamped)
        return float(min(1.0, 10.0**exponent))

    def fpir(self, threshold: float, gallery_size: int) -> float:
        """Return the expected rate at which a stranger gets some identity, 0..1."""
        return -math.expm1(gallery_size * math.log1p(-min(self.fmr(threshold), 1 - 1e-12)))

    def operating_point(
        self, target_fpir: float, gallery_size: int, cohort: Cohort | None = None
    ) -> OperatingPoint:
        """Return the lowest threshold whose expected FPIR is at most `target_fpir`.

        With the `cohort` of the very gallery the threshold rises where its people look more
        alike than those of the calibration (one age, one camera, one light); it never falls.
        """
        if not 0 < target_fpir < 1:
            raise ValueError(f"target_fpir must lie between 0 and 1, got {target_fpir}")
        expected = self._threshold(target_fpir, max(1, gallery_size))
        threshold = self._raised(expected, cohort)
        return OperatingPoint(
            threshold=threshold,
            margin=self.margin,
            kind=self.kind,
            space=self.space,
            target_fpir=target_fpir,
            gallery_size=max(1, gallery_size),
            measured_on=self.evidence,
            raised=threshold - expected,
        )

    def _threshold(self, target_fpir: float, gallery_size: int) -> float:
        low, high = -1.0, 1.0
        for _ in range(60):
            middle = (low + high) / 2
            if self.fpir(middle, gallery_size) > target_fpir:
                low = middle
            else:
                high = middle
        return high

    def _raised(self, threshold: float, cohort: Cohort | None) -> float:
        """Place the threshold as many deviations above this gallery's mean as it was before."""
        if cohort is None or self.cohort is None:
            return threshold
        wider = max(1.0, cohort.deviation / self.cohort.deviation)
        higher = max(0.0, cohort.mean - self.cohort.mean)
        moved = self.cohort.mean + higher + (threshold - self.cohort.mean) * wider
        return min(1.0, max(threshold, moved))


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """A threshold with its evidence."""

    threshold: float
    margin: float
    kind: ProbeKind
    space: TemplateSpace
    target_fpir: float
    gallery_size: int
    measured_on: str
    raised: float = 0.0  # part of the threshold that is there because this roster looks alike


class Doubt(StrEnum):
    """Why a face stays unknown."""

    EMPTY_GALLERY = "empty_gallery"
    BELOW_THRESHOLD = "below_threshold"
    AMBIGUOUS = "ambiguous"  # the runner-up is too near
    FRAMES_DISAGREE = "frames_disagree"
    TOO_FEW_FRAMES = "too_few_frames"


DOUBT_TEXT: dict[Doubt, str] = {
    Doubt.EMPTY_GALLERY: "nobody of this session has samples",
    Doubt.BELOW_THRESHOLD: "nobody known",
    Doubt.AMBIGUOUS: "several people are too alike",
    Doubt.FRAMES_DISAGREE: "the pictures disagree",
    Doubt.TOO_FEW_FRAMES: "too few pictures",
}


@dataclass(frozen=True, slots=True)
class Identified:
    """A known subject, with all that led to it."""

    subject_id: str
    score: float
    margin: float  # score minus the runner-up's; the score itself when there is none
    candidates: tuple[Candidate, ...]
    point: OperatingPoint
    frames: int = 1
    required_margin: float | None = None  # over this runner-up; None: that of `point`

    @property
    def needed(self) -> float:
        """Return the margin over the runner-up that this name had to have."""
        return self.point.margin if self.required_margin is None else self.required_margin


@dataclass(frozen=True, slots=True)
class Unidentified:
    """Nobody known here; `candidates` are for review, never for a name on a screen."""

    doubt: Doubt
    candidates: tuple[Candidate, ...] = field(default=())
    point: OperatingPoint | None = None
    frames: int = 1


@dataclass(frozen=True, slots=True)
class Rejected:
    """The face could not be used; nothing was compared."""

    reason: Refusal


Decision = Identified | Unidentified | Rejected
LookAlikes = frozenset[frozenset[str]]
"""Pairs of subjects that need a larger margin between them."""

LOOK_ALIKE_FACTOR = 2.0


def decide(
    candidates: list[Candidate],
    point: OperatingPoint,
    *,
    look_alikes: LookAlikes = frozenset(),
    frames: int = 1,
) -> Identified | Unidentified:
    """Name the best candidate only above the threshold and clear of the runner-up.

    `candidates` are best first. A pair in `look_alikes` needs LOOK_ALIKE_FACTOR times the margin.
    """
    shown = tuple(candidates)
    if not shown:
        return Unidentified(Doubt.EMPTY_GALLERY, (), point, frames)
    best = shown[0]
    if best.score < point.threshold:
        return Unidentified(Doubt.BELOW_THRESHOLD, shown, point, frames)
    pairs = [frozenset((best.subject_id, other.subject_id)) for other in shown[1:]]
    required = [
        point.margin * (LOOK_ALIKE_FACTOR if pair in look_alikes else 1.0) for pair in pairs
    ]
    for other, needed in zip(shown[1:], required, strict=True):
        if best.score - other.score < needed:
            return Unidentified(Doubt.AMBIGUOUS, shown, point, frames)
    margin = best.score - shown[1].score if len(shown) > 1 else best.score
    needed = required[0] if required else point.margin
    return Identified(best.subject_id, best.score, margin, shown, point, frames, needed)
