"""Enrolling: from pictures of one person to references, or to the reasons why not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

import numpy as np
import numpy.typing as npt

from rollbook.domain.enrolment import EnrolmentLevels, agreeing
from rollbook.domain.faces import REFUSAL_TEXT, Refusal
from rollbook.domain.gallery import Candidate
from rollbook.domain.ports import Clock, OpenUnitOfWork, UnitOfWork
from rollbook.domain.register import EntryKind, NewEntry
from rollbook.domain.subjects import (
    Consent,
    Enrolled,
    EnrolmentRefused,
    Reference,
    Subject,
    new_id,
)
from rollbook.domain.templates import Template, unit_rows
from rollbook.errors import ConsentMissing
from rollbook.services.consenting import acted, record
from rollbook.services.galleries import covers_face
from rollbook.services.known_faces import KnownFaces
from rollbook.services.people import join_group, subject_entry
from rollbook.services.samples import Picture, PictureSampler, Sample, refused
from rollbook.services.site import require_faces

Rows = npt.NDArray[np.float32]
Levels = Callable[[int], EnrolmentLevels]
Today = Callable[[], date]
Also = Callable[[UnitOfWork], None]


@dataclass(frozen=True, slots=True)
class Enrolee:
    """Somebody who is being enrolled, with what has to be written beside the samples."""

    subject: Subject
    consent: Consent | None = None  # given just now; recorded in the same transaction
    is_new: bool = False
    group_ids: tuple[str, ...] = ()
    allow_duplicate: bool = False  # a person looked at it and said that it is somebody else
    also: Also | None = None  # is written in the same transaction, after the person
    by: str | None = None  # who acts, as the register names them

    @property
    def subject_id(self) -> str:
        return self.subject.subject_id


@dataclass(frozen=True, slots=True, eq=False)
class Examined:
    """What came of one person's pictures before anything was compared or written."""

    samples: tuple[Sample, ...]
    refused: tuple[EnrolmentRefused, ...] = field(default=())
    already: int = 0


