"""What the product promises, measured on the development faces with its own commands."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

import rollbook
from rollbook.cli.main import app
from rollbook.domain.gallery import Gallery, fused_gallery
from rollbook.domain.identification import Identified, ProbeKind, decide
from rollbook.domain.templates import Template
from rollbook.vision.calibration import load_calibrations
from rollbook.vision.engine import Engine
from rollbook.vision.images import read_image
from rollbook.vision.sface import SFaceEmbedder

pytestmark = [pytest.mark.faces, pytest.mark.model]


def measured(home: Path, *arguments: str | Path) -> dict[str, Any]:
    """Run `rollbook evaluate … --json` and return what it printed."""
    words = ["--home", str(home), "evaluate", *map(str, arguments), "--json"]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.slow
def test_identification_on_the_development_people(
    new_home: Path, faces_dir: Path, tmp_path: Path
) -> None:
    lfw, decisions = faces_dir / "lfw", tmp_path / "decisions.csv"
    found = measured(
        new_home,
        "identification",
        lfw / "lfw_dev_openset.csv",
        "--images",
        lfw,
        "--decisions",
        decisions,
    )
    assert (found["enrolled"], found["mated"], found["nonmated"]) == (244, 761, 583)
    assert (found["fte"], found["fta"]) == (0, 0)
    assert found["rank1"] >= 0.993
    assert found["fnir_at_fpir"]["0.01"]["fnir"] <= 0.025
    assert found["fnir_at_fpir"]["0.003"]["fnir"] <= 0.046
    assert found["default"]["strangers_named"] <= 2
    assert found["default"]["misidentified"] <= 2
    rows = list(csv.DictReader(decisions.read_text(encoding="utf-8").splitlines()))
    assert len(rows) == 761 + 583
    named = sum(bool(row["decision"]) for row in rows[761:])
    assert named == found["default"]["strangers_named"]


@pytest.mark.slow
def test_verification_on_the_development_people(new_home: Path, faces_dir: Path) -> None:
    lfw = faces_dir / "lfw"
    found = measured(new_home, "verification", lfw / "lfw_dev_pairs.csv", "--images", lfw)
    assert (found["same"], found["different"], found["fta"]) == (600, 597, 0)
    assert found["accuracy"] >= 0.993


@pytest.mark.slow
def test_detection_on_photographs_with_boxes(new_home: Path, faces_dir: Path) -> None:
    wider = faces_dir / "wider"
    found = measured(new_home, "detection", wider / "gt.csv", "--images", wider)
    assert found["images"] == 60
    assert found["recall_at_precision"] >= 0.95
    assert found["precision"] >= 0.95
    assert found["as_shipped"]["recall"] >= 0.95


@pytest.mark.slow
def test_a_roster_that_looks_alike_does_not_name_its_strangers(
    faces_dir: Path, prepared_models: Path
) -> None:
    """Forty people before one camera in one light score higher with each other than most do."""
    engine = rollbook.open_engine(prepared_models)
    curve = load_calibrations(engine.space)[ProbeKind.SINGLE]
    people = sorted((faces_dir / "orl-att").iterdir())
    references = {person.name: embedded(engine, person, mirrored=True) for person in people}
    probes = {person.name: embedded(engine, person, mirrored=False) for person in people}
    named, missed, fixed = 0, 0, 0
    for stranger in references:
        gallery = roster({name: rows[:3] for name, rows in references.items() if name != stranger})
        point = curve.operating_point(0.001, len(gallery), gallery.cohort())
        assert point.raised > 0.03
        for probe in probes[stranger]:
            candidates = gallery.search(Template(probe, engine.space))
            named += isinstance(decide(candidates, point), Identified)
            fixed += candidates[0].score >= point.threshold - point.raised
    gallery = roster({name: rows[:3] for name, rows in references.items()})
    point = curve.operating_point(0.001, len(gallery), gallery.cohort())
    for name, rows in probes.items():
        for probe in rows[3:]:
            decision = decide(gallery.search(Template(probe, engine.space)), point)
            missed += not (isinstance(decision, Identified) and decision.subject_id == name)
    assert fixed > 8  # the threshold of other people would have let these through
    assert named <= 2  # of 400
    assert missed <= 6  # of 280


def embedded(engine: Engine, person: Path, *, mirrored: bool) -> list[np.ndarray]:
    """Return the templates of a person's pictures, which are cut too tight to be found as such."""
    rows = []
    for file in sorted(person.iterdir()):
        image = read_image(file)
        rim = [round(0.4 * image.shape[side]) for side in (0, 0, 1, 1)]
        image = cv2.copyMakeBorder(image, *rim, cv2.BORDER_REPLICATE)
        rows.append(engine.embed(image, engine.detect(image)[:1], mirrored=mirrored)[0])
    return rows


def roster(references: dict[str, list[np.ndarray]]) -> Gallery:
    space = SFaceEmbedder.space
    owners = [name for name, rows in references.items() for _ in rows]
    return fused_gallery(space, owners, np.stack([r for rows in references.values() for r in rows]))
