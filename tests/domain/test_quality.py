"""Which faces are good enough, and which one of several is meant."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbook.domain.faces import REFUSAL_TEXT, DetectedFace, QualityMeasures, Refusal
from rollbook.domain.geometry import Box
from rollbook.domain.quality import (
    ENROLMENT_RULES,
    POSES,
    PROBE_RULES,
    dominant_face,
    judge,
    pose_of,
)

GOOD = QualityMeasures(
    inter_eye_distance=60.0,
    sharpness=0.4,
    brightness=128.0,
    contrast=110.0,
    yaw=0.0,
    pitch=0.0,
    roll=0.0,
    inside=1.0,
)
numbers = st.floats(allow_nan=True, allow_infinity=True)
any_measures = st.builds(QualityMeasures, *(numbers for _ in fields(QualityMeasures)))


def face_at(x: float, y: float, side: float) -> DetectedFace:
    box = Box(x - side / 2, y - side / 2, x + side / 2, y + side / 2)
    return DetectedFace(box, np.zeros((5, 2), dtype=np.float32), 0.9)


def test_a_good_face_is_accepted_with_full_score() -> None:
    quality = judge(GOOD, ENROLMENT_RULES)
    assert quality.accepted
    assert quality.score == 100


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"inter_eye_distance": 12.0}, Refusal.TOO_SMALL),
        ({"sharpness": 0.03}, Refusal.BLURRED),
        ({"brightness": 20.0}, Refusal.TOO_DARK),
        ({"brightness": 240.0}, Refusal.TOO_BRIGHT),
        ({"contrast": 20.0}, Refusal.LOW_CONTRAST),
        ({"yaw": 60.0}, Refusal.TURNED_AWAY),
        ({"yaw": -60.0}, Refusal.TURNED_AWAY),
        ({"pitch": 40.0}, Refusal.TURNED_AWAY),
        ({"roll": -25.0}, Refusal.TILTED),
        ({"inside": 0.7}, Refusal.AT_THE_EDGE),
    ],
)
def test_each_fault_has_its_own_code_and_only_enrolment_is_strict(
    change: dict[str, float], refusal: Refusal
) -> None:
    measures = replace(GOOD, **change)
    assert judge(measures, ENROLMENT_RULES).refusals == (refusal,)
    assert judge(measures, PROBE_RULES).accepted
    assert judge(measures, ENROLMENT_RULES).score <= 100
    assert REFUSAL_TEXT[refusal]


@given(any_measures)
def test_any_measures_give_a_score_and_probes_are_never_stricter(measures: QualityMeasures) -> None:
    strict, loose = judge(measures, ENROLMENT_RULES), judge(measures, PROBE_RULES)
    assert 0 <= strict.score <= 100
    assert set(loose.refusals) <= set(strict.refusals)


@pytest.mark.parametrize("name", [field.name for field in fields(QualityMeasures)])
def test_a_measure_that_is_not_a_number_is_never_accepted(name: str) -> None:
    assert not judge(replace(GOOD, **{name: float("nan")}), PROBE_RULES).accepted


def test_nobody_is_no_face() -> None:
    assert dominant_face([], (640, 480)) is Refusal.NO_FACE


def test_a_single_face_may_be_anywhere() -> None:
    face = face_at(20, 20, 40)
    assert dominant_face([face], (640, 480)) is face


def test_people_in_the_background_do_no_harm() -> None:
    small, near = face_at(100, 100, 60), face_at(320, 240, 200)
    assert dominant_face([small, near], (640, 480)) is near


def test_the_one_in_the_middle_counts_though_a_neighbour_is_as_large() -> None:
    middle, side = face_at(320, 240, 100), face_at(580, 240, 105)
    assert dominant_face([side, middle], (640, 480)) is middle


def test_two_who_may_be_meant_are_refused() -> None:
    pair = [face_at(220, 240, 150), face_at(420, 240, 140)]
    assert dominant_face(pair, (640, 480)) is Refusal.SEVERAL_FACES


@given(st.permutations([face_at(100, 90, 30), face_at(320, 240, 100), face_at(600, 400, 80)]))
def test_the_order_of_detection_does_not_matter(faces: list[DetectedFace]) -> None:
    found = dominant_face(faces, (640, 480))
    assert isinstance(found, DetectedFace)
    assert found.box.centre == (320, 240)


@pytest.mark.parametrize(
    ("yaw", "pitch", "pose"),
    [
        (0, 0, "front"),
        (14, -11, "front"),
        (25, 5, "left"),
        (-25, 5, "right"),
        (5, 20, "up"),
        (5, -20, "down"),
        (40, 20, "left"),
    ],
)
def test_poses_are_named_by_where_the_face_mostly_looks(
    yaw: float, pitch: float, pose: str
) -> None:
    assert pose_of(replace(GOOD, yaw=yaw, pitch=pitch)) == pose
    assert pose in POSES
