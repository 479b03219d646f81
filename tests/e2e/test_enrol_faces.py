"""Real faces through the command line: enrolled, killed in the middle, taken up again."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import cv2
import numpy as np
import pytest

import rollbook
from rollbook.bootstrap import build
from rollbook.domain.faces import DetectedFace
from rollbook.domain.quality import dominant_face
from rollbook.domain.subjects import EnrolmentRefused
from rollbook.services.samples import Picture, Sample, open_picture
from rollbook.settings import load_settings
from rollbook.vision.crops import cut_crop, open_crop
from rollbook.vision.images import read_image

pytestmark = [pytest.mark.model, pytest.mark.faces]
CONSENT = ("--consent", "v1", "--given-by", "for tests")


def people_of(faces_dir: Path, folder: Path, count: int) -> list[str]:
    """Copy people with several pictures into a temporary folder; return their names."""
    found = [p for p in sorted((faces_dir / "lfw").iterdir()) if p.is_dir()]
    chosen = [person for person in found if len(list(person.glob("*.jpg"))) >= 2][:count]
    for person in chosen:
        shutil.copytree(person, folder / person.name)
    return [person.name for person in chosen]


def command(home: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "rollbook", "--home", str(home), *arguments]


def run(home: Path, *arguments: str) -> dict[str, list[dict[str, object]]]:
    done = subprocess.run(command(home, *arguments, "--json"), capture_output=True, timeout=300)
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout)  # type: ignore[no-any-return]


def samples_in(home: Path) -> int:
    try:
        with closing(sqlite3.connect(home / "rollbook.db", timeout=5)) as connection:
            return int(connection.execute("SELECT COUNT(*) FROM samples").fetchone()[0])
    except sqlite3.OperationalError:
        return 0


def test_bad_input_of_every_kind_is_refused_beside_good_one(
    faces_dir: Path, new_home: Path, tmp_path: Path
) -> None:
    app = build(load_settings(new_home), create=True)
    good = next(iter(sorted((faces_dir / "lfw").rglob("*_0001.jpg"))))
    (tmp_path / "text.jpg").write_text("no picture")
    (tmp_path / "zero.png").write_bytes(b"")
    (tmp_path / "half.jpg").write_bytes(good.read_bytes()[:2000])
    cv2.imwrite(str(tmp_path / "one.png"), np.zeros((1, 1, 3), np.uint8))
    codes = {}
    for path in [*sorted(tmp_path.glob("*.[jp][pn]g")), good]:
        picture = open_picture(path, path.name, app.read_portrait)
        found = app.sampler.examine(picture) if isinstance(picture, Picture) else picture
        codes[path.name] = found.code if isinstance(found, EnrolmentRefused) else "sample"
    assert codes == {
        "half.jpg": "unreadable",
        "one.png": "no_face",
        "text.jpg": "unreadable",
        "zero.png": "unreadable",
        good.name: "sample",
    }


@pytest.mark.slow
def test_a_portrait_on_its_side_gives_nearly_the_same_template(
    faces_dir: Path, new_home: Path
) -> None:
    app = build(load_settings(new_home), create=True)
    scores = []
    for path in sorted((faces_dir / "lfw").rglob("*_0002.jpg"))[:12]:
        upright = read_image(path)
        samples = [
            app.sampler.examine(Picture("x", "x", np.ascontiguousarray(np.rot90(upright, turn))))
            for turn in (0, 1, 2, 3)
        ]
        kept = [sample for sample in samples if isinstance(sample, Sample)]
        if isinstance(samples[0], Sample):
            rows = app.sampler.embed(kept)
            scores += (rows[1:] @ rows[0]).tolist()
    assert len(scores) >= 30
    assert np.mean(np.array(scores) > 0.95) >= 0.95


@pytest.mark.slow
def test_a_template_from_the_kept_crop_is_nearly_that_of_the_picture(faces_dir: Path) -> None:
    engine = rollbook.open_engine()
    scores = []
    for path in sorted((faces_dir / "dlib-johns").rglob("*.jpg"))[::4]:
        pixels = read_image(path)
        face = dominant_face(engine.detect(pixels), (pixels.shape[1], pixels.shape[0]))
        assert isinstance(face, DetectedFace)
        small, landmarks = open_crop(cut_crop(pixels, face))
        anew = engine.embed(small, [DetectedFace(face.box, landmarks, 1.0)], mirrored=True)
        scores.append(float(engine.embed(pixels, [face], mirrored=True)[0] @ anew[0]))
    assert min(scores) > 0.95


@pytest.mark.slow
def test_killed_in_the_middle_and_started_again_enrols_everybody_once(
    faces_dir: Path, new_home: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "people"
    names = people_of(faces_dir, folder, 60)
    build(load_settings(new_home), create=True).database.close()
    with subprocess.Popen(
        command(new_home, "enrol-folder", str(folder), *CONSENT),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as killed:
        deadline = time.monotonic() + 120
        while samples_in(new_home) == 0 and time.monotonic() < deadline:
            time.sleep(0.02)
        killed.kill()
    before = samples_in(new_home)
    assert before > 0
    report = run(new_home, "enrol-folder", str(folder), *CONSENT)
    enrolled = {str(person["name"]) for person in report["enrolled"]}
    assert enrolled, "the first run was killed before it was done"
    assert enrolled | set(report["already"]) | {  # type: ignore[arg-type]
        str(one["what"]).split("/")[0] for one in report["refused"]
    } == set(names)
    assert len(report["enrolled"]) + len(report["already"]) >= 0.95 * len(names)
    after = samples_in(new_home)
    again = run(new_home, "enrol-folder", str(folder), *CONSENT)
    assert again["enrolled"] == []
    assert samples_in(new_home) == after
    app = build(load_settings(new_home))
    assert app.register.verify().holds
    app.database.close()
