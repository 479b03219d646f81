"""Which faces are good enough, to be enrolled or only to be compared."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from rollbook.domain.faces import DetectedFace, Quality, QualityMeasures, Refusal

DOMINANCE = 2.0  # the face that is meant stands out this many times


@dataclass(frozen=True, slots=True)
class QualityRules:
    """Limits for one use; the measures and their units are those of `QualityMeasures`."""

    min_inter_eye_distance: float
    min_sharpness: float
    min_brightness: float
    max_brightness: float
    min_contrast: float
    max_yaw: float
    max_pitch: float
    max_roll: float
    min_inside: float


ENROLMENT_RULES = QualityRules(
    min_inter_eye_distance=24.0,
    min_sharpness=0.07,
    min_brightness=35.0,
    max_brightness=225.0,
    min_contrast=30.0,
    max_yaw=50.0,
    max_pitch=30.0,
    max_roll=15.0,  # landmarks tell less than half of a tilt, and scores fall from 25 degrees on
    min_inside=0.9,
)
PROBE_RULES = QualityRules(
    min_inter_eye_distance=8.0,
    min_sharpness=0.02,
    min_brightness=12.0,
    max_brightness=245.0,
    min_contrast=15.0,
    max_yaw=70.0,
    max_pitch=45.0,
    max_roll=60.0,
    min_inside=0.6,
)


def judge(measures: QualityMeasures, rules: QualityRules) -> Quality:
    """Return the face's quality; its refusals are empty when it keeps to the rules."""
    return Quality(_score(measures), measures, _refusals(measures, rules))


def _refusals(measures: QualityMeasures, rules: QualityRules) -> tuple[Refusal, ...]:
    """Return what is wrong, what the person should mend first coming first.

    A measure that is not a number keeps to no rule.
    """
    turned = abs(measures.yaw) <= rules.max_yaw and abs(measures.pitch) <= rules.max_pitch
    kept = {
        Refusal.AT_THE_EDGE: measures.inside >= rules.min_inside,
        Refusal.TOO_SMALL: measures.inter_eye_distance >= rules.min_inter_eye_distance,
        Refusal.TOO_DARK: measures.brightness >= rules.min_brightness,
        Refusal.TOO_BRIGHT: measures.brightness <= rules.max_brightness,
        Refusal.LOW_CONTRAST: measures.contrast >= rules.min_contrast,
        Refusal.BLURRED: measures.sharpness >= rules.min_sharpness,
        Refusal.TURNED_AWAY: turned,
        Refusal.TILTED: abs(measures.roll) <= rules.max_roll,
    }
    return tuple(refusal for refusal, good in kept.items() if not good)


def _score(measures: QualityMeasures) -> int:
    """Return 0..100: the product of what size, sharpness, light and pose are worth."""
    size = _between(measures.inter_eye_distance, 0.0, 60.0) ** 0.5
    sharp = _between(math.log10(max(measures.sharpness, 1e-6)), -2.2, -0.7)
    light = _between(measures.contrast, 5.0, 60.0) ** 0.5
    exposure = _between(127.5 - abs(measures.brightness - 127.5), 0.0, 40.0) ** 0.5
    frontal = _facing(measures.yaw) * _facing(measures.pitch)
    whole = _between(measures.inside, 0.0, 1.0)
    product = size * sharp * light * exposure * frontal * whole
    return round(100 * product) if math.isfinite(product) else 0


def _facing(degrees: float) -> float:
    """Return 1 for straight ahead, falling to 0 at 90 degrees and beyond."""
    return math.cos(math.radians(degrees)) if abs(degrees) < 90 else 0.0


def _between(value: float, nothing: float, full: float) -> float:
    """Return 0 at `nothing` and below, 1 at `full` and above, in proportion between."""
    return min(max((value - nothing) / (full - nothing), 0.0), 1.0)


def dominant_face(faces: Sequence[DetectedFace], size: tuple[int, int]) -> DetectedFace | Refusal:
    """Return the face that a picture of `size` (width, height) is taken of.

    Large faces near the middle count more. People in the background do no harm, but when two
    faces may be meant, none is taken: enrolling a bystander would be worse than asking again.
    """
    if not faces:
        return Refusal.NO_FACE
    ranked = sorted(faces, key=lambda face: -_prominence(face, size))
    first = _prominence(ranked[0], size)
    if len(ranked) > 1 and first < DOMINANCE * _prominence(ranked[1], size):
        return Refusal.SEVERAL_FACES
    return ranked[0]


def _prominence(face: DetectedFace, size: tuple[int, int]) -> float:
    """Return the face's area, less the farther it lies from the middle: a fifth at the edge."""
    x, y = face.box.centre
    off_x, off_y = abs(x / size[0] - 0.5), abs(y / size[1] - 0.5)
    off_centre = min(max(off_x, off_y), 0.5)
    return face.box.area * (1.0 - 1.1 * off_centre) ** 2


def pose_of(measures: QualityMeasures) -> str:
    """Return "front", "left", "right", "up" or "down", by where the face mostly looks.

    Left and right are the person's own.
    """
    yaw, pitch = measures.yaw, measures.pitch
    if abs(yaw) < POSE_YAW and abs(pitch) < POSE_PITCH:
        return "front"
    if abs(yaw) / POSE_YAW >= abs(pitch) / POSE_PITCH:
        return "left" if yaw > 0 else "right"
    return "up" if pitch > 0 else "down"


POSE_YAW, POSE_PITCH = 15.0, 12.0  # degrees from which a pose has a name of its own
POSES = ("front", "left", "right", "up", "down")
