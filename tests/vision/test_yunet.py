from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest

from rollbook.domain.faces import Pixels
from rollbook.testing import picture
from rollbook.vision.demo_clip import portrait
from rollbook.vision.yunet import FIXED_AFTER, MAX_FIXED, YuNetDetector, _agreed, _tiles

pytestmark = pytest.mark.model


@pytest.fixture(scope="module")
def detector(prepared_models: Path) -> YuNetDetector:
    return YuNetDetector(prepared_models)


@pytest.fixture(scope="module")
def face(detector: YuNetDetector) -> Pixels:
    """Return the portrait cut to its face."""
    image = portrait()
    (found,) = detector.detect(image)
    rows, columns = found.box.clipped_to(512, 512).to_slices()
    return image[rows, columns]


@pytest.mark.parametrize("side", [64, 128, 300, 512, 640, 700, 1000, 2000])
def test_a_face_that_fills_the_picture_is_found(
    detector: YuNetDetector, face: Pixels, side: int
) -> None:
    (found,) = detector.detect(cv2.resize(face, (side, side)))
    assert found.box.width > 0.7 * side


def test_every_face_of_24_pixels_in_a_large_photograph_is_found_once(
    detector: YuNetDetector,
) -> None:
    """The pitch is no divisor of the tiles, so that some faces lie on their borders."""
    image = portrait()
    (found,) = detector.detect(image)
    small = cv2.resize(
        image, None, fx=24 / found.box.width, fy=24 / found.box.width, interpolation=cv2.INTER_AREA
    )
    height, width = small.shape[:2]
    photo = picture(2600, 1700)
    places = [(x, y) for y in range(30, 1500, 237) for x in range(30, 2400, 271)]
    for x, y in places:
        photo[y : y + height, x : x + width] = small
    faces = detector.detect(photo)
    assert len(faces) == len(places)
    assert {
        (round(f.box.centre[0] - 30) // 271, round(f.box.centre[1] - 30) // 237) for f in faces
    } == {((x - 30) // 271, (y - 30) // 237) for x, y in places}


def test_places_are_those_of_the_picture_at_any_scale(detector: YuNetDetector) -> None:
    image = portrait()
    (small,) = detector.detect(image)
    (large,) = detector.detect(cv2.resize(image, (1536, 1536), interpolation=cv2.INTER_CUBIC))
    np.testing.assert_allclose(large.landmarks / 3, small.landmarks, atol=4)
    assert large.box.scaled(1 / 3).iou(small.box) > 0.8


def test_refined_landmarks_depend_little_on_where_the_face_was_found(
    detector: YuNetDetector,
) -> None:
    image = portrait()
    (found,) = detector.detect(image)
    rng = np.random.default_rng(0)
    places, shaken_places = [], []
    for _ in range(8):
        noise = rng.normal(0, 0.04 * found.eye_distance, (5, 2)).astype(np.float32)
        shaken = type(found)(found.box, found.landmarks + noise, found.score)
        shaken_places.append(shaken.landmarks)
        places.append(detector.refine(image, [shaken])[0].landmarks)
    assert np.std(places, axis=0).mean() < 0.6 * np.std(shaken_places, axis=0).mean()


def test_a_face_cut_by_the_border_can_be_refined(detector: YuNetDetector) -> None:
    image = portrait()
    (found,) = detector.detect(image)
    cut = np.ascontiguousarray(image[int(found.box.top) + 10 :])
    moved = found.moved(0, -(int(found.box.top) + 10))
    assert detector.refine(cut, [moved])[0].landmarks.shape == (5, 2)


def test_agreeing_rows_are_averaged_by_their_scores_and_others_left_out() -> None:
    rows = np.zeros((3, 15), np.float32)
    rows[:, 2:4] = 10
    rows[1, 0] = 2
    rows[2, 0] = 100
    rows[:, 14] = [0.9, 0.3, 0.99]
    agreed = _agreed(rows[:1], rows)
    assert agreed[0, 0] == pytest.approx(0.5)
    assert agreed[0, 14] == pytest.approx(0.9)


@pytest.mark.slow
def test_networks_of_many_shapes_do_not_pile_up(prepared_models: Path) -> None:
    detector = YuNetDetector(prepared_models)
    for side in range(64, 64 + 32 * (MAX_FIXED + 2), 32):
        for _ in range(FIXED_AFTER + 1):
            detector.detect(picture(side, 64))
    assert len(detector._fixed) <= MAX_FIXED


@pytest.mark.parametrize(
    ("length", "count"), [(100, 1), (1280, 1), (1281, 2), (2400, 2), (2401, 3)]
)
def test_tiles_cover_the_whole_length_and_overlap(length: int, count: int) -> None:
    tile, starts = _tiles(length, 1280, 160)
    assert tile <= min(length, 1280)
    assert len(starts) == count
    assert starts[0] == 0
    assert starts[-1] == length - tile
    assert all(after - before <= tile - 160 for before, after in pairwise(starts))
