"""`rollbook evaluate`, as a person types it."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner, Result

from rollbook import bootstrap
from rollbook.cli.main import app
from rollbook.domain.faces import Alignment
from rollbook.domain.templates import TemplateSpace, unit_rows
from rollbook.settings import Settings
from rollbook.testing import face_at
from rollbook.vision.engine import Engine

Run = Callable[..., Result]


class StripeEmbedder:
    """Turns each crop into a vector by the stripes that a person wears here."""

    space = TemplateSpace("stripes", "000000000000", 48)
    alignment = Alignment(
        48, np.array([[14, 19], [33, 19], [24, 28], [17, 38], [31, 38]], np.float32)
    )

    def embed(self, crops: np.ndarray) -> np.ndarray:
        return unit_rows(crops[:, 16:32].mean(axis=(1, 3)).reshape(len(crops), 48) - 127.5)


class MiddleDetector:
    """Finds one face in the middle of each picture that is not plain."""

    def detect(self, pixels: np.ndarray) -> list[object]:
        return [] if pixels.std() < 1 else [face_at(0, 0, pixels.shape[0])]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return what runs the command with people of stripes instead of faces."""
    engine = Engine(MiddleDetector(), StripeEmbedder())

    def build(settings: Settings, models_dir: Path | None = None) -> Engine:
        return engine

    monkeypatch.setattr(bootstrap, "build_engine", build)
    return lambda *words: CliRunner().invoke(
        app, ["--home", str(tmp_path / "home"), "evaluate", *map(str, words)]
    )


def write_people(folder: Path, count: int, pictures: int = 3) -> None:
    """Write pictures of invented people: each has stripes of its own, a little different a time."""
    rng = np.random.default_rng(0)
    for person in range(count):
        stripes = rng.integers(40, 215, 48)
        (folder / f"p{person:02}").mkdir(parents=True)
        for number in range(pictures):
            shown = np.clip(stripes + rng.normal(0, 12, 48), 0, 255).astype(np.uint8)
            image = np.repeat(np.repeat(shown[None, :, None], 48, axis=0), 3, axis=2)
            cv2.imwrite(str(folder / f"p{person:02}" / f"{number}.png"), image)


def write_protocol(file: Path, people: int, strangers: int) -> None:
    rows = ["role,identity,path"]
    for person in range(people):
        rows += [
            f"enrol,p{person:02},p{person:02}/0.png",
            f"probe_mated,p{person:02},p{person:02}/1.png",
        ]
    rows += [f"probe_nonmated,,p{people + n:02}/0.png" for n in range(strangers)]
    rows.append("probe_nonmated,,none.png")
    file.write_text("\n".join(rows), encoding="utf-8")


@pytest.mark.slow
def test_a_site_calibrates_its_embedder_and_then_measures_it(run: Run, tmp_path: Path) -> None:
    folder, protocol, decisions = tmp_path / "people", tmp_path / "p.csv", tmp_path / "d.csv"
    write_people(folder, 44)
    write_protocol(protocol, 24, 20)
    before = run("identification", protocol, "--images", folder, "--json")
    assert before.exit_code == 0, before.output
    assert json.loads(before.stdout)["default"] is None
    assert "has no calibration" in before.stderr

    made = run("calibrate", folder, "--source", "invented stripes", "--json")
    assert made.exit_code == 0, made.output
    assert {row["kind"] for row in json.loads(made.stdout)} == {"single", "track"}

    after = run("identification", protocol, "--images", folder, "--decisions", decisions, "--json")
    found = json.loads(after.stdout)
    assert (found["enrolled"], found["mated"], found["nonmated"], found["fta"]) == (24, 24, 21, 1)
    assert found["default"]["strangers_named"] <= 1
    rows = list(csv.DictReader(decisions.read_text(encoding="utf-8").splitlines()))
    assert [row["path"] for row in rows][-1] == "none.png"
    assert (rows[-1]["decision"], rows[-1]["score"]) == ("", "")
    assert "none.png counts as not acquired" in after.stderr


@pytest.mark.slow
def test_the_tables_are_readable(run: Run, tmp_path: Path) -> None:
    folder, protocol, pairs = tmp_path / "people", tmp_path / "p.csv", tmp_path / "pairs.csv"
    write_people(folder, 44)
    write_protocol(protocol, 24, 20)
    pairs.write_text(
        "img1,img2,same\n"
        + "".join(
            f"p{n:02}/0.png,p{n:02}/1.png,1\np{n:02}/0.png,p{n + 1:02}/1.png,0\n" for n in range(20)
        )
    )
    assert "searches" in run("calibrate", folder).output
    assert "strangers named" in run("identification", protocol, "--images", folder).output
    assert "accuracy" in run("verification", pairs, "--images", folder).output


def test_detections_are_measured_against_boxes(run: Run, tmp_path: Path) -> None:
    write_people(tmp_path, 1)
    boxes = tmp_path / "gt.csv"
    boxes.write_text("image,x,y,w,h,invalid\np00/0.png,0,0,48,48,0\nnone.png,0,0,50,50,0\n")
    done = run("detection", boxes, "--images", tmp_path, "--json")
    found = json.loads(done.stdout)
    assert (found["faces"], found["unreadable"], found["recall_at_precision"]) == (2, 1, 0.5)


@pytest.mark.parametrize("command", ["identification", "verification", "detection"])
def test_a_missing_list_is_a_sentence_and_exit_code_1(
    run: Run, tmp_path: Path, command: str
) -> None:
    done = run(command, tmp_path / "none.csv", "--images", tmp_path)
    assert done.exit_code == 1
    assert "cannot be read" in done.stderr


@pytest.mark.parametrize("people", [0, 5])
def test_too_few_people_to_calibrate_are_refused(run: Run, tmp_path: Path, people: int) -> None:
    folder = tmp_path / "people"
    folder.mkdir()
    write_people(folder, people)
    done = run("calibrate", folder)
    assert done.exit_code == 1
    assert f"faces of {people} were found" in done.stderr
    assert not (tmp_path / "home").exists()


def test_a_folder_that_is_not_there_is_a_sentence(run: Run, tmp_path: Path) -> None:
    done = run("calibrate", tmp_path / "none")
    assert done.exit_code == 1
    assert "is not a folder" in done.stderr


def test_only_the_default_embedder_has_a_centre_to_find(run: Run, tmp_path: Path) -> None:
    done = run("centre", tmp_path, "--out", tmp_path / "centre.json")
    assert done.exit_code == 1
    assert "sface" in done.stderr
