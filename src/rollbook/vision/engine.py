"""Detector, alignment and embedder as one part: images in, faces and templates out."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from rollbook.domain.faces import DetectedFace, Pixels
from rollbook.domain.ports import FaceDetector, FaceEmbedder, LandmarkRefiner
from rollbook.domain.templates import Template, TemplateSpace
from rollbook.errors import ModelContractError
from rollbook.vision.align import align


class Engine:
    """What a recogniser needs of the networks. Use one in each thread."""

    def __init__(self, detector: FaceDetector, embedder: FaceEmbedder) -> None:
        self.detector = detector
        self.embedder = embedder

    @property
    def space(self) -> TemplateSpace:
        return self.embedder.space

    def detect(self, image: Pixels) -> list[DetectedFace]:
        """Return the faces in a BGR uint8 (h, w, 3) image, best score first.

        Raises:
            ValueError: the image has another shape or dtype.
        """
        _require_image(image)
        return self.detector.detect(image)

    def detect_within(self, image: Pixels, max_side: int) -> list[DetectedFace]:
        """Return the faces that can be found with the longest side made `max_side` pixels.

        Costs less than `detect` and overlooks small faces; the places are those of `image`.
        """
        _require_image(image)
        height, width = image.shape[:2]
        if max(height, width) <= max_side:
            return self.detector.detect(image)
        scale = max_side / max(height, width)
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
        faces = self.detector.detect(np.asarray(small, dtype=np.uint8))
        return [face.scaled(1 / scale) for face in faces]

    def crops(self, image: Pixels, faces: list[DetectedFace]) -> Pixels:
        """Return upright crops, uint8 BGR (n, s, s, 3), in the order of `faces`."""
        size = self.embedder.alignment.size
        result = np.empty((len(faces), size, size, 3), dtype=np.uint8)
        if isinstance(self.detector, LandmarkRefiner):
            faces = self.detector.refine(image, faces)
        for index, face in enumerate(faces):
            result[index] = align(image, face.landmarks, self.embedder.alignment)
        return result

    def embed(
        self, image: Pixels, faces: list[DetectedFace], *, mirrored: bool = False
    ) -> npt.NDArray[np.float32]:
        """Return unit rows, float32 (n, d), in the order of `faces`; (0, d) for no faces.

        `mirrored` adds each face's mirror image to its template, which costs twice the time.
        """
        _require_image(image)
        return self.embed_crops(self.crops(image, faces), mirrored=mirrored)

    def embed_crops(self, crops: Pixels, *, mirrored: bool = False) -> npt.NDArray[np.float32]:
        """Return unit rows, float32 (n, d), for upright crops as `crops` gives them."""
        if len(crops) == 0:
            return np.empty((0, self.space.dimension), dtype=np.float32)
        rows = self.embedder.embed(crops)
        if mirrored:
            both = rows + self.embedder.embed(np.ascontiguousarray(crops[:, :, ::-1]))
            rows = both / np.maximum(np.linalg.norm(both, axis=1, keepdims=True), 1e-12)
        expected = (len(crops), self.space.dimension)
        if rows.shape != expected or rows.dtype != np.float32:
            raise ModelContractError(
                f"{self.space.embedder} must return float32 {expected}, "
                f"returned {rows.dtype} {rows.shape}"
            )
        return rows

    def templates(
        self, image: Pixels, faces: list[DetectedFace], *, mirrored: bool = False
    ) -> list[Template]:
        """Return one template a face, in the order of `faces`."""
        rows = self.embed(image, faces, mirrored=mirrored)
        return [Template(row, self.space) for row in rows]


def _require_image(image: Pixels) -> None:
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
        raise ValueError(
            f"an image must be uint8 (height, width, 3) in BGR, got {image.dtype} {image.shape}"
        )
