import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbook.domain.faces import DetectedFace
from rollbook.domain.geometry import Box

sides = st.floats(-1e4, 1e4)
boxes = st.tuples(sides, sides, sides, sides).map(
    lambda v: Box(min(v[0], v[2]), min(v[1], v[3]), max(v[0], v[2]), max(v[1], v[3]))
)


@given(boxes, st.integers(1, 5000), st.integers(1, 5000))
def test_a_clipped_box_always_makes_valid_slices(box: Box, width: int, height: int) -> None:
    rows, columns = box.clipped_to(width, height).to_slices()
    assert 0 <= rows.start <= rows.stop <= height
    assert 0 <= columns.start <= columns.stop <= width


@given(boxes, boxes)
def test_iou_is_symmetric_and_between_0_and_1(one: Box, other: Box) -> None:
    assert 0 <= one.iou(other) <= 1 + 1e-9
    assert one.iou(other) == pytest.approx(other.iou(one))


@given(boxes.filter(lambda box: box.area > 1e-6))
def test_a_box_overlaps_itself_fully(box: Box) -> None:
    assert box.iou(box) == pytest.approx(1)


def test_empty_boxes_overlap_nothing() -> None:
    assert Box(0, 0, 0, 0).iou(Box(0, 0, 0, 0)) == 0
    assert Box(5, 5, 3, 3).area == 0


def test_moving_and_scaling_a_face_moves_its_landmarks_too() -> None:
    landmarks = np.arange(10, dtype=np.float32).reshape(5, 2)
    face = DetectedFace(Box(0, 0, 10, 10), landmarks, 0.9).moved(5, -1).scaled(2)
    assert face.box == Box(10, -2, 30, 18)
    assert face.landmarks.tolist() == ((landmarks + np.array([5, -1])) * 2).tolist()


def test_landmarks_of_another_shape_are_refused() -> None:
    with pytest.raises(ValueError, match=r"shape \(5, 2\), got \(68, 2\)"):
        DetectedFace(Box(0, 0, 1, 1), np.zeros((68, 2), np.float32), 1.0)
