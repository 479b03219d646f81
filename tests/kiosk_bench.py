"""A class of colours before a kiosk: everything is real but the networks and the clock."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from builders import make_class, make_consent, make_reference
from rollbook.bootstrap import App, build
from rollbook.domain.attendance import Mark, Session
from rollbook.domain.identification import Calibration, ProbeKind
from rollbook.domain.kiosk_answers import KioskAnswer, Said
from rollbook.domain.kiosks import Device
from rollbook.domain.subjects import Subject
from rollbook.services.devices import DevicePlan, Paired
from rollbook.settings import Settings
from rollbook.testing import (
    BLUE,
    COLOUR_SPACE,
    GREEN,
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
    template_of,
)
from rollbook.vision.calibration import FOLDER, save_calibrations
from rollbook.vision.engine import Engine
from rollbook.vision.images import encode_jpeg

CALIBRATIONS = {
    kind: Calibration(COLOUR_SPACE, kind, (0, -10, 0), (0.0, 1.0), 0.1, "invented")
    for kind in ProbeKind
}
NAMES = {"Ada Lovelace": RED, "Alan Turing": GREEN, "Grace Hopper": None}
STEP = 0.125  # seconds between pictures
ADMIN = "administrator 0"


def colour_engine() -> Engine:
    return Engine(ColourDetector([RED, GREEN, BLUE, YELLOW]), ColourEmbedder())


def save_colour_calibration(home: Path) -> None:
    save_calibrations(home / "models" / FOLDER, CALIBRATIONS, {}, {})


def jpeg(*colours: Colour, left: float = 60) -> bytes:
    """Return a picture with these people side by side."""
    pixels = picture()
    for place, colour in enumerate(colours):
        paint(pixels, face_at(left + 180 * place, 180, 120), colour, grain=12)
    return encode_jpeg(pixels, 85)


def enrol(parts: App, subject_id: str, colour: Colour) -> None:
    with parts.uow() as uow:
        uow.consents.add(replace(make_consent(subject_id), recorded_at=START))
        uow.references.add(
            replace(make_reference(subject_id, crop=None), template=template_of(colour))
        )
        uow.commit()


class KioskBench:
    """A group with an open session, and one paired kiosk."""

    def __init__(self, home: Path, **plan: object) -> None:
        save_colour_calibration(home)
        self.parts = build(Settings(home=home), engine=colour_engine())
        self.clock = FixedClock()
        self.parts.clock = self.clock  # type: ignore[assignment]
        self.group, people = make_class(self.parts.uow, list(NAMES), "5b")
        self.people: dict[str, Subject] = {person.name: person for person in people}
        for name, colour in NAMES.items():
            if colour is not None:
                enrol(self.parts, self.people[name].subject_id, colour)
        self.session = self.open_session(self.group.group_id)
        self.device, self.key = self.add_device(**plan)
        self.desk = self.parts.kiosk_desk

    def id_of(self, name: str) -> str:
        return self.people[name].subject_id

    def open_session(self, group_id: str, title: str = "Maths", minutes: int = 0) -> Session:
        starts_at = START + timedelta(minutes=minutes)
        return self.parts.register.open_session(
            group_id,
            starts_at,
            starts_at + timedelta(minutes=45),
            business_date=START.date(),
            title=title,
        )

    def add_device(self, name: str = "Door", **plan: object) -> tuple[Device, str]:
        pairing = self.parts.devices.add(DevicePlan(name, **plan), ADMIN)  # type: ignore[arg-type]
        paired = self.parts.devices.pair(pairing.code, place="here")
        assert isinstance(paired, Paired)
        return paired.device, paired.key

    def see(self, *colours: Colour, device: Device | None = None, **more: object) -> KioskAnswer:
        """Send one picture, and let time go on."""
        answer = self.desk.see(device or self.device, jpeg(*colours), **more)  # type: ignore[arg-type]
        self.clock.advance(STEP)
        return answer

    def watch(
        self, *colours: Colour, pictures: int = 8, device: Device | None = None
    ) -> list[Said]:
        """Send several pictures; return what is said about the faces of the last one."""
        answers = [self.see(*colours, device=device) for _ in range(pictures)]
        return [face.said for face in answers[-1].faces]

    def marks(self) -> list[Mark]:
        return self.parts.register.marks(self.session.session_id)

    def close(self) -> None:
        self.parts.engines.close()
        self.parts.database.close()
