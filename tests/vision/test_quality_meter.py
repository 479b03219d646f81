"""Faces are measured the same whatever their size, and faults show in their own measure."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

import rollbook
from rollbook.domain.faces import DetectedFace, Pixels
from rollbook.domain.geometry import Box
from rollbook.domain.quality import ENROLMENT_RULES, PROBE_RULES, dominant_face, judge
from rollbook.vision.align import ARCFACE_112
from rollbook.vision.images import read_image
from rollbook.vision.quality import HEAD, LandmarkQualityMeter, head_pose

METER = LandmarkQualityMeter()


def turned(yaw: float = 0, pitch: float = 0, roll: float = 0) -> np.ndarray:
    """The mean head's landmarks as a far camera sees it turned by so many degrees."""
    y, p, r = np.radians([-yaw, -pitch, roll])
    about_y = np.array([[np.cos(y), 0, np.sin(y)], [0, 1, 0], [-np.sin(y), 0, np.cos(y)]])
    about_x = np.array([[1, 0, 0], [0, np.cos(p), -np.sin(p)], [0, np.sin(p), np.cos(p)]])
    about_z = np.array([[np.cos(r), -np.sin(r), 0], [np.sin(r), np.cos(r), 0], [0, 0, 1]])
    seen = HEAD @ (about_z @ about_x @ about_y).T
    return (seen[:, :2] * 2 + 300).astype(np.float32)


def textured_face(side: int = 448) -> tuple[Pixels, DetectedFace]:
    """An invented face of noise at several scales, landmarks where the embedder wants them."""
    rng = np.random.default_rng(7)
    picture = np.zeros((side, side), dtype=np.float32)
    for cells in (8, 16, 32):
        noise = rng.normal(size=(cells, cells)).astype(np.float32)
        picture += cv2.resize(noise, (side, side), interpolation=cv2.INTER_CUBIC)
    grey = np.clip(128 + 25 * picture, 0, 255).astype(np.uint8)
    landmarks = ARCFACE_112.landmarks * np.float32(side / 112)
    face = DetectedFace(Box(0, 0, side, side), landmarks, 0.9)
    return cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR), face


@pytest.mark.parametrize(
    ("angles", "expected"),
    [
        ({}, (0, 0, 0)),
        ({"yaw": 30}, (30, 0, 0)),
        ({"yaw": -30}, (-30, 0, 0)),
        ({"pitch": 20}, (0, 20, 0)),
        ({"pitch": -20}, (0, -20, 0)),
        ({"roll": 25}, (0, 0, 25)),
    ],
)
def test_pose_is_read_from_the_landmarks(
    angles: dict[str, float], expected: tuple[float, float, float]
) -> None:
    assert head_pose(turned(**angles)) == pytest.approx(expected, abs=1.0)


def test_the_subjects_left_is_the_images_right() -> None:
    nose_x = turned(yaw=30)[2, 0] - turned(yaw=30)[:2, 0].mean()
    assert nose_x > 0


def test_up_means_that_the_nose_rises_towards_the_eyes() -> None:
    def drop(points: np.ndarray) -> float:
        return float(points[2, 1] - points[:2, 1].mean())

    assert drop(turned(pitch=20)) < drop(turned())


def test_sharpness_hardly_depends_on_the_size_of_the_face() -> None:
    picture, face = textured_face()
    large = METER.measure(picture, face).sharpness
    small = cv2.resize(picture, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    assert METER.measure(small, face.scaled(0.25)).sharpness == pytest.approx(large, rel=0.25)


def test_sharpness_hardly_depends_on_the_light() -> None:
    picture, face = textured_face()
    dim = (picture * 0.4).astype(np.uint8)
    bright = METER.measure(picture, face)
    assert METER.measure(dim, face).sharpness == pytest.approx(bright.sharpness, rel=0.15)
    assert METER.measure(dim, face).brightness == pytest.approx(bright.brightness * 0.4, abs=2)


def test_blur_grows_and_sharpness_falls() -> None:
    picture, face = textured_face()
    eyes = face.eye_distance
    blurred = [cv2.GaussianBlur(picture, (0, 0), part * eyes) for part in (0.02, 0.05, 0.1, 0.2)]
    measured = [METER.measure(image, face).sharpness for image in (picture, *blurred)]
    assert measured == sorted(measured, reverse=True)
    assert measured[-1] < PROBE_RULES.min_sharpness < measured[0]


def test_an_evenly_coloured_picture_is_neither_sharp_nor_of_any_contrast() -> None:
    picture, face = textured_face()
    measures = METER.measure(np.full_like(picture, 60), face)
    assert (measures.sharpness, measures.contrast) == (0.0, 0.0)
    assert measures.brightness == pytest.approx(60, abs=1)


def test_the_part_of_the_box_inside_the_picture_is_measured() -> None:
    picture, face = textured_face()
    shifted = face.moved(-face.box.width / 4, 0)
    assert METER.measure(picture, shifted).inside == pytest.approx(0.75)


def test_a_turned_head_does_not_count_as_a_smaller_face() -> None:
    picture, _ = textured_face(640)
    box = Box(0, 0, 640, 640)
    front = METER.measure(picture, DetectedFace(box, turned(), 0.9))
    side = METER.measure(picture, DetectedFace(box, turned(yaw=40), 0.9))
    assert side.inter_eye_distance == pytest.approx(front.inter_eye_distance, rel=0.02)


@pytest.mark.model
@pytest.mark.faces
@pytest.mark.slow
def test_nearly_all_portraits_may_be_enrolled_and_blurred_or_dark_ones_may_not(
    faces_dir: Path,
) -> None:
    engine = rollbook.open_engine()
    portraits = [read_image(path) for path in sorted((faces_dir / "lfw").rglob("*_0001.jpg"))[::8]]

    def accepted(pictures: list[Pixels]) -> float:
        good = 0
        for pixels in pictures:
            height, width = pixels.shape[:2]
            face = dominant_face(engine.detect(pixels), (width, height))
            if isinstance(face, DetectedFace):
                good += judge(METER.measure(pixels, face), ENROLMENT_RULES).accepted
        return good / len(pictures)

    assert accepted(portraits) >= 0.96
    assert accepted([cv2.GaussianBlur(image, (0, 0), 4) for image in portraits]) <= 0.05
    assert accepted([(image * 0.2).astype(np.uint8) for image in portraits]) <= 0.05
    assert accepted([cv2.resize(image, None, fx=0.35, fy=0.35) for image in portraits]) <= 0.05
