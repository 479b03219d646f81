"""Is this a good place for a camera? Light, distance, sharpness and pose, from one picture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from rollbook.domain.faces import DetectedFace, Pixels, QualityMeasures
from rollbook.domain.geometry import Box
from rollbook.domain.ports import QualityMeter
from rollbook.domain.quality import ENROLMENT_RULES, POSE_PITCH, POSE_YAW

FAR, NEAR = ENROLMENT_RULES.min_inter_eye_distance, 40.0  # pixels between the eyes
SOFT, SHARP = ENROLMENT_RULES.min_sharpness, 0.13
DIM, DARK, GLARING = 70.0, ENROLMENT_RULES.min_brightness, ENROLMENT_RULES.max_brightness
FLAT = ENROLMENT_RULES.min_contrast
BEHIND = 60.0  # the picture may be so much brighter than the face in it, 0..255


class Level(StrEnum):
    GOOD = "good"
    FAIR = "fair"  # works, and could be better
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. `code` is for programs and translations."""

    aspect: str  # face, light, distance, sharpness, pose
    level: Level
    code: str
    sentence: str
    figure: float = 0.0  # what was measured, in the aspect's own unit


@dataclass(frozen=True, slots=True)
class ViewReport:
    """What one picture tells about a camera and its place."""

    findings: tuple[Finding, ...]
    faces: int
    size: tuple[int, int]  # (width, height) of the picture, pixels
    box: Box | None = None  # of the face that was measured, the largest

    @property
    def good(self) -> bool:
        return all(finding.level is not Level.BAD for finding in self.findings)


SENTENCES = {
    "no_face": "No face is seen. Stand where people will stand, and look into the camera.",
    "one_face": "One face is seen.",
    "several_faces": "Several faces are seen; the largest is measured.",
    "dark_room": "The picture is almost black. Take the cover off the lens, or turn a light on.",
    "light_good": "The light is good.",
    "dark": "The face is too dark. Turn a light on in front of it.",
    "dim": "The face is a little dark. More light from the front helps.",
    "bright": "The face is too bright. Take away the lamp or sun that shines on it.",
    "behind": "There is much light behind the face. Turn the camera away from the window.",
    "flat": "The face shows too little contrast. Avoid haze and light from behind.",
    "near_good": "The distance is good.",
    "far": "The face is rather small. A step closer helps.",
    "too_far": "The face is too small. Come closer, or bring the camera nearer.",
    "sharp": "The picture is sharp.",
    "soft": "The picture is a little soft. Wipe the lens, and hold still.",
    "blurred": "The picture is blurred. Wipe the lens, set its focus, or add light.",
    "straight": "The face looks straight into the camera.",
    "turned": "The face is a little turned. Put the camera at eye level, where people look.",
    "away": "The face is turned away. Put the camera where people look, at eye level.",
}


class HasTester(Protocol):
    @property
    def camera_tester(self) -> CameraTester: ...


def describe_view(app: HasTester, jpeg: bytes) -> ViewReport:
    """Return what a picture tells about a camera's place. Run it where the networks are.

    Raises:
        UnreadableImage: it is no picture that can be opened.
    """
    return app.camera_tester.describe(jpeg)


class CameraTester:
    """Measures one picture; nothing of it is kept."""

    def __init__(
        self,
        decode: Callable[[bytes], Pixels],
        detect: Callable[[Pixels], list[DetectedFace]],
        meter: QualityMeter,
    ) -> None:
        self._decode = decode
        self._detect = detect
        self._meter = meter

    def describe(self, picture: bytes) -> ViewReport:
        """Raises UnreadableImage."""
        return self.look(self._decode(picture))

    def look(self, pixels: Pixels) -> ViewReport:
        height, width = pixels.shape[:2]
        faces = self._detect(pixels)
        light = float(pixels[::4, ::4].mean())
        if not faces:
            return ViewReport(_without_face(light), 0, (width, height))
        face = max(faces, key=lambda one: one.box.area)
        measures = self._meter.measure(pixels, face)
        findings = (_count(len(faces)), *_about(measures, light))
        return ViewReport(findings, len(faces), (width, height), face.box)


def _without_face(light: float) -> tuple[Finding, ...]:
    missing = _finding("face", Level.BAD, "no_face")
    if light < ENROLMENT_RULES.min_brightness / 2:
        return missing, _finding("light", Level.BAD, "dark_room", light)
    return (missing,)


def _count(faces: int) -> Finding:
    code = "one_face" if faces == 1 else "several_faces"
    return _finding("face", Level.GOOD if faces == 1 else Level.FAIR, code, faces)


def _about(measures: QualityMeasures, light: float) -> tuple[Finding, ...]:
    eyes, sharp = measures.inter_eye_distance, measures.sharpness
    return (
        _light(measures, light),
        _steps("distance", eyes, (FAR, NEAR), ("too_far", "far", "near_good")),
        _steps("sharpness", sharp, (SOFT, SHARP), ("blurred", "soft", "sharp")),
        _pose(measures),
    )


def _light(measures: QualityMeasures, light: float) -> Finding:
    value = measures.brightness
    if light - value > BEHIND:
        return _finding("light", Level.BAD, "behind", value)
    if value < DARK:
        return _finding("light", Level.BAD, "dark", value)
    if value > GLARING:
        return _finding("light", Level.BAD, "bright", value)
    if measures.contrast < FLAT:
        return _finding("light", Level.BAD, "flat", value)
    if value < DIM:
        return _finding("light", Level.FAIR, "dim", value)
    return _finding("light", Level.GOOD, "light_good", value)


def _pose(measures: QualityMeasures) -> Finding:
    yaw, pitch = abs(measures.yaw), abs(measures.pitch)
    off = max(yaw, pitch)
    if yaw > ENROLMENT_RULES.max_yaw or pitch > ENROLMENT_RULES.max_pitch:
        return _finding("pose", Level.BAD, "away", off)
    if yaw > POSE_YAW or pitch > POSE_PITCH:
        return _finding("pose", Level.FAIR, "turned", off)
    return _finding("pose", Level.GOOD, "straight", off)


def _steps(
    aspect: str, value: float, limits: tuple[float, float], codes: tuple[str, str, str]
) -> Finding:
    """Return bad below the first limit, fair below the second, good from there on."""
    if not value >= limits[0]:
        return _finding(aspect, Level.BAD, codes[0], value)
    if value < limits[1]:
        return _finding(aspect, Level.FAIR, codes[1], value)
    return _finding(aspect, Level.GOOD, codes[2], value)


def _finding(aspect: str, level: Level, code: str, figure: float = 0.0) -> Finding:
    return Finding(aspect, level, code, SENTENCES[code], round(figure, 2))
