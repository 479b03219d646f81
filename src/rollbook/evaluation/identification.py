"""Open-set identification (1:N): people who are enrolled, and strangers who must stay unknown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rollbook.domain.gallery import Candidate, Gallery, fused_gallery
from rollbook.domain.identification import (
    Calibration,
    Identified,
    OperatingPoint,
    ProbeKind,
    decide,
)
from rollbook.domain.ports import Progress
from rollbook.domain.templates import Template, TemplateSpace
from rollbook.evaluation.acquire import Acquirer
from rollbook.evaluation.metrics import Rate, fnir_at, threshold_at_fpir
from rollbook.evaluation.protocol import Protocol, ProtocolRow, Role

FPIRS = (0.01, 0.003, 0.001)


@dataclass(frozen=True, slots=True)
class Search:
    """One probe, what the gallery answered, and what the product would have said."""

    row: ProtocolRow
    acquired: bool
    candidates: tuple[Candidate, ...]
    own_score: float  # -inf when the probe or the person's enrolment failed, or for a stranger
    decision: str  # an identity, or empty

    @property
    def best_score(self) -> float:
        return self.candidates[0].score if self.candidates else -np.inf

    @property
    def own_first(self) -> bool:
        return bool(self.candidates) and self.candidates[0].subject_id == self.row.identity


@dataclass(frozen=True, slots=True)
class IdentificationResult:
    """All searches of a protocol. `point` is None while the embedder is not calibrated."""

    asked: int  # identities to enrol
    enrolled: int  # identities of which a face was found
    searches: tuple[Search, ...]
    point: OperatingPoint | None

    def of(self, role: Role) -> list[Search]:
        return [search for search in self.searches if search.row.role is role]

    def to_json(self) -> dict[str, Any]:
        """Return the figures as the command prints them; rates 0..1 with 95 % intervals."""
        mated, strangers = self.of(Role.MATED), self.of(Role.NONMATED)
        failed = sum(not search.acquired for search in self.searches)
        first = Rate(sum(search.own_first for search in mated), len(mated))
        return {
            "enrolled": self.enrolled,
            "mated": len(mated),
            "nonmated": len(strangers),
            "fte": self.asked - self.enrolled,
            "fta": failed,
            "fte_rate": Rate(self.asked - self.enrolled, self.asked).value,
            "fta_rate": Rate(failed, len(self.searches)).value,
            "rank1": first.value,
            "rank1_interval": first.interval,
            "fnir_at_fpir": {str(fpir): self._at(fpir) for fpir in FPIRS},
            "default": self._default(),
        }

    def _at(self, fpir: float) -> dict[str, Any]:
        strangers = np.array([search.best_score for search in self.of(Role.NONMATED)])
        threshold = threshold_at_fpir(strangers, fpir)
        missed = self._missed(threshold)
        reached = Rate(int((strangers >= threshold).sum()), len(strangers))
        return {
            "fnir": missed.value,
            "interval": missed.interval,
            "threshold": threshold,
            "fpir": reached.value,
        }

    def _missed(self, threshold: float) -> Rate:
        mated = self.of(Role.MATED)
        return fnir_at(
            np.array([search.own_score for search in mated], dtype=np.float64),
            np.array([search.own_first for search in mated], dtype=np.bool_),
            threshold,
        )

    def _default(self) -> dict[str, Any] | None:
        if self.point is None:
            return None
        mated, strangers = self.of(Role.MATED), self.of(Role.NONMATED)
        missed = Rate(sum(s.decision != s.row.identity for s in mated), len(mated))
        named = Rate(sum(bool(s.decision) for s in strangers), len(strangers))
        wrong = Rate(
            sum(bool(s.decision) and s.decision != s.row.identity for s in mated), len(mated)
        )
        return {
            "threshold": self.point.threshold,
            "fpir": named.value,
            "fnir": missed.value,
            "misidentified": wrong.count,
            "strangers_named": named.count,
            "fpir_interval": named.interval,
            "fnir_interval": missed.interval,
            "target_fpir": self.point.target_fpir,
            "gallery_size": self.point.gallery_size,
            "margin": self.point.margin,
            "raised": self.point.raised,
        }


def evaluate_identification(
    protocol: Protocol,
    acquirer: Acquirer,
    calibrations: Mapping[ProbeKind, Calibration],
    target_fpir: float,
    progress: Progress,
) -> IdentificationResult:
    """Enrol, search and decide with the product's own parts, and keep what came out."""
    total = len(protocol.enrol) + len(protocol.mated) + len(protocol.nonmated)
    space = acquirer.engine.space
    gallery = _enrolled(protocol, acquirer, space, lambda done, _: progress(done, total))
    calibration = calibrations.get(ProbeKind.SINGLE)
    point = (
        calibration.operating_point(target_fpir, len(gallery), gallery.cohort())
        if calibration
        else None
    )
    probes = [*protocol.mated, *protocol.nonmated]
    made = acquirer.templates(
        [row.path for row in probes],
        mirrored=False,
        progress=lambda done, _: progress(len(protocol.enrol) + done, total),
    )
    searches = _searches(probes, made, gallery, point)
    asked = len({row.identity for row in protocol.enrol})
    return IdentificationResult(asked, len(gallery), tuple(searches), point)


def _enrolled(
    protocol: Protocol, acquirer: Acquirer, space: TemplateSpace, progress: Progress
) -> Gallery:
    made = acquirer.templates(
        [row.path for row in protocol.enrol], mirrored=True, progress=progress
    )
    owners = [row.identity for row, template in zip(protocol.enrol, made, strict=True) if template]
    rows = [template.values for template in made if template]
    empty = np.empty((0, space.dimension), dtype=np.float32)
    return fused_gallery(space, owners, np.stack(rows) if rows else empty)


def _searches(
    rows: Sequence[ProtocolRow],
    made: Sequence[Template | None],
    gallery: Gallery,
    point: OperatingPoint | None,
) -> list[Search]:
    index = {subject: number for number, subject in enumerate(gallery.subject_ids)}
    searches = []
    for row, template in zip(rows, made, strict=True):
        if template is None:
            searches.append(Search(row, False, (), -np.inf, ""))
            continue
        candidates = gallery.search(template)
        own = -np.inf
        if row.role is Role.MATED and row.identity in index:
            own = float(gallery.scores(template.values[None])[0, index[row.identity]])
        decision = decide(candidates, point) if point else None
        name = decision.subject_id if isinstance(decision, Identified) else ""
        searches.append(Search(row, True, tuple(candidates), own, name))
    return searches
