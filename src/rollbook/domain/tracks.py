"""One face followed over many frames: samples are gathered until they agree, or are given up."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np

from rollbook.domain.gallery import Candidate, Gallery
from rollbook.domain.identification import (
    Doubt,
    Identified,
    LookAlikes,
    OperatingPoint,
    Unidentified,
    decide,
)
from rollbook.domain.templates import Template, unit_rows


@dataclass(frozen=True, slots=True)
class TrackRules:
    """How many samples a track needs, and how many it may cost."""

    agreeing: int = 3  # samples whose best candidate is the same subject
    budget: int = 8  # embeddings spent before the track stays unknown
    spacing: timedelta = timedelta(milliseconds=60)  # frames nearer than this show the same thing
    retry_after: timedelta = timedelta(seconds=3)  # an unknown track is looked at again
    frame_slack: float = 2.0  # a sample agrees when so many margins below the threshold, or above

    def __post_init__(self) -> None:
        if self.agreeing < 2:
            raise ValueError("at least two agreeing frames are needed; one frame names nobody")
        if self.budget < self.agreeing:
            raise ValueError("budget must be at least as large as agreeing")

    def near(self, point: OperatingPoint) -> float:
        """Return the score from which a single sample speaks for its best candidate."""
        return point.threshold - self.frame_slack * point.margin


@dataclass(frozen=True, slots=True)
class TrackSample:
    """One embedded frame of a track."""

    template: Template
    weight: float  # quality 0..1
    at: datetime
    best: Candidate | None


@dataclass(slots=True)
class TrackEvidence:
    """The samples of one track, and what they say together."""

    rules: TrackRules
    samples: list[TrackSample] = field(default_factory=list)

    def wants(self, at: datetime) -> bool:
        """Return whether another sample at this time is worth an embedding."""
        if len(self.samples) >= self.rules.budget:
            return False
        return not self.samples or at - self.samples[-1].at >= self.rules.spacing

    def add(self, sample: TrackSample) -> None:
        self.samples.append(sample)

    def decide(
        self, gallery: Gallery, point: OperatingPoint, look_alikes: LookAlikes = frozenset()
    ) -> Identified | Unidentified | None:
        """Return the decision, or None while more samples may change it.

        A name needs at least `agreeing` samples that each come near the threshold with the same
        best candidate, two thirds of all samples for it, and the fused template of all samples
        above the threshold with margin. So one lucky frame cannot carry the others.
        """
        count = len(self.samples)
        exhausted = count >= self.rules.budget
        if count < self.rules.agreeing:
            return None
        votes: dict[str, int] = {}
        for sample in self.samples:
            near = self.rules.near(point)
            if sample.best is not None and sample.best.score >= near:
                votes[sample.best.subject_id] = votes.get(sample.best.subject_id, 0) + 1
        leader, agreeing = max(votes.items(), key=lambda vote: vote[1], default=("", 0))
        fused = self.fused()
        candidates = gallery.search(fused)
        outcome = decide(candidates, point, look_alikes=look_alikes, frames=count)
        agreed = agreeing >= self.rules.agreeing and 3 * agreeing >= 2 * count
        if isinstance(outcome, Identified):
            if agreed and outcome.subject_id == leader:
                return outcome
            outcome = Unidentified(Doubt.FRAMES_DISAGREE, outcome.candidates, point, count)
        return outcome if exhausted else None

    def fused(self) -> Template:
        """Return the quality-weighted mean direction of all samples."""
        rows = np.stack([sample.template.values for sample in self.samples])
        weights = np.array([max(sample.weight, 1e-3) for sample in self.samples], dtype=np.float32)
        mean = (rows * weights[:, None]).sum(axis=0, keepdims=True)
        return Template(unit_rows(mean)[0], self.samples[0].template.space)
