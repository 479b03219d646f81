"""Frames, faces found in them, and how good they are."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from rollbook.domain.geometry import Box

Pixels = npt.NDArray[np.uint8]
"""An image: (height, width, 3), BGR, 0..255, as OpenCV delivers it."""

Points = npt.NDArray[np.float32]
"""Places in an image: (n, 2), xy in pixels."""


@dataclass(frozen=True, slots=True, eq=False)
class Alignment:
    """Where an embedder wants the five landmarks: float32 (5, 2) in a square of `size` pixels."""

    size: int
    landmarks: Points


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One image from one camera."""

    pixels: Pixels
    captured_at: datetime  # UTC, timezone-aware
    camera_id: str
    sequence: int  # 0-based since the camera was opened


@dataclass(frozen=True, slots=True, eq=False)
class DetectedFace:
    """One face in one image.

    `landmarks` is float32 (5, 2), xy in image pixels: the subject's right eye, left eye, nose
    tip, right and left mouth corner. `score` is the detector's, 0..1, higher = more a face.
    """

    box: Box
    landmarks: Points
    score: float

    def __post_init__(self) -> None:
        if self.landmarks.shape != (5, 2):
            raise ValueError(f"landmarks must have shape (5, 2), got {self.landmarks.shape}")

    @property
    def eye_distance(self) -> float:
        """Pixels between the eyes' middles."""
        return float(np.hypot(*(self.landmarks[1] - self.landmarks[0])))

    def moved(self, dx: float, dy: float) -> DetectedFace:
        """Return the same face in an image whose origin lies at (-dx, -dy)."""
        offset = np.array([dx, dy], dtype=np.float32)
        return DetectedFace(self.box.moved(dx, dy), self.landmarks + offset, self.score)

    def scaled(self, factor: float) -> DetectedFace:
        """Return the same face in an image that is `factor` times as large."""
        return DetectedFace(
            self.box.scaled(factor), self.landmarks * np.float32(factor), self.score
        )


class Refusal(StrEnum):
    """Why a face is not used: a code for programs; `REFUSAL_TEXT` has the sentence."""

    NO_FACE = "no_face"
    SEVERAL_FACES = "several_faces"
    TOO_SMALL = "too_small"
    BLURRED = "blurred"
    TOO_DARK = "too_dark"
    TOO_BRIGHT = "too_bright"
    LOW_CONTRAST = "low_contrast"
    TURNED_AWAY = "turned_away"
    TILTED = "tilted"
    AT_THE_EDGE = "at_the_edge"
    NOT_LIKE_THE_OTHERS = "not_like_the_others"
    POSSIBLE_DUPLICATE = "possible_duplicate"
    ALREADY_ENROLLED = "already_enrolled"
    UNREADABLE = "unreadable"
    PRESENTATION_ATTACK = "presentation_attack"


REFUSAL_TEXT: dict[Refusal, str] = {
    Refusal.NO_FACE: "No face was found. Look into the camera, with light on the face.",
    Refusal.SEVERAL_FACES: "Several faces are in the picture. Take one with one person in front.",
    Refusal.TOO_SMALL: "The face is too small. Come closer to the camera.",
    Refusal.BLURRED: "The picture is blurred. Hold still, and wipe the lens.",
    Refusal.TOO_DARK: "The face is too dark. Turn a light on, or face the window.",
    Refusal.TOO_BRIGHT: "The face is too bright. Step out of the direct light.",
    Refusal.LOW_CONTRAST: "The face shows too little contrast. Avoid light from behind.",
    Refusal.TURNED_AWAY: "The face is turned away. Look towards the camera.",
    Refusal.TILTED: "The head is tilted. Hold it upright.",
    Refusal.AT_THE_EDGE: "The face is cut off. Move to the middle of the picture.",
    Refusal.NOT_LIKE_THE_OTHERS: (
        "This picture does not look like the person's other pictures. Check whose it is."
    ),
    Refusal.POSSIBLE_DUPLICATE: (
        "This face is already enrolled under another name. Check which of the two is right."
    ),
    Refusal.ALREADY_ENROLLED: "This picture is already enrolled. Nothing was changed.",
    Refusal.UNREADABLE: "The file is not a picture that can be opened.",
    Refusal.PRESENTATION_ATTACK: "The face looks like a photograph or a screen.",
}


@dataclass(frozen=True, slots=True)
class QualityMeasures:
    """What was measured on one face; the names follow ISO/IEC 29794-5 where it has one."""

    inter_eye_distance: float  # pixels in the image
    sharpness: float  # see vision.quality, 0 (flat) upwards
    brightness: float  # mean luma of the face, 0..255
    contrast: float  # 5th to 95th percentile of the luma, 0..255
    yaw: float  # degrees, positive = the subject's left; estimated from five landmarks
    pitch: float  # degrees, positive = up; estimated from five landmarks
    roll: float  # degrees, positive = clockwise in the image
    inside: float  # part of the face's box that lies inside the image, 0..1


@dataclass(frozen=True, slots=True)
class Quality:
    """How usable one face is: 0 (unusable) .. 100, with what gave it."""

    score: int
    measures: QualityMeasures
    refusals: tuple[Refusal, ...] = field(default=())

    @property
    def accepted(self) -> bool:
        return not self.refusals
