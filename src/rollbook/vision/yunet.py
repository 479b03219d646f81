"""YuNet: faces with five landmarks, from about 10 to 300 pixels at one scale."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
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
VOTE_IOU = 0.5
FIXED_AFTER = 8  # calls with one shape after which it gets a network of its own
MAX_FIXED = 4
PATCH = 128  # pixels a side at which a face is looked at again
ZOOMS = (4.5, 5.5)  # sides of the squares that are cut out, in distances of the eyes
REFINE_SCORE = 0.3
REFINED_AT_ONCE = 16
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
        rows = [self._at_scale(pixels, scale) for scale in self._scales(max(height, width))]
        found = np.concatenate(rows)
        return [_to_face(row) for row in _suppress(found)]

    def _scales(self, longest: int) -> list[float]:
        """Return the scales to search at, finest first, for a picture with this longest side.

        One is enough for the frames of a camera. A face that fills a larger picture is beyond
        what its finest scale finds.
        """
        side = min(longest, self.max_side)
        sides = [side]
        while side > self.COARSE * 1.2:
            side = max(round(side / 3), self.COARSE)
            sides.append(side)
        if longest > self.COARSE:
            sides.append(self.COARSE // 2)
        return [side / longest for side in sides]

    def refine(self, pixels: Pixels, faces: Sequence[DetectedFace]) -> list[DetectedFace]:
        """Return the faces, in order, with landmarks that are steadier than those of `detect`.

        Each face is looked at again, alone and at the size that the network knows best.
        """
        refined: list[DetectedFace] = []
        for start in range(0, len(faces), REFINED_AT_ONCE):
            some = faces[start : start + REFINED_AT_ONCE]
            views = [_View.of(face, zoom) for face in some for zoom in ZOOMS]
            patches = np.stack([view.cut(pixels) for view in views])
            found = self._batch(patches, REFINE_SCORE)
            for index, face in enumerate(some):
                own = slice(index * len(ZOOMS), (index + 1) * len(ZOOMS))
                refined.append(_refined(face, views[own], found[own]))
        return refined

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
        tall, tops = _tiles(height, self.TILE, self.OVERLAP)
        wide, lefts = _tiles(width, self.TILE, self.OVERLAP)
        for top in tops:
            for left in lefts:
                tile = image[top : top + tall, left : left + wide]
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
        # the network lists the cells of all pictures one after another, as if it were one picture
        outputs = {
            name: cells.reshape(count, -1, cells.shape[-1])
            for name, cells in zip(OUTPUTS, network(pictures), strict=True)
        }
        found = [_decode(outputs, stride, width // stride, min_score) for stride in STRIDES]
        owners = np.concatenate([owner for owner, _ in found])
        rows = np.concatenate([rows for _, rows in found])
        return [rows[owners == index] for index in range(count)] if count > 1 else [rows]

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


@dataclass(frozen=True, slots=True)
class _View:
    """A square of the picture around one face, to be looked at as PATCH x PATCH pixels."""

    left: int
    top: int
    side: int

    @classmethod
    def of(cls, face: DetectedFace, zoom: float) -> _View:
        side = max(8, round(_extent(face) * zoom))
        centre = face.landmarks.mean(axis=0)
        return cls(round(float(centre[0]) - side / 2), round(float(centre[1]) - side / 2), side)

    def cut(self, pixels: Pixels) -> Pixels:
        """Return the square, uint8 (PATCH, PATCH, 3); outside of the picture is black."""
        height, width = pixels.shape[:2]
        inside = Box(self.left, self.top, self.left + self.side, self.top + self.side)
        rows, columns = inside.clipped_to(width, height).to_slices()
        square = np.zeros((self.side, self.side, 3), dtype=np.uint8)
        part = pixels[rows, columns]
        top, left = rows.start - self.top, columns.start - self.left
        if part.size:
            square[top : top + part.shape[0], left : left + part.shape[1]] = part
        # averaging areas is slow, and helps only where pixels would be left out
        interpolation = cv2.INTER_AREA if self.side > 2 * PATCH else cv2.INTER_LINEAR
        small = cv2.resize(square, (PATCH, PATCH), interpolation=interpolation)
        return np.asarray(small, dtype=np.uint8)

    def to_picture(self, points: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Return places of the patch as places of the picture; whole numbers are middles."""
        moved = (points + 0.5) * (self.side / PATCH) - 0.5 + (self.left, self.top)
        return np.asarray(moved, dtype=np.float32)


def _extent(face: DetectedFace) -> float:
    """Return the distance of the eyes, or of eyes and mouth where the head is turned."""
    eyes, mouth = face.landmarks[:2].mean(axis=0), face.landmarks[3:].mean(axis=0)
    return max(face.eye_distance, float(np.hypot(*(mouth - eyes))))


