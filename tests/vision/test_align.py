import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbook.vision.align import ARCFACE_112, align, similarity_transform

angles = st.floats(-3.1, 3.1)
scales = st.floats(0.05, 20)
shifts = st.floats(-500, 500)


@given(angles, scales, shifts, shifts)
def test_a_known_transform_is_found_again(angle: float, scale: float, dx: float, dy: float) -> None:
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    target = ARCFACE_112.landmarks
    source = ((target - [dx, dy]) @ np.linalg.inv(turn).T).astype(np.float64)
    matrix = similarity_transform(source, target)
    np.testing.assert_allclose(matrix, np.hstack([turn, [[dx], [dy]]]), rtol=1e-5, atol=1e-3)


def test_a_transform_never_mirrors() -> None:
    mirrored = ARCFACE_112.landmarks * [-1, 1]
    matrix = similarity_transform(mirrored.astype(np.float32), ARCFACE_112.landmarks)
    assert np.linalg.det(matrix[:, :2]) > 0


def test_landmarks_in_one_point_give_a_finite_crop() -> None:
    crop = align(np.zeros((50, 50, 3), np.uint8), np.full((5, 2), 7, np.float32), ARCFACE_112)
    assert crop.shape == (112, 112, 3)


@pytest.mark.parametrize("scale", [0.5, 1.0, 1.9, 2.5, 6.0])
def test_landmarks_land_on_their_places_at_every_size(scale: float) -> None:
    """Bright dots at the landmarks of a face of any size appear where the embedder wants them."""
    side = round(200 * scale)
    places = (ARCFACE_112.landmarks + 40) * scale
    picture = np.zeros((side, side, 3), np.uint8)
    for x, y in places:
        cv2.circle(
            picture, (round(float(x)), round(float(y))), max(2, round(3 * scale)), (255,) * 3, -1
        )
    crop = align(picture, places.astype(np.float32), ARCFACE_112)[..., 0].astype(float)
    for x, y in ARCFACE_112.landmarks:
        left, top = round(float(x)) - 8, round(float(y)) - 8
        patch = crop[top : top + 17, left : left + 17]
        rows, columns = np.mgrid[0:17, 0:17]
        centre = (patch * columns).sum() / patch.sum(), (patch * rows).sum() / patch.sum()
        assert abs(centre[0] + left - x) < 0.75 and abs(centre[1] + top - y) < 0.75
