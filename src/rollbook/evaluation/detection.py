"""Face detection: recall at a fixed precision on pictures whose faces people have boxed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rollbook.domain.faces import DetectedFace, Pixels
from rollbook.domain.geometry import Box
from rollbook.domain.ports import Progress
from rollbook.errors import InvalidInput
from rollbook.evaluation.acquire import OpenImage, Warn
from rollbook.evaluation.metrics import Rate, recall_at_precision
from rollbook.evaluation.protocol import read_csv

MIN_SIDE = 30.0  # pixels; smaller faces count neither way
MIN_IOU = 0.5
PRECISION = 0.95

Detect = Callable[[Pixels], list[DetectedFace]]


@dataclass(frozen=True, slots=True)
class TrueFace:
    """A face that a person has boxed; one that does not `count` is neither hit nor miss."""

    box: Box
    counts: bool


@dataclass(frozen=True, slots=True)
class Found:
    """One counted detection."""

    score: float
    correct: bool


@dataclass(frozen=True, slots=True)
class DetectionResult:
    """All counted detections of all pictures."""

    images: int
    faces: int
    found: tuple[Found, ...]
    unreadable: int

    def to_json(self) -> dict[str, Any]:
        """Return recall at the fixed precision, and at the detector's own score."""
        scores = [found.score for found in self.found]
        correct = [found.correct for found in self.found]
        best = recall_at_precision(scores, correct, self.faces, PRECISION)
        hits = Rate(sum(correct), self.faces)
        return {
            "images": self.images,
            "unreadable": self.unreadable,
            "faces": self.faces,
            "min_side": MIN_SIDE,
            "recall_at_precision": best.recall,
            "recall_interval": Rate(round(best.recall * self.faces), self.faces).interval,
            "precision": best.precision,
            "min_score": best.min_score,
            "as_shipped": {
                "recall": hits.value,
                "precision": Rate(sum(correct), len(correct)).value,
                "detections": len(correct),
            },
        }


def read_boxes(file: Path) -> dict[str, list[TrueFace]]:
    """Read the columns `image,x,y,w,h,invalid`: pixels, and 1 for a box that nobody could judge.

    Raises:
        InvalidInput: the file cannot be read, or a row makes no sense; the text names the line.
    """
    boxes: dict[str, list[TrueFace]] = {}
    for line, fields in read_csv(file, ("image", "x", "y", "w", "h", "invalid")):
        try:
            x, y, width, height = (float(fields[name]) for name in ("x", "y", "w", "h"))
        except ValueError:
            raise InvalidInput(f"{file.name}, line {line}: x, y, w, h must be numbers.") from None
        counts = fields["invalid"] != "1" and min(width, height) >= MIN_SIDE
        face = TrueFace(Box(x, y, x + width, y + height), counts)
        boxes.setdefault(fields["image"], []).append(face)
    return boxes


def evaluate_detection(
    truth: Mapping[str, Sequence[TrueFace]],
    root: Path,
    detect: Detect,
    open_image: OpenImage,
    warn: Warn,
    progress: Progress,
) -> DetectionResult:
    """Detect in each picture and compare with its boxes; an unreadable one has no detections."""
    found: list[Found] = []
    unreadable = 0
    for number, (image, faces) in enumerate(truth.items(), start=1):
        try:
            found += match(detect(open_image(root / image)), faces)
        except (InvalidInput, OSError) as error:
            unreadable += 1
            warn(f"{image} cannot be read ({error}); its faces count as missed")
        progress(number, len(truth))
    counted = sum(face.counts for faces in truth.values() for face in faces)
    return DetectionResult(len(truth), counted, tuple(found), unreadable)


def match(detections: Sequence[DetectedFace], truth: Sequence[TrueFace]) -> list[Found]:
    """Return the counted detections of one picture, best score first.

    Each takes the free face that it covers best; one that covers only faces which do not count
    is left out, and a second one on the same face is wrong.
    """
    free = [face for face in truth if face.counts]
    ignored = [face for face in truth if not face.counts]
    found = []
    for detection in sorted(detections, key=lambda face: -face.score):
        best = max(free, key=lambda face: face.box.iou(detection.box), default=None)
        if best is not None and best.box.iou(detection.box) >= MIN_IOU:
            free.remove(best)
            found.append(Found(detection.score, True))
        elif not any(face.box.iou(detection.box) >= MIN_IOU for face in ignored):
            found.append(Found(detection.score, False))
    return found
