"""People as colours, for tests of enrolment: pictures, files and an enroller without networks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import cv2

from rollbook.domain.enrolment import EnrolmentLevels
from rollbook.domain.faces import DetectedFace, Pixels, QualityMeasures
from rollbook.domain.ports import OpenUnitOfWork
from rollbook.domain.subjects import Subject, new_id
from rollbook.services.consenting import ConsentTerms
from rollbook.services.enrol import Enrolee, Enroller
from rollbook.services.samples import Picture, Sampler
from rollbook.testing import (
    BLUE,
    CYAN,
    GREEN,
    MAGENTA,
    RED,
    START,
    YELLOW,
    Colour,
    ColourDetector,
    ColourEmbedder,
    FixedClock,
    face_at,
    paint,
    picture,
)
from rollbook.vision.crops import cut_crop
from rollbook.vision.engine import Engine

COLOURS = (RED, GREEN, BLUE, YELLOW, MAGENTA, CYAN)
TODAY = START.date()
LEVELS = EnrolmentLevels(agree=0.8, duplicate=0.9, look_alike=0.3)  # red and yellow score 1/3
TERMS = ConsentTerms("v1", "their guardian")
GOOD = QualityMeasures(80.0, 0.5, 128.0, 120.0, 0.0, 0.0, 0.0, 1.0)


class SureDetector(ColourDetector):
    """Is as certain of each face as detectors are of upright ones."""

    def detect(self, pixels: Pixels) -> list[DetectedFace]:
        return [replace(face, score=0.95) for face in super().detect(pixels)]


class Meter:
    """Finds every face good; where it stands in the picture says how the head is turned."""

    def measure(self, pixels: Pixels, face: DetectedFace) -> QualityMeasures:
        x, y = face.box.centre
        height, width = pixels.shape[:2]
        size = face.box.width
        return replace(
            GOOD,
            yaw=(x - width / 2) / 4,
            pitch=(height / 2 - y) / 4,
            inter_eye_distance=size * 0.4,
        )


def portrait(colour: Colour, right: int = 0, up: int = 0, size: int = 100) -> Pixels:
    """Return a picture of one person, moved by so many pixels out of the middle."""
    pixels = picture()
    face = face_at(320 - size / 2 + right, 240 - size / 2 - up, size)
    paint(pixels, face, colour)
    return pixels


def shade(colour: Colour, step: int) -> Colour:
    """Return nearly the same colour: another picture of the same person."""
    blue, green, red = (value + step if value < 127 else value - step for value in colour)
    return blue, green, red


def given(what: str, colour: Colour, step: int = 0) -> Picture:
    return Picture(what, f"{what} {colour} {step}", portrait(shade(colour, step)))


def save(path: Path, *colours: Colour, step: int = 0) -> Path:
    """Write a picture file with these people side by side."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = picture()
    for place, colour in enumerate(colours):
        left = 640 * (place + 1) / (len(colours) + 1) - 50
        paint(pixels, face_at(left, 190, 100), shade(colour, step))
    done, data = cv2.imencode(".png", pixels)
    assert done
    path.write_bytes(bytes(data))  # imwrite cannot write names of any script on Windows
    return path


class Intake:
    """The parts of an enrolment, for one database."""

    def __init__(self, open_uow: OpenUnitOfWork, *, crops: bool = True) -> None:
        self.open_uow = open_uow
        self.clock = FixedClock()
        self.detector = SureDetector(COLOURS)
        self.embedder = ColourEmbedder()
        self.engine = Engine(self.detector, self.embedder)
        self.levels = LEVELS
        self.sampler = Sampler(self.engine, Meter(), cut_crop if crops else None)
        self.enroller = Enroller(
            open_uow, self.clock, self.sampler, lambda people: self.levels, self.today
        )

    def today(self) -> date:
        return TODAY

    def new(self, name: str, **options: object) -> Enrolee:
        """Return somebody new who has agreed."""
        subject = Subject(new_id(), name)
        consent = TERMS.consent_of(subject.subject_id, self.clock.now())
        return replace(Enrolee(subject, consent, is_new=True), **options)  # type: ignore[arg-type]

    def enrol(self, name: str, *colours: Colour, **options: object) -> str:
        """Enrol somebody new with a picture for each colour; return the subject's id."""
        who = self.new(name, **options)
        pictures = [given(f"{name} {i}.jpg", colour, i) for i, colour in enumerate(colours)]
        outcome = self.enroller.enrol(who, pictures)
        assert outcome.added == len(colours), outcome
        return who.subject_id

    def counts(self) -> dict[str, int]:
        """Return name -> number of samples for everybody."""
        with self.open_uow() as uow:
            counts = uow.references.counts()
            return {p.name: counts.get(p.subject_id, 0) for p in uow.subjects.all()}

    def codes(self, refused: Sequence[object]) -> list[str]:
        return [one.code for one in refused]  # type: ignore[attr-defined]