def _refined(face: DetectedFace, views: Sequence[_View], found: Sequence[Rows]) -> DetectedFace:
    """Return the face with the mean of its landmarks and of those seen in its views."""
    seen = [face.landmarks]
    for view, rows in zip(views, found, strict=True):
        if len(rows) == 0:
            continue
        distance = np.abs(_points(rows).mean(axis=1) - PATCH / 2).sum(axis=1)
        best = int(np.argmax(rows[:, 14] - distance / PATCH))
        if distance[best] > PATCH / 4:
            continue  # another face
        agreed = _agreed(rows[best : best + 1], rows)
        seen.append(view.to_picture(_points(agreed)[0]))
    mean = np.mean(np.stack(seen), axis=0).astype(np.float32)
    return DetectedFace(face.box, mean, face.score)


def _points(rows: Rows) -> npt.NDArray[np.float32]:
    """Return the landmarks of rows as (n, 5, 2)."""
    return rows[:, 4:14].reshape(-1, 5, 2)


def _tiles(length: int, tile: int, overlap: int) -> tuple[int, list[int]]:
    """Return the length of the tiles, at most `tile`, and where they start; they overlap."""
    if length <= tile:
        return length, [0]
    count = -(-(length - overlap) // (tile - overlap))
    shortest = -(-(length + (count - 1) * overlap) // count)
    own = min(tile, -(-shortest // SIDE_STEP) * SIDE_STEP)
    return own, [round(i * (length - own) / (count - 1)) for i in range(count)]


def _decode(
    outputs: dict[str, Rows], stride: int, columns: int, min_score: float
) -> tuple[npt.NDArray[np.intp], Rows]:
    """Return the cells of one stride whose score reaches `min_score`: whose picture, and rows."""
    classes = outputs[f"cls_{stride}"][..., 0].clip(0, 1)
    objects = outputs[f"obj_{stride}"][..., 0].clip(0, 1)
    scores = np.sqrt(classes * objects)
    pictures, cells = np.nonzero(scores >= min_score)
    grid = np.stack([cells % columns, cells // columns], axis=1).astype(np.float32)
    boxes = outputs[f"bbox_{stride}"][pictures, cells]
    points = outputs[f"kps_{stride}"][pictures, cells].reshape(-1, 5, 2)
    rows = np.empty((len(cells), 15), dtype=np.float32)
    centres = (grid + boxes[:, :2]) * stride
    sizes = np.exp(boxes[:, 2:]) * stride
    rows[:, :2] = centres - sizes / 2
    rows[:, 2:4] = sizes
    rows[:, 4:14] = ((points + grid[:, None]) * stride).reshape(-1, 10)
    rows[:, 14] = scores[pictures, cells]
    return pictures, rows


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
    """Return one row a face, best first: the mean of the rows that agree on it.

    Several cells of the network, and several scales, find the same face. Their landmarks scatter
    by a few pixels, so that their mean is much steadier than those of the best one alone.
    """
    if len(rows) == 0:
        return rows
    kept = cv2.dnn.NMSBoxes(rows[:, :4].tolist(), rows[:, 14].tolist(), 0.0, NMS_IOU)
    order = np.asarray(kept, dtype=np.intp).ravel()
    best = rows[order[np.argsort(-rows[order, 14], kind="stable")]]
    return _agreed(best, rows)


def _agreed(best: Rows, rows: Rows) -> Rows:
    """Return each of `best` with places that are the mean of all `rows` on the same face."""
    agree = _iou(best, rows) >= VOTE_IOU
    weights = agree * rows[:, 14]
    # a row of no area agrees with nobody, not even with itself
    total = weights.sum(axis=1, keepdims=True)
    means = (weights @ rows[:, :14]) / np.maximum(total, 1e-6)
    result = best.copy()
    result[:, :14] = np.where(total > 0, means, best[:, :14])
    return result


def _iou(one: Rows, two: Rows) -> Rows:
    """Return intersection over union of each of (n, 4+) with each of (m, 4+) boxes."""
    low = np.maximum(one[:, None, :2], two[None, :, :2])
    high = np.minimum(one[:, None, :2] + one[:, None, 2:4], two[None, :, :2] + two[None, :, 2:4])
    shared = np.clip(high - low, 0, None).prod(axis=2)
    union = one[:, None, 2:4].prod(axis=2) + two[None, :, 2:4].prod(axis=2) - shared
    return np.asarray(shared / np.maximum(union, 1e-6), dtype=np.float32)


def _to_face(row: npt.NDArray[np.float32]) -> DetectedFace:
    left, top, width, height = (float(value) for value in row[:4])
    return DetectedFace(
        Box(left, top, left + width, top + height),
        row[4:14].reshape(5, 2).copy(),
        min(1.0, float(row[14])),
    )
