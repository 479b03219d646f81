"""Who can be found in a session: the roster's people who agreed, and nobody else."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
import numpy.typing as npt

from rollbook.domain.attendance import Session
from rollbook.domain.gallery import Gallery, fused_gallery
from rollbook.domain.identification import (
    Calibration,
    LookAlikes,
    OperatingPoint,
    ProbeKind,
)
from rollbook.domain.ports import Clock, OpenUnitOfWork, UnitOfWork
from rollbook.domain.subjects import Consent
from rollbook.domain.templates import TemplateSpace
from rollbook.errors import ModelUnavailable
from rollbook.services.site import faces_enabled, require_faces

REVIEW_FPIR = 0.05  # part of the strangers' faces that may be left for a person to look at
FindLookAlikes = Callable[[list[str], npt.NDArray[np.float32], TemplateSpace], LookAlikes]


@dataclass(frozen=True, slots=True)
class SessionGallery:
    """What a recogniser needs to decide for one session; replaced as a whole."""

    gallery: Gallery
    points: Mapping[ProbeKind, OperatingPoint]
    look_alikes: LookAlikes
    version: int
    without_samples: tuple[str, ...]  # subject ids on the roster that no face can find
    review_level: float = 1.0  # score from which an unsure single face is worth a person's look
    day: date | None = None  # UTC, on which it was built: consents end with a day

    def point(self, kind: ProbeKind) -> OperatingPoint:
        return self.points[kind]


class Galleries:
    """Builds the gallery of a session from its roster."""

    def __init__(
        self,
        open_uow: OpenUnitOfWork,
        clock: Clock,
        space: TemplateSpace,
        calibrations: Mapping[ProbeKind, Calibration],
        target_fpir: float,
        find_look_alikes: FindLookAlikes,
    ) -> None:
        self._open_uow = open_uow
        self._clock = clock
        self._space = space
        self._calibrations = calibrations
        self._target_fpir = target_fpir
        self._find_look_alikes = find_look_alikes

    def version(self) -> int:
        """Return the number that changes when a gallery may have changed."""
        with self._open_uow() as uow:
            return uow.gallery_version()

    def newer(self, session: Session, known: SessionGallery) -> SessionGallery | None:
        """Return the session's gallery of now, or None when the known one still holds.

        Raises as `for_session`.
        """
        if (known.version, known.day) == (self.version(), self._clock.now().date()):
            return None
        return self.for_session(session)

    def for_session(self, session: Session) -> SessionGallery:
        """Return the gallery of the people who are on the roster that day and agreed.

        Raises:
            ModelUnavailable: the embedder has no calibration, so nobody may be named.
            FacesOff: the site has switched recognition off.
        """
        now = self._clock.now()
        with self._open_uow() as uow:
            require_faces(uow)
            version = uow.gallery_version()
            roster = uow.groups.roster(session.group_id, session.business_date)
            agreed = who_agreed(uow, roster, now)
            owners, rows = uow.references.templates(self._space, agreed)
        gallery = fused_gallery(self._space, owners, rows)
        known = set(gallery.subject_ids)
        return SessionGallery(
            gallery=gallery,
            points=self._points(gallery, self._target_fpir),
            look_alikes=self._find_look_alikes(owners, rows, self._space),
            version=version,
            without_samples=tuple(subject for subject in roster if subject not in known),
            review_level=self._review_level(gallery),
            day=now.date(),
        )

    def _review_level(self, gallery: Gallery) -> float:
        """Return 1.0, which no face reaches, where single photographs have no calibration."""
        single = self._points(gallery, REVIEW_FPIR).get(ProbeKind.SINGLE)
        return 1.0 if single is None else single.threshold

    def _points(self, gallery: Gallery, fpir: float) -> dict[ProbeKind, OperatingPoint]:
        if not self._calibrations:
            raise ModelUnavailable(
                "The embedder %(space)s has no calibration yet, so nobody can be named "
                "by it. Run: rollbook evaluate calibrate",
                space=self._space,
            )
        return {
            kind: calibration.operating_point(fpir, len(gallery), gallery.cohort())
            for kind, calibration in self._calibrations.items()
        }


def has_consent(uow: UnitOfWork, subject_id: str, at: datetime) -> bool:
    """Return whether the person's face may be compared at this time."""
    return covers_face(uow.consents.of(subject_id), at)


def may_be_recognised(uow: UnitOfWork, subject_id: str, at: datetime) -> bool:
    """Return whether what a face led to may be written about the person at this time."""
    return faces_enabled(uow) and has_consent(uow, subject_id, at)


def who_agreed(uow: UnitOfWork, subject_ids: Iterable[str] | None, at: datetime) -> frozenset[str]:
    """Return who of these, or of everybody, may be compared at this time."""
    consents = uow.consents.all_of(subject_ids)
    return frozenset(subject for subject, own in consents.items() if covers_face(own, at))


def covers_face(consents: Iterable[Consent], at: datetime) -> bool:
    """Return whether one of a person's consents covers the face at this time."""
    return any(one.covers_face(at) for one in consents)
