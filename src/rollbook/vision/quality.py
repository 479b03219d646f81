"""Measures of how usable a face is; what is good enough is decided in `domain.quality`."""

from __future__ import annotations

import cv2
import numpy as np

from rollbook.domain.faces import DetectedFace, Pixels, Points, QualityMeasures
from rollbook.vision.align import ARCFACE_112, align

FACE = (slice(28, 104), slice(24, 88))  # rows and columns of the upright crop without background
SHARPNESS_SIZE = 64  # crops of this size hardly tell how large the face was, only how blurred
SENSOR_NOISE = 4.0  # variance that an evenly dark picture shows as well
HEAD = np.array(
    [
        [-31.5, 0.0, 0.0],
        [31.5, 0.0, 0.0],
        [0.0, 40.0, -28.0],
        [-25.0, 70.0, -6.0],
        [25.0, 70.0, -6.0],
    ],
    dtype=np.float64,
)
"""A mean head's five landmarks in millimetres: x as in the image, y down, z away from us."""
_FROM_HEAD = np.linalg.pinv(HEAD - HEAD.mean(axis=0))  # (3, 5)


class LandmarkQualityMeter:
    """Measures from pixels and five landmarks; needs no network, about a millisecond a face."""

    def measure(self, pixels: Pixels, face: DetectedFace) -> QualityMeasures:
        """Return the measures of one face of a BGR image."""
        crop = align(pixels, face.landmarks, ARCFACE_112)
        luma = _luma(crop)[FACE]
        dark, bright = np.percentile(luma, (5, 95))
        yaw, pitch, roll = head_pose(face.landmarks)
        return QualityMeasures(
            inter_eye_distance=face.eye_distance / _foreshortening(yaw),
            sharpness=_sharpness(crop),
            brightness=float(luma.mean()),
            contrast=float(bright - dark),
            yaw=yaw,
            pitch=pitch,
            roll=roll,
            inside=_inside(pixels, face),
        )


def head_pose(landmarks: Points) -> tuple[float, float, float]:
    """Return yaw, pitch and roll in degrees, as in `QualityMeasures`.

    The mean head is laid under the landmarks by least squares as a far camera would see it, so
    people whose faces differ from it get a few degrees of error.
    """
    moved = landmarks.astype(np.float64) - landmarks.mean(axis=0)
    seen = (_FROM_HEAD @ moved).T  # (2, 3): two rows of a rotation, scaled
    u, _, vt = np.linalg.svd(seen, full_matrices=False)
    right, down = u @ vt
    yaw = np.arctan2(-right[2], np.hypot(right[0], right[1]))
    pitch = np.arcsin(np.clip(down[2], -1.0, 1.0))
    dx, dy = landmarks[1] - landmarks[0]
    return float(np.degrees(yaw)), float(np.degrees(pitch)), float(np.degrees(np.arctan2(dy, dx)))


def _foreshortening(yaw: float) -> float:
    """Return by how much a turned head brings the eyes nearer; ISO measures without it."""
    return max(0.5, float(np.cos(np.radians(yaw))))


def _luma(crop: Pixels) -> Pixels:
    return np.asarray(cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY), dtype=np.uint8)


def _sharpness(crop: Pixels) -> float:
    """Return the variance of the Laplacian over that of the luma, on a crop of a fixed size.

    Sharp portraits give 0.13 to 1.3; a blur of 8 % of the distance between the eyes, at which
    comparison scores fall by a third, gives 0.01 to 0.06; a face of 14 pixels between the eyes
    0.08 to 0.4. Dividing by the variance keeps dim light from looking like blur.
    """
    small = cv2.resize(crop, (SHARPNESS_SIZE, SHARPNESS_SIZE), interpolation=cv2.INTER_AREA)
    scale = SHARPNESS_SIZE / len(crop)
    rows, columns = (slice(round(s.start * scale), round(s.stop * scale)) for s in FACE)
    luma = _luma(np.asarray(small, dtype=np.uint8))[rows, columns].astype(np.float32)
    edges = cv2.Laplacian(luma, cv2.CV_32F)[1:-1, 1:-1]
    return float(edges.var() / (luma.var() + SENSOR_NOISE))


def _inside(pixels: Pixels, face: DetectedFace) -> float:
    height, width = pixels.shape[:2]
    return face.box.clipped_to(width, height).area / face.box.area if face.box.area > 0 else 0.0