class Enroller:
    """Writes one person in one transaction, or nothing."""

    def __init__(
        self,
        open_uow: OpenUnitOfWork,
        clock: Clock,
        sampler: PictureSampler,
        levels: Levels,
        today: Today,
    ) -> None:
        """`levels` gives the levels for a number of enrolled people."""
        self._open_uow = open_uow
        self._clock = clock
        self._sampler = sampler
        self._levels = levels
        self._today = today
        self._known = KnownFaces(clock, sampler.space)

    def enrol(self, who: Enrolee, pictures: Iterable[Picture | EnrolmentRefused]) -> Enrolled:
        """Return what was added and what was refused; nothing of it is the full picture.

        Raises:
            ConsentMissing: the person has not agreed; no picture was looked at.
        """
        self.require_consent(who)
        examined = self.examine(who, pictures)
        return self.store(who, examined, self.embed([examined])[0])

    def require_consent(self, who: Enrolee) -> None:
        """Raises ConsentMissing unless a consent covers this moment; FacesOff without faces."""
        with self._open_uow() as uow:
            self._consents(uow, who)

    def _consents(self, uow: UnitOfWork, who: Enrolee) -> list[Consent]:
        """Return the person's consents, of which one covers this moment; raises as above."""
        require_faces(uow)
        given = [] if who.consent is None else [who.consent]
        kept = [] if who.is_new else uow.consents.of(who.subject_id)
        if covers_face([*kept, *given], self._clock.now()):
            return [*kept, *given]
        raise ConsentMissing(
            "%(name)s has not agreed to be recognised, so nothing was computed. "
            "Record it first: rollbook consent record PERSON --text TEXT-ID "
            "--given-by WHO",
            name=who.subject.name,
        )

    def examine(self, who: Enrolee, pictures: Iterable[Picture | EnrolmentRefused]) -> Examined:
        """Find the face in each picture; those that are enrolled already are passed over."""
        samples: list[Sample] = []
        refusals: list[EnrolmentRefused] = []
        seen: set[str] = set()
        already = 0
        for picture in pictures:
            if isinstance(picture, EnrolmentRefused):
                refusals.append(picture)
            elif picture.source in seen or self.has_source(who, picture.source):
                already += 1
            else:
                seen.add(picture.source)
                found = self._sampler.examine(picture)
                if isinstance(found, Sample):
                    samples.append(found)
                else:
                    refusals.append(found)
        return Examined(tuple(samples), tuple(refusals), already)

    def has_source(self, who: Enrolee, source: str) -> bool:
        """Return whether the person has this very picture already."""
        if who.is_new:
            return False
        with self._open_uow() as uow:
            return uow.references.has_source(who.subject_id, source)

    def embed(self, people: Sequence[Examined]) -> list[Rows]:
        """Return each one's rows (n, d); the crops of all of them go in as one batch."""
        rows = self._sampler.embed([sample for one in people for sample in one.samples])
        ends = np.cumsum([len(one.samples) for one in people])
        return np.split(rows, ends[:-1])

    def store(self, who: Enrolee, examined: Examined, rows: Rows) -> Enrolled:
        """Write one person, or say why not: the samples must agree and be nobody else's.

        Raises:
            ConsentMissing: the consent was withdrawn while the pictures were looked at.
        """
        outcome = Enrolled(who.subject, 0, examined.refused, examined.already)
        if not examined.samples:
            return outcome
        with self._open_uow() as uow:
            self._known.refresh(uow)  # mostly done before others have to wait
        with self._open_uow() as uow:
            uow.register.hold()
            consents = self._consents(uow, who)
            self._known.refresh(uow)
            levels = self._levels(len(self._known))
            own = uow.references.templates(self._sampler.space, [who.subject_id])[1]
            agree = agreeing(rows, levels.agree, own)
            odd = _odd_ones(examined.samples, agree)
            outcome = replace(outcome, refused=outcome.refused + odd)
            if not agree.any():
                return outcome
            everything = np.concatenate([own, rows[agree]])
            near = self._near(who, everything, levels)
            doubles = [c for c in near if c.score >= levels.duplicate]
            if doubles and not who.allow_duplicate:
                double = _duplicate(uow, who, doubles[0])
                return replace(outcome, refused=(*outcome.refused, double))
            kept = [s for s, good in zip(examined.samples, agree, strict=True) if good]
            kept = self._as_agreed(kept, consents)
            self._write(uow, who, kept, rows[agree], doubles)
            poses = tuple(reference.pose for reference in uow.references.of(who.subject_id))
            version = uow.gallery_version()
            uow.commit()
        self._known.put(who.subject_id, everything, version)
        alike = tuple(candidate.subject_id for candidate in near)
        return replace(outcome, added=len(kept), look_alikes=alike, poses=poses)

    def _as_agreed(self, samples: list[Sample], consents: Iterable[Consent]) -> list[Sample]:
        """Return the samples without their crops, unless those may be kept as well."""
        now = self._clock.now()
        if any(consent.covers_crops(now) for consent in consents):
            return samples
        return [replace(sample, crop=None) for sample in samples]

    def join(self, who: Enrolee) -> None:
        """Let somebody belong to the groups although there is nothing new to enrol."""
        if not who.group_ids:
            return
        with self._open_uow() as uow:
            self._join(uow, who)
            uow.commit()

    def _join(self, uow: UnitOfWork, who: Enrolee) -> None:
        for group_id in who.group_ids:
            today = self._today()
            join_group(uow, group_id, who.subject_id, today, self._clock, by=who.by)

    def _near(self, who: Enrolee, rows: Rows, levels: EnrolmentLevels) -> list[Candidate]:
        mean = unit_rows(rows.mean(axis=0, keepdims=True))[0]
        return self._known.nearest(mean, levels.look_alike, but=who.subject_id)

    def _write(
        self,
        uow: UnitOfWork,
        who: Enrolee,
        samples: Sequence[Sample],
        rows: Rows,
        doubles: Sequence[Candidate],
    ) -> None:
        if who.is_new:
            uow.subjects.add(who.subject)
            uow.register.append(subject_entry("added", who.subject_id, self._clock, by=who.by))
        if who.consent is not None:
            record(uow, who.consent, by=who.by)
        self._join(uow, who)
        if who.also is not None:
            who.also(uow)
        references = self._references(who, samples, rows)
        for reference in references:
            uow.references.add(reference)
        uow.register.append(self._entry(who, references, doubles))

    def _references(self, who: Enrolee, samples: Sequence[Sample], rows: Rows) -> list[Reference]:
        now = self._clock.now()
        return [
            Reference(
                reference_id=new_id(),
                subject_id=who.subject_id,
                template=Template(np.array(row), self._sampler.space),
                quality=sample.quality,
                pose=sample.pose,
                source=sample.source,
                added_at=now,
                crop=sample.crop,
            )
            for sample, row in zip(samples, rows, strict=True)
        ]

    def _entry(
        self, who: Enrolee, references: Sequence[Reference], doubles: Sequence[Candidate]
    ) -> NewEntry:
        body: dict[str, object] = {
            "event": "enrolled",
            "at": self._clock.now().isoformat(),
            "subject_id": who.subject_id,
            "references": [reference.reference_id for reference in references],
            "space": str(self._sampler.space),
            **acted(who.by),
        }
        if who.consent is not None:
            body["consent_id"] = who.consent.consent_id
        if doubles:
            body["allowed_duplicates"] = [candidate.subject_id for candidate in doubles]
        return NewEntry(EntryKind.ENROLMENT, body)


def _odd_ones(
    samples: Sequence[Sample], agree: npt.NDArray[np.bool_]
) -> tuple[EnrolmentRefused, ...]:
    return tuple(
        refused(sample.what, Refusal.NOT_LIKE_THE_OTHERS)
        for sample, good in zip(samples, agree, strict=True)
        if not good
    )


def _duplicate(uow: UnitOfWork, who: Enrolee, candidate: Candidate) -> EnrolmentRefused:
    other = uow.subjects.get(candidate.subject_id)
    sentence = (
        f"{REFUSAL_TEXT[Refusal.POSSIBLE_DUPLICATE]} It looks like {other.name} "
        f"(id {other.subject_id[:8]}). If they are two people, say so with --allow-duplicate."
    )
    code = Refusal.POSSIBLE_DUPLICATE.value
    return EnrolmentRefused(who.subject.name, code, sentence, candidate.subject_id)
