"""What every detector promises, tried on each that is installed and on the fake that ships."""

from __future__ import annotations

from importlib.metadata import entry_points
from pathlib import Path

import numpy as np
import pytest

from rollbook.domain.faces import Pixels
from rollbook.domain.ports import FaceDetector, LandmarkRefiner
from rollbook.errors import ModelUnavailable
from rollbook.testing import RED, ColourDetector, face_at, paint, picture
from rollbook.vision.demo_clip import portrait
from rollbook.vision.registry import load_backend

INSTALLED = sorted(entry_points(group="rollbook.detectors").names)


@pytest.fixture(scope="module", params=["fake", *INSTALLED])
def detector(request: pytest.FixtureRequest, prepared_models: Path) -> FaceDetector:
    if request.param == "fake":
        return ColourDetector([RED])
    try:
        return load_backend("detectors", request.param)(prepared_models)  # type: ignore[no-any-return]
    except ModelUnavailable as error:
        pytest.skip(str(error))


@pytest.fixture
def one_person(detector: FaceDetector) -> Pixels:
    """Return a picture in which this detector finds one face."""
    if isinstance(detector, ColourDetector):
        scene = picture()
        paint(scene, face_at(280, 180), RED)
        return scene
    return portrait()[:300]  # below, dlib takes a part of the suit for a face


def test_a_picture_without_faces_gives_an_empty_list(detector: FaceDetector) -> None:
    assert detector.detect(picture()) == []


@pytest.mark.parametrize("size", [(1, 1), (2, 300), (31, 33)])
def test_tiny_pictures_are_not_an_error(detector: FaceDetector, size: tuple[int, int]) -> None:
    assert detector.detect(picture(*size)) == []


def test_a_face_lies_in_the_picture_and_its_landmarks_on_it(
    detector: FaceDetector, one_person: Pixels
) -> None:
    (face,) = detector.detect(one_person)
    assert face.landmarks.dtype == np.float32
    assert 0.0 <= face.score <= 1.0
    around = face.box.grown(0.2)
    for x, y in face.landmarks:
        assert around.left <= x <= around.right
        assert around.top <= y <= around.bottom
    right_eye, left_eye, _, right_mouth, left_mouth = face.landmarks
    assert right_eye[0] < left_eye[0]  # the subject's right is the picture's left
    assert right_mouth[0] < left_mouth[0]
    assert max(right_eye[1], left_eye[1]) < min(right_mouth[1], left_mouth[1])


def test_faces_come_best_score_first(detector: FaceDetector, one_person: Pixels) -> None:
    several = np.concatenate([one_person, one_person], axis=1)
    scores = [face.score for face in detector.detect(several)]
    assert scores == sorted(scores, reverse=True)


def test_the_same_picture_gives_the_same_faces_and_stays_unchanged(
    detector: FaceDetector, one_person: Pixels
) -> None:
    before = one_person.copy()
    first, second = detector.detect(one_person), detector.detect(one_person)
    np.testing.assert_array_equal(one_person, before)
    assert [face.box for face in first] == [face.box for face in second]


def test_a_view_into_a_larger_array_is_a_picture_too(
    detector: FaceDetector, one_person: Pixels
) -> None:
    wide = np.concatenate([one_person, one_person], axis=1)
    view = wide[:, : one_person.shape[1]]
    assert not view.flags.c_contiguous
    assert len(detector.detect(view)) == 1


def test_refined_faces_stay_the_same_faces(detector: FaceDetector, one_person: Pixels) -> None:
    if not isinstance(detector, LandmarkRefiner):
        pytest.skip("this detector has one look at each face")
    assert detector.refine(one_person, []) == []
    faces = detector.detect(one_person)
    refined = detector.refine(one_person, faces * 20)
    assert len(refined) == 20
    for face in refined:
        assert face.box == faces[0].box
        moved = np.abs(face.landmarks - faces[0].landmarks).max()
        assert moved < 0.15 * faces[0].eye_distance
