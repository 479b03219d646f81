"""All templates anew from the stored crops, when the embedder has changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from rollbook.domain.faces import DetectedFace, Pixels, Points
from rollbook.domain.geometry import Box
from rollbook.domain.ports import Clock, OpenUnitOfWork, Progress
from rollbook.domain.register import EntryKind, NewEntry
from rollbook.domain.subjects import Crop, Reference, Subject
from rollbook.domain.templates import Template, TemplateSpace
from rollbook.services.galleries import has_consent
from rollbook.services.samples import FaceEngine
from rollbook.services.site import require_faces

OpenCrop = Callable[[Crop], tuple[Pixels, Points]]


@dataclass(slots=True)
class EncodeReport:
    """What changed, and who has to come again."""

    space: TemplateSpace  # of the embedder that is in use now
    spaces: dict[TemplateSpace, int]  # how many samples there were of each before
    people: int = 0  # who got new templates
    samples: int = 0
    current: int = 0  # people whose samples were all of this space already
    come_again: list[Subject] = field(default_factory=list)  # no sample of theirs can be used
    partly: list[Subject] = field(default_factory=list)  # some samples have no crop
    without_consent: list[Subject] = field(default_factory=list)  # nothing was computed
    stopped: bool = False


class Encoder:
    """Makes new templates, one person in one transaction, so that it can go on after a kill.

    Samples without a crop stay as they are: they are never compared with those of another space,
    and serve again when the site goes back to the embedder that made them.
    """

    def __init__(
        self, open_uow: OpenUnitOfWork, clock: Clock, engine: FaceEngine, open_crop: OpenCrop
    ) -> None:
        self._open_uow = open_uow
        self._clock = clock
        self._engine = engine
        self._open_crop = open_crop

    def run(self, progress: Progress | None = None) -> EncodeReport:
        """Bring everybody's samples into the space of the embedder in use."""
        with self._open_uow() as uow:
            require_faces(uow)
            report = EncodeReport(self._engine.space, uow.references.spaces())
            counts = uow.references.counts()
            people = [person for person in uow.subjects.all() if person.subject_id in counts]
        try:
            for done, person in enumerate(people, 1):
                self._person(person, report)
                if progress:
                    progress(done, len(people))
        except KeyboardInterrupt:
            report.stopped = True
        return report

    def _person(self, person: Subject, report: EncodeReport) -> None:
        with self._open_uow() as uow:
            agreed = has_consent(uow, person.subject_id, self._clock.now())
            samples = uow.references.of(person.subject_id)
        old = [sample for sample in samples if sample.template.space != self._engine.space]
        if not old:
            report.current += 1
            return
        if not agreed:
            report.without_consent.append(person)
            return
        usable = [sample for sample in old if sample.crop is not None]
        if not usable and len(old) == len(samples):
            report.come_again.append(person)
            return
        if len(usable) < len(old):
            report.partly.append(person)
        if usable:
            report.people += 1
            report.samples += self._replace(person, self._encoded(usable))

    def _encoded(self, samples: Sequence[Reference]) -> list[Reference]:
        crops = np.stack([self._aligned(sample.crop) for sample in samples if sample.crop])
        rows = self._engine.embed_crops(crops, mirrored=True)
        return [
            replace(sample, template=Template(np.array(row), self._engine.space))
            for sample, row in zip(samples, rows, strict=True)
        ]

    def _aligned(self, crop: Crop) -> Pixels:
        pixels, landmarks = self._open_crop(crop)
        height, width = pixels.shape[:2]
        face = DetectedFace(Box(0, 0, width, height), landmarks, 1.0)
        aligned: Pixels = self._engine.crops(pixels, [face])[0]
        return aligned

    def _replace(self, person: Subject, samples: Iterable[Reference]) -> int:
        """Write a person's new templates; those deleted meanwhile stay deleted."""
        with self._open_uow() as uow:
            uow.register.hold()
            there = {sample.reference_id for sample in uow.references.of(person.subject_id)}
            kept = [sample for sample in samples if sample.reference_id in there]
            for sample in kept:
                uow.references.replace(sample)
            body: dict[str, object] = {
                "event": "encoded anew",
                "at": self._clock.now().isoformat(),
                "subject_id": person.subject_id,
                "references": [sample.reference_id for sample in kept],
                "space": str(self._engine.space),
            }
            if kept:
                uow.register.append(NewEntry(EntryKind.ENROLMENT, body))
            uow.commit()
        return len(kept)
