"""Turn faces upright: five landmarks onto the places that an embedder was trained with."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from rollbook.domain.faces import Alignment, Pixels, Points

ARCFACE_112 = Alignment(
    112,
    np.array(
        [
            [38.2946, 51.6963],
            [73.5318, 51.5014],
            [56.0252, 71.7366],
            [41.5493, 92.3655],
            [70.7299, 92.2041],
        ],
        dtype=np.float32,
    ),
)
"""The usual five points of ArcFace-style networks; SFace was trained with them too."""


def similarity_transform(source: Points, target: Points) -> npt.NDArray[np.float64]:
    """Return the (2, 3) matrix that best moves `source` (n, 2) onto `target` (n, 2).

    Rotation, one scale and translation, least squares; Umeyama, PAMI 13(4), 1991.
    """
    source_mean, target_mean = source.mean(axis=0), target.mean(axis=0)
    moved_source = (source - source_mean).astype(np.float64)
    moved_target = (target - target_mean).astype(np.float64)
    u, singular, vt = np.linalg.svd(moved_target.T @ moved_source)
    signs = np.array([1.0, np.sign(np.linalg.det(u) * np.linalg.det(vt)) or 1.0])
    spread = (moved_source**2).sum()
    scale = (singular * signs).sum() / spread if spread > 0 else 1.0
    linear = scale * (u * signs) @ vt
    return np.hstack([linear, (target_mean - linear @ source_mean)[:, None]])


def align(pixels: Pixels, landmarks: Points, alignment: Alignment) -> Pixels:
    """Return the upright crop, uint8 (size, size, 3); outside of the image is black.

    A face much larger than the crop is first made smaller by area, since sampling single
    pixels of it would bring noise and false edges.
    """
    matrix = similarity_transform(landmarks, alignment.landmarks)
    scale = float(np.hypot(matrix[0, 0], matrix[1, 0]))
    if scale < 0.5:
        pixels, matrix = _reduced(pixels, matrix, scale, alignment.size)
    size = (alignment.size, alignment.size)
    return np.asarray(cv2.warpAffine(pixels, matrix, size, flags=cv2.INTER_CUBIC), dtype=np.uint8)


def _reduced(
    pixels: Pixels, matrix: npt.NDArray[np.float64], scale: float, size: int
) -> tuple[Pixels, npt.NDArray[np.float64]]:
    """Cut out what the crop will show and shrink it, and change the matrix to fit."""
    inverse = cv2.invertAffineTransform(matrix)
    corners = np.array([[0, 0], [size, 0], [0, size], [size, size]], dtype=np.float64)
    seen = corners @ inverse[:, :2].T + inverse[:, 2]
    height, width = pixels.shape[:2]
    left, top = np.clip(np.floor(seen.min(axis=0)) - 2, 0, [width - 1, height - 1]).astype(int)
    right, bottom = np.clip(np.ceil(seen.max(axis=0)) + 2, [left + 1, top + 1], [width, height])
    region = pixels[int(top) : int(bottom), int(left) : int(right)]
    factor = min(1.0, 1.0 / round(1.0 / scale))
    small_w = max(1, round(region.shape[1] * factor))
    small_h = max(1, round(region.shape[0] * factor))
    small = cv2.resize(region, (small_w, small_h), interpolation=cv2.INTER_AREA)
    ratio = np.array([region.shape[1] / small_w, region.shape[0] / small_h])
    changed = matrix.copy()
    changed[:, 2] = matrix[:, :2] @ np.array([left, top], dtype=np.float64) + matrix[:, 2]
    # pixel centres: x_region = (x_small + 0.5) * ratio - 0.5
    changed[:, 2] += matrix[:, :2] @ (0.5 * ratio - 0.5)
    changed[:, :2] = matrix[:, :2] * ratio
    return np.asarray(small, dtype=np.uint8), changed
