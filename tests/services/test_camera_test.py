"""What one picture tells about a camera's place."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rollbook import testing as t
from rollbook.domain.faces import DetectedFace, Pixels, QualityMeasures
from rollbook.errors import UnreadableImage
from rollbook.services.camera_test import SENTENCES, CameraTester, Level, ViewReport
from rollbook.vision.images import encode_jpeg, read_image

GOOD = QualityMeasures(60, 0.4, 120, 90, 2, 3, 0, 1)


class Meter:
    def __init__(self, measures: QualityMeasures) -> None:
        self.measures = measures

    def measure(self, pixels: Pixels, face: DetectedFace) -> QualityMeasures:
        return self.measures


def report(measures: QualityMeasures = GOOD, *faces: t.Colour, light: int = 90) -> ViewReport:
    pixels = t.picture(colour=(light, light, light))
    for place, colour in enumerate(faces or (t.RED,)):
        t.paint(pixels, t.face_at(50 + 150 * place, 100, 80 - place), colour)
    detector = t.ColourDetector([t.RED, t.GREEN])
    return CameraTester(read_image, detector.detect, Meter(measures)).look(pixels)


def codes(found: ViewReport) -> dict[str, str]:
    return {finding.aspect: finding.code for finding in found.findings}


def test_a_good_place_is_called_good() -> None:
    found = report()
    assert found.good and found.faces == 1 and found.size == (640, 480) and found.box is not None
    assert codes(found) == {
        "face": "one_face",
        "light": "light_good",
        "distance": "near_good",
        "sharpness": "sharp",
        "pose": "straight",
    }
    assert all(finding.sentence == SENTENCES[finding.code] for finding in found.findings)


@pytest.mark.parametrize(
    ("changed", "aspect", "code", "level"),
    [
        ({"brightness": 20.0}, "light", "dark", Level.BAD),
        ({"brightness": 50.0}, "light", "dim", Level.FAIR),
        ({"brightness": 240.0}, "light", "bright", Level.BAD),
        ({"contrast": 10.0}, "light", "flat", Level.BAD),
        ({"inter_eye_distance": 12.0}, "distance", "too_far", Level.BAD),
        ({"inter_eye_distance": 30.0}, "distance", "far", Level.FAIR),
        ({"inter_eye_distance": float("nan")}, "distance", "too_far", Level.BAD),
        ({"sharpness": 0.01}, "sharpness", "blurred", Level.BAD),
        ({"sharpness": 0.1}, "sharpness", "soft", Level.FAIR),
        ({"yaw": -30.0}, "pose", "turned", Level.FAIR),
        ({"pitch": 40.0}, "pose", "away", Level.BAD),
    ],
)
def test_what_is_wrong_is_said(
    changed: dict[str, float], aspect: str, code: str, level: Level
) -> None:
    found = report(replace(GOOD, **changed), light=60)
    (finding,) = [one for one in found.findings if one.aspect == aspect]
    assert (finding.code, finding.level) == (code, level)
    assert found.good == (level is not Level.BAD)


def test_light_from_behind_is_told_from_a_dark_room() -> None:
    assert codes(report(replace(GOOD, brightness=60.0), light=220))["light"] == "behind"


def test_without_a_face_it_says_so_and_whether_it_is_dark() -> None:
    tester = CameraTester(read_image, t.ColourDetector([t.RED]).detect, Meter(GOOD))
    light = tester.describe(encode_jpeg(t.picture()))
    dark = tester.describe(encode_jpeg(t.picture(colour=(2, 2, 2))))
    assert codes(light) == {"face": "no_face"} and not light.good
    assert codes(dark) == {"face": "no_face", "light": "dark_room"}
    with pytest.raises(UnreadableImage):
        tester.describe(b"no picture")


def test_of_several_faces_the_largest_is_measured() -> None:
    found = report(GOOD, t.RED, t.GREEN)
    assert codes(found)["face"] == "several_faces" and found.faces == 2 and found.good
    assert found.box is not None and found.box.left == pytest.approx(50, abs=3)
