from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rollbook.domain.faces import DetectedFace, Pixels
from rollbook.domain.geometry import Box
from rollbook.errors import UnreadableImage
from rollbook.evaluation.detection import Found, TrueFace, evaluate_detection, match
from rollbook.testing import face_at, picture

FACE = TrueFace(Box(0, 0, 60, 60), True)
SMALL = TrueFace(Box(200, 200, 220, 220), False)


@pytest.mark.parametrize(
    ("detections", "expected"),
    [
        ([], []),
        ([face_at(2, 2)], [Found(0.9, True)]),
        ([face_at(300, 300)], [Found(0.9, False)]),
        ([face_at(200, 200, 20)], []),  # on a face that does not count
        ([face_at(0, 0, score=0.8), face_at(1, 1)], [Found(0.9, True), Found(0.8, False)]),
        ([face_at(0, 0, 120)], [Found(0.9, False)]),  # covers too little of what it claims
    ],
)
def test_detections_are_matched_best_score_first(
    detections: list[DetectedFace], expected: list[Found]
) -> None:
    assert match(detections, [FACE, SMALL]) == expected


def test_faces_of_a_picture_that_cannot_be_read_are_missed(tmp_path: Path) -> None:
    def open_image(path: Path) -> Pixels:
        if path.name == "bad.jpg":
            raise UnreadableImage("not a picture")
        return picture()

    said: list[str] = []
    truth = {"good.jpg": [FACE], "bad.jpg": [FACE]}
    result = evaluate_detection(
        truth, tmp_path, lambda _: [face_at(0, 0)], open_image, said.append, lambda *_: None
    )
    figures = result.to_json()
    assert (figures["faces"], figures["unreadable"]) == (2, 1)
    assert figures["recall_at_precision"] == 0.5
    assert "bad.jpg" in said[0]


def test_only_boxes_matter_not_the_order_of_detections() -> None:
    rng = np.random.default_rng(0)
    faces = [face_at(*rng.uniform(0, 90, 2), score=float(s)) for s in rng.uniform(0, 1, 12)]
    assert match(faces, [FACE]) == match(faces[::-1], [FACE])
