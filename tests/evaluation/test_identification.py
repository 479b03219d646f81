from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from rollbook.domain.faces import Pixels
from rollbook.domain.identification import Calibration, ProbeKind
from rollbook.errors import UnreadableImage
from rollbook.evaluation.acquire import Acquirer, central_face
from rollbook.evaluation.identification import IdentificationResult, evaluate_identification
from rollbook.evaluation.protocol import Pair, Protocol, ProtocolRow, Role
from rollbook.evaluation.verification import evaluate_verification
from rollbook.testing import (
    BLUE,
    COLOUR_SPACE,
    CYAN,
    GREEN,
    MAGENTA,
    RED,
    YELLOW,
    Colour,
    ColourDetector,
    ColourEmbedder,
    face_at,
    paint,
    picture,
)
from rollbook.vision.engine import Engine

COLOURS = {
    "red": RED,
    "green": GREEN,
    "blue": BLUE,
    "yellow": YELLOW,
    "magenta": MAGENTA,
    "cyan": CYAN,
}
CURVE = Calibration(
    COLOUR_SPACE, ProbeKind.SINGLE, (0.0, -5.0, 0.0), (0.0, 1.0), 0.01, "invented colours"
)


def people_in(name: str) -> Pixels:
    """Return a picture of the people that a file's name lists, the first in the middle."""
    if name == "broken":
        raise UnreadableImage("not a picture")
    if name == "missing":
        raise FileNotFoundError(2, "No such file")
    scene = picture()
    for place, colour in enumerate(name.split("+")):
        if colour in COLOURS:
            paint(scene, face_at(290 if place == 0 else 20, 210 if place == 0 else 20), _of(colour))
    return scene


def _of(name: str) -> Colour:
    return COLOURS[name]


def acquirer(said: list[str] | None = None) -> Acquirer:
    engine = Engine(ColourDetector(COLOURS.values()), ColourEmbedder())
    heard = said if said is not None else []
    return Acquirer(engine, lambda path: people_in(path.name), Path("photos"), heard.append)


def protocol(enrol: str, mated: str, nonmated: str) -> Protocol:
    """Return a protocol of `identity:picture` words."""

    def rows(role: Role, words: str) -> tuple[ProtocolRow, ...]:
        pairs = (word.split(":") for word in words.split())
        return tuple(ProtocolRow(role, identity, path) for identity, path in pairs)

    return Protocol(rows(Role.ENROL, enrol), rows(Role.MATED, mated), rows(Role.NONMATED, nonmated))


def evaluate(asked: Protocol, said: list[str] | None = None) -> IdentificationResult:
    return evaluate_identification(
        asked, acquirer(said), {ProbeKind.SINGLE: CURVE}, 0.001, lambda *_: None
    )


def test_everybody_is_found_and_strangers_stay_unknown() -> None:
    result = evaluate(protocol("r:red g:green", "r:red g:green", "x:blue y:cyan"))
    figures = result.to_json()
    assert (figures["enrolled"], figures["mated"], figures["nonmated"]) == (2, 2, 2)
    assert (figures["fte"], figures["fta"], figures["rank1"]) == (0, 0, 1.0)
    assert set(figures["fnir_at_fpir"]) == {"0.01", "0.003", "0.001"}
    assert all(found["fnir"] == 0.0 for found in figures["fnir_at_fpir"].values())
    default = figures["default"]
    assert (default["fpir"], default["fnir"], default["misidentified"]) == (0.0, 0.0, 0)
    assert default["threshold"] == CURVE.operating_point(0.001, 2).threshold
    json.dumps(figures, allow_nan=False)


def test_the_face_in_the_middle_counts() -> None:
    result = evaluate(protocol("r:red+green g:green", "r:red+green", "x:blue+red"))
    assert result.to_json()["rank1"] == 1.0
    assert result.searches[1].decision == ""
    assert central_face(picture(), []) is None


def test_a_failed_enrolment_makes_its_probes_miss() -> None:
    said: list[str] = []
    result = evaluate(protocol("r:nobody g:green", "r:red g:green", "x:blue"), said)
    figures = result.to_json()
    assert (figures["enrolled"], figures["fte"], figures["rank1"]) == (1, 1, 0.5)
    assert figures["default"]["fnir"] == 0.5
    assert said == ["nobody counts as not acquired: no face was found in it"]


@pytest.mark.parametrize("path", ["nobody", "broken", "missing"])
def test_a_probe_that_is_not_acquired_misses_and_names_nobody(path: str) -> None:
    said: list[str] = []
    result = evaluate(protocol("r:red g:green", f"r:{path} g:green", f"x:{path}"), said)
    figures = result.to_json()
    assert (figures["fta"], figures["rank1"]) == (2, 0.5)
    assert figures["fnir_at_fpir"]["0.01"]["fnir"] == 0.5
    assert figures["default"]["fpir"] == 0.0
    assert len(said) == 2
    assert not result.searches[0].acquired


def test_several_samples_of_one_person_are_fused() -> None:
    figures = evaluate(protocol("r:red r:nobody r:red g:green", "r:red", "x:blue")).to_json()
    assert (figures["enrolled"], figures["fte"], figures["rank1"]) == (2, 0, 1.0)


def test_somebody_who_looks_like_another_is_counted_as_misidentified() -> None:
    figures = evaluate(protocol("r:red g:green", "r:green g:green", "x:red")).to_json()
    assert figures["default"]["misidentified"] == 1
    assert figures["default"]["strangers_named"] == 1
    assert figures["default"]["fnir"] == 0.5
    assert figures["rank1"] == 0.5


def test_nobody_enrolled_at_all_is_measured_too() -> None:
    figures = evaluate(protocol("r:nobody", "r:red", "x:blue")).to_json()
    assert (figures["enrolled"], figures["fte"], figures["rank1"]) == (0, 1, 0.0)
    assert figures["default"]["fnir"] == 1.0
    json.dumps(figures, allow_nan=False)


def test_without_a_calibration_the_product_would_name_nobody() -> None:
    asked = protocol("r:red", "r:red", "x:blue")
    result = evaluate_identification(asked, acquirer(), {}, 0.001, lambda *_: None)
    assert result.to_json()["default"] is None
    assert all(search.decision == "" for search in result.searches)


def test_pairs_are_judged_fold_by_fold() -> None:
    pairs = [Pair("red", "red", True), Pair("red", "green", False)] * 10
    pairs += [Pair("broken", "red", True)]
    result = evaluate_verification(pairs, acquirer(), lambda *_: None)
    figures = result.to_json()
    assert (figures["same"], figures["different"], figures["fta"]) == (11, 10, 1)
    assert 0.9 < figures["accuracy"] < 1.0
    assert np.isneginf(result.scores[-1])
