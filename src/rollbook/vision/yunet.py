"""YuNet: faces with five landmarks, from about 10 to 300 pixels at one scale."""

from __future__ import annotations

from collections import Counter, OrderedDict
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from rollbook.domain.faces import DetectedFace, Pixels
from rollbook.domain.geometry import Box
from rollbook.vision.inference import Network
from rollbook.vision.models import YUNET, prepared

STRIDES = (8, 16, 32)
OUTPUTS = [f"{kind}_{stride}" for kind in ("cls", "obj", "bbox", "kps") for stride in STRIDES]
SIDE_STEP = 32  # the network halves its input five times
NMS_IOU = 0.3
FIXED_AFTER = 8  # calls with one shape after which it gets a network of its own
MAX_FIXED = 4
Shape = tuple[int, int, int]  # pictures, height, width
Rows = npt.NDArray[np.float32]  # (n, 15): left, top, width, height, 5 x (x, y), score


class YuNetDetector:
    """Detects faces at several scales where the picture is large.

    `max_side` bounds the longest side in pixels at which the finest scale is searched; pictures
    larger than one tile are searched in overlapping tiles, so that memory stays bounded.
    """

    TILE = 1280
    OVERLAP = 160
    COARSE = 640

    def __init__(
        self,
        cache: Path | None = None,
        *,
        min_score: float = 0.7,
        max_side: int = 8192,
        threads: int | None = None,
    ) -> None:
        self._onnx = prepared(YUNET, cache)
        self._cache = cache
        self._threads = threads
        self._any_shape: Network | None = None
        self._fixed: OrderedDict[Shape, Network] = OrderedDict()
        self._uses: Counter[Shape] = Counter()
        self.min_score = min_score
        self.max_side = max_side

    def detect(self, pixels: Pixels) -> list[DetectedFace]:
        """Return the faces in `pixels`, best score first; an empty list for none."""
        height, width = pixels.shape[:2]
        if min(height, width) < 2:
            return []
        longest = max(height, width)
        finest = min(1.0, self.max_side / longest)
        rows = [self._at_scale(pixels, finest)]
        scale = finest
        # a face that fills a large picture is beyond what one scale finds
        while longest * scale > self.COARSE * 1.6:
            scale = max(scale / 3, self.COARSE / longest)
            rows.append(self._at_scale(pixels, scale))
        found = np.concatenate(rows)
        return [_to_face(row) for row in _suppress(found)]

    def _at_scale(self, pixels: Pixels, scale: float) -> Rows:
        if scale < 1.0:
            size = (
                max(1, round(pixels.shape[1] * scale)),
                max(1, round(pixels.shape[0] * scale)),
            )
            interpolation = cv2.INTER_AREA if scale < 0.75 else cv2.INTER_LINEAR
            image = np.asarray(
                cv2.resize(pixels, size, interpolation=interpolation), dtype=np.uint8
            )
        else:
            image = pixels
        height, width = image.shape[:2]
        rows = []
        for top in _tile_starts(height, self.TILE, self.OVERLAP):
            for left in _tile_starts(width, self.TILE, self.OVERLAP):
                tile = image[top : top + self.TILE, left : left + self.TILE]
                found = self._one_pass(tile)
                found[:, 0] += left
                found[:, 1] += top
                found[:, 4:14:2] += left
                found[:, 5:14:2] += top
                rows.append(_drop_cut(found, left, top, tile.shape[1], tile.shape[0], image.shape))
        result = np.concatenate(rows)
        result[:, :14] /= scale
        return result

    def _one_pass(self, tile: Pixels) -> Rows:
        """Return rows of faces in one picture of at most TILE pixels a side."""
        height, width = tile.shape[:2]
        full_h = -(-height // SIDE_STEP) * SIDE_STEP
        full_w = -(-width // SIDE_STEP) * SIDE_STEP
        picture = tile
        if (height, width) != (full_h, full_w):
            picture = np.zeros((full_h, full_w, 3), dtype=np.uint8)
            picture[:height, :width] = tile
        return self._batch(picture[None], self.min_score)[0]

    def _batch(self, pictures: Pixels, min_score: float) -> list[Rows]:
        """Return rows of each of (n, height, width, 3) pictures; sides are multiples of 32."""
        count, height, width = pictures.shape[:3]
        network = self._network((count, height, width))
        outputs = dict(zip(OUTPUTS, network(pictures), strict=True))
        return [
            np.concatenate(
                [_decode(outputs, index, stride, width // stride, min_score) for stride in STRIDES]
            )
            for index in range(count)
        ]

    def _network(self, shape: Shape) -> Network:
        """Return a network for this shape: a shape that comes again and again gets its own.

        Networks of one fixed shape are a little faster, and compiling takes as long as many calls.
        """
        self._uses[shape] += 1
        if shape in self._fixed or self._uses[shape] > FIXED_AFTER:
            if shape not in self._fixed:
                self._fixed[shape] = self._compiled(shape)
            self._fixed.move_to_end(shape)
            if len(self._fixed) > MAX_FIXED:
                forgotten, _ = self._fixed.popitem(last=False)
                del self._uses[forgotten]
            return self._fixed[shape]
        if self._any_shape is None:
            self._any_shape = self._compiled((-1, -1, -1))
        return self._any_shape

    def _compiled(self, shape: Shape) -> Network:
        return Network(self._onnx, shape, cache=self._cache, threads=self._threads)


def _tile_starts(length: int, tile: int, overlap: int) -> list[int]:
    if length <= tile:
        return [0]
    count = -(-(length - overlap) // (tile - overlap))
    return [round(i * (length - tile) / (count - 1)) for i in range(count)]


def _decode(
    outputs: dict[str, Rows], index: int, stride: int, columns: int, min_score: float
) -> Rows:
    """Return rows of the cells of one picture and stride whose score reaches `min_score`."""
    classes = outputs[f"cls_{stride}"][index, :, 0].clip(0, 1)
    objects = outputs[f"obj_{stride}"][index, :, 0].clip(0, 1)
    scores = np.sqrt(classes * objects)
    cells = np.flatnonzero(scores >= min_score)
    grid = np.stack([cells % columns, cells // columns], axis=1).astype(np.float32)
    boxes = outputs[f"bbox_{stride}"][index, cells]
    points = outputs[f"kps_{stride}"][index, cells].reshape(-1, 5, 2)
    rows = np.empty((len(cells), 15), dtype=np.float32)
    centres = (grid + boxes[:, :2]) * stride
    sizes = np.exp(boxes[:, 2:]) * stride
    rows[:, :2] = centres - sizes / 2
    rows[:, 2:4] = sizes
    rows[:, 4:14] = ((points + grid[:, None]) * stride).reshape(-1, 10)
    rows[:, 14] = scores[cells]
    return rows


def _drop_cut(
    rows: Rows, left: int, top: int, width: int, height: int, image: tuple[int, ...]
) -> Rows:
    """Drop faces that a tile's inner border cuts; the neighbour tile shows them whole."""
    slack = 4
    cut = np.zeros(len(rows), dtype=bool)
    if left > 0:
        cut |= rows[:, 0] < left + slack
    if top > 0:
        cut |= rows[:, 1] < top + slack
    if left + width < image[1]:
        cut |= rows[:, 0] + rows[:, 2] > left + width - slack
    if top + height < image[0]:
        cut |= rows[:, 1] + rows[:, 3] > top + height - slack
    return rows[~cut]


def _suppress(rows: Rows) -> Rows:
    """Keep the best of overlapping rows, best first."""
    if len(rows) == 0:
        return rows
    kept = cv2.dnn.NMSBoxes(rows[:, :4].tolist(), rows[:, 14].tolist(), 0.0, NMS_IOU)
    order = np.asarray(kept, dtype=np.intp).ravel()
    return rows[order[np.argsort(-rows[order, 14], kind="stable")]]


def _to_face(row: npt.NDArray[np.float32]) -> DetectedFace:
    left, top, width, height = (float(value) for value in row[:4])
    return DetectedFace(
        Box(left, top, left + width, top + height),
        row[4:14].reshape(5, 2).copy(),
        min(1.0, float(row[14])),
    )
