"""Class photographs: who is on them, as proposals that a person or a strict rule confirms."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

from rollbook.domain.attendance import (
    Direction,
    Evidence,
    Ignored,
    Mark,
    Method,
    Session,
)
from rollbook.domain.evidence import evidence_of
from rollbook.domain.faces import DetectedFace, Pixels, Refusal
from rollbook.domain.gallery import Candidate
from rollbook.domain.geometry import Box
from rollbook.domain.identification import (
    Decision,
    Doubt,
    Identified,
    ProbeKind,
    Rejected,
    Unidentified,
    decide,
)
from rollbook.domain.ports import Clock, OpenUnitOfWork, ReviewItem
from rollbook.domain.review import PHOTO, doubt_body, worth_a_look
from rollbook.domain.subjects import new_id
from rollbook.domain.tallies import PHOTOGRAPHED, Count
from rollbook.domain.templates import Template, fuse
from rollbook.services.galleries import SessionGallery
from rollbook.services.reviewing import all_agree

Detect = Callable[[Pixels], list[DetectedFace]]
Embed = Callable[[Pixels, list[DetectedFace]], npt.NDArray[np.float32]]
Gate = Callable[[Pixels, DetectedFace], tuple[Refusal, ...]]
GalleryOf = Callable[[Session], SessionGallery]
Sight = Callable[
    [str, str, datetime, Method, Direction, str | None, Evidence | None], Mark | Ignored
]


@dataclass(frozen=True, slots=True)
class PhotoFace:
    """One face of one photograph and what it is taken for."""

    photo: int  # 0-based index of the photograph
    number: int  # 1-based, in its photograph: row by row, each from left to right
    box: Box
    decision: Decision
    template: Template | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Proposal:
    """One person who is seen on the photographs, with the best face."""

    subject_id: str
    face: PhotoFace
    decision: Identified
    seen_on: tuple[int, ...]  # photographs that show the person


@dataclass(frozen=True, slots=True)
class PhotoResult:
    """What several photographs of one moment show."""

    proposals: tuple[Proposal, ...]  # certain enough to be confirmed, best score first
    faces: tuple[PhotoFace, ...]  # all faces of all photographs
    missing: tuple[str, ...]  # subject ids of the roster that no face was taken for
    point_threshold: float
    required_margin: float
    review_level: float  # score from which an unsure face is worth a person's look
    unfindable: tuple[str, ...] = ()  # of the roster, without consent or sample

    @property
    def unsure(self) -> tuple[PhotoFace, ...]:
        """Return the faces that a person should look at: near somebody, but not certain."""
        return tuple(f for f in self.faces if worth_a_look(f.decision, self.review_level))


@dataclass(frozen=True, slots=True)
class Confirmed:
    """What was written, and what was left for a person."""

    marks: tuple[Mark, ...]
    ignored: tuple[tuple[str, str], ...]  # (subject id, reason)
    reviews: int


class PhotoTaker:
    """Takes attendance from photographs."""

    def __init__(
        self,
        open_uow: OpenUnitOfWork,
        clock: Clock,
        gallery_of: GalleryOf,
        detect: Detect,
        embed: Embed,
        gate: Gate,
        sight: Sight,
        count: Count = lambda day, source, what: None,
    ) -> None:
        """`count` gets each refusal and doubt."""
        self._count = count
        self._open_uow = open_uow
        self._clock = clock
        self._gallery_of = gallery_of
        self._detect = detect
        self._embed = embed
        self._gate = gate
        self._sight = sight

    def propose(self, session: Session, photos: Sequence[Pixels]) -> PhotoResult:
        """Return who is seen on the photographs; nothing is written but counts of refusals."""
        known = self._gallery_of(session)
        faces: list[PhotoFace] = []
        for index, pixels in enumerate(photos):
            faces += self._faces_of(index, pixels, known)
        faces = _combine_photos(faces, known)
        self._count_refused(session, faces)
        proposals = _proposals(faces)
        named = {proposal.subject_id for proposal in proposals}
        point = known.point(ProbeKind.SINGLE)
        return PhotoResult(
            proposals=tuple(proposals),
            faces=tuple(faces),
            missing=tuple(s for s in known.gallery.subject_ids if s not in named),
            point_threshold=point.threshold,
            required_margin=point.margin,
            review_level=known.review_level,
            unfindable=known.without_samples,
        )

    def confirm(self, session: Session, result: PhotoResult, taken_at: datetime) -> Confirmed:
        """Write the proposals as marks and leave unsure faces for review.

        A second call with the same photographs writes nothing twice.
        """
        marks: list[Mark] = []
        ignored: list[tuple[str, str]] = []
        for proposal in result.proposals:
            outcome = self._sight(
                session.session_id,
                proposal.subject_id,
                taken_at,
                Method.PHOTO,
                Direction.IN,
                None,
                evidence_of(proposal.decision),
            )
            if isinstance(outcome, Ignored):
                ignored.append((proposal.subject_id, outcome.reason))
            else:
                marks.append(outcome)
        named = {proposal.subject_id for proposal in result.proposals}
        return Confirmed(
            tuple(marks), tuple(ignored), self._leave(session, result, named, taken_at)
        )

    def _faces_of(self, index: int, pixels: Pixels, known: SessionGallery) -> list[PhotoFace]:
        found = in_rows(self._detect(pixels))
        refusals = [self._gate(pixels, face) for face in found]
        usable = [face for face, refused in zip(found, refusals, strict=True) if not refused]
        if len(known.gallery):
            probes = self._embed(pixels, usable)
        else:  # nobody can be found, so nothing is computed
            probes = np.zeros((len(usable), known.gallery.space.dimension), np.float32)
        decided = zip(_assign(known, probes), probes, strict=True)
        faces = []
        for number, (face, refused) in enumerate(zip(found, refusals, strict=True), start=1):
            if refused:
                faces.append(PhotoFace(index, number, face.box, Rejected(refused[0])))
                continue
            decision, row = next(decided)
            template = Template(np.array(row), known.gallery.space)
            faces.append(PhotoFace(index, number, face.box, decision, template))
        return faces

    def _count_refused(self, session: Session, faces: Sequence[PhotoFace]) -> None:
        for face in faces:
            match face.decision:
                case Rejected(reason=why) | Unidentified(doubt=why):
                    self._count(session.business_date, PHOTOGRAPHED, why.value)

    def _leave(
        self, session: Session, result: PhotoResult, named: set[str], taken_at: datetime
    ) -> int:
        """Keep who an unsure face may be, without its picture, and return how many were kept."""
        kept = 0
        with self._open_uow() as uow:
            waiting = {
                str(item.body.get("subject_id")) for item in uow.reviews.all(session.session_id)
            }
            for face in result.unsure:
                best = _candidates(face.decision)[0]
                if best.subject_id in named or best.subject_id in waiting:
                    continue
                if not all_agree(uow, face.decision, self._clock.now()):
                    continue
                waiting.add(best.subject_id)
                uow.reviews.add(photo_review(session, face, result.review_level, taken_at))
                kept += 1
            uow.commit()
        return kept


def in_rows(faces: list[DetectedFace]) -> list[DetectedFace]:
    """Return faces as a person counts them: from the back row to the front, left to right."""
    rows: list[list[DetectedFace]] = []
    for face in sorted(faces, key=lambda face: face.box.centre[1]):
        if rows and face.box.centre[1] <= rows[-1][0].box.bottom:
            rows[-1].append(face)
        else:
            rows.append([face])
    return [face for row in rows for face in sorted(row, key=lambda face: face.box.left)]


def _assign(known: SessionGallery, probes: npt.NDArray[np.float32]) -> list[Decision]:
    """Decide on all faces of one photograph at once: one person a face, one face a person.

    The assignment maximises the sum of the scores. It only ever takes a name away: a face is named
    when its best person is above the threshold, clear of every other one, and the one that the
    assignment gives it; all else is left for a person.
    """
    point = known.point(ProbeKind.SINGLE)
    ranked = known.gallery.search_many(probes, limit=5)
    if not len(known.gallery) or not len(probes):
        return [Unidentified(Doubt.EMPTY_GALLERY, (), point) for _ in probes]
    scores = known.gallery.scores(probes)
    ids = known.gallery.subject_ids
    # below the threshold a pairing has no worth, so that it never pushes a good one aside
    worth = np.where(scores >= point.threshold, scores, 0.0)
    rows, columns = linear_sum_assignment(worth, maximize=True)
    placed = {
        int(row): ids[int(column)]
        for row, column in zip(rows, columns, strict=True)
        if worth[row, column] > 0
    }
    decisions: list[Decision] = []
    for index, candidates in enumerate(ranked):
        decision = decide(candidates, point, look_alikes=known.look_alikes)
        if isinstance(decision, Identified) and placed.get(index) != decision.subject_id:
            decision = Unidentified(Doubt.AMBIGUOUS, decision.candidates, point)
        decisions.append(decision)
    return decisions


def _combine_photos(faces: list[PhotoFace], known: SessionGallery) -> list[PhotoFace]:
    """Decide again on people who are almost certain on several photographs.

    The faces, one a photograph, must resemble the same person most and each other; their fused
    template then has to pass the same threshold and margin as a single face.
    """
    point = known.point(ProbeKind.SINGLE)
    named = {f.decision.subject_id for f in faces if isinstance(f.decision, Identified)}
    unsure: dict[str, dict[int, PhotoFace]] = {}
    for face in faces:
        if worth_a_look(face.decision, known.review_level):
            best = _candidates(face.decision)[0]
            unsure.setdefault(best.subject_id, {}).setdefault(face.photo, face)
    changed: dict[tuple[int, int], PhotoFace] = {}
    for subject_id, shown in unsure.items():
        templates = [face.template for face in shown.values() if face.template is not None]
        if subject_id in named or len(templates) < 2 or not _alike(templates, point.threshold):
            continue
        candidates = known.gallery.search(fuse(templates))
        decision = decide(candidates, point, look_alikes=known.look_alikes, frames=len(templates))
        if isinstance(decision, Identified) and decision.subject_id == subject_id:
            for face in shown.values():
                changed[face.photo, face.number] = replace(face, decision=decision)
    return [changed.get((face.photo, face.number), face) for face in faces]


def _alike(templates: list[Template], threshold: float) -> bool:
    return all(
        one.score(other) >= threshold
        for index, one in enumerate(templates)
        for other in templates[index + 1 :]
    )


def _proposals(faces: list[PhotoFace]) -> list[Proposal]:
    """Return one proposal a person: the best face of all photographs, best score first."""
    own: dict[str, list[tuple[PhotoFace, Identified]]] = {}
    for face in faces:
        if isinstance(face.decision, Identified):
            own.setdefault(face.decision.subject_id, []).append((face, face.decision))
    proposals = []
    for subject_id, shown in own.items():
        best, decision = max(shown, key=lambda item: item[1].score)
        seen_on = tuple(sorted({face.photo for face, _ in shown}))
        proposals.append(Proposal(subject_id, best, decision, seen_on))
    return sorted(proposals, key=lambda proposal: -proposal.decision.score)


def _candidates(decision: Decision) -> tuple[Candidate, ...]:
    return () if isinstance(decision, Rejected) else decision.candidates


def photo_review(session: Session, face: PhotoFace, level: float, at: datetime) -> ReviewItem:
    """Return what is kept of an unsure face of a photograph taken at this time."""
    if not isinstance(face.decision, Unidentified):
        raise ValueError("only an unknown face waits for a person")
    body = doubt_body(face.decision, at, PHOTO, level, photo=face.photo, face=face.number)
    return ReviewItem(new_id(), session.session_id, body, at)
