"""The main job from first to last, on real faces, through the command line."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

pytestmark = [pytest.mark.model]


def rollbook(home: Path, *arguments: str, code: int = 0) -> str:
    """Run a command as a person would; return what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", "rollbook", "--home", str(home), *arguments],
        capture_output=True,
        timeout=300,
        cwd=home.parent,
    )
    assert done.returncode == code, (done.stdout + done.stderr).decode()
    return done.stdout.decode()


def as_json(home: Path, *arguments: str) -> Any:
    return json.loads(rollbook(home, *arguments, "--json"))


@dataclass(frozen=True)
class School:
    """A home with enrolled people, and pictures of them and of strangers that it never saw."""

    home: Path
    session: str
    known: dict[str, Path]
    strangers: list[Path]


@pytest.fixture(scope="module")
def school(
    faces_dir: Path, prepared_models: Path, tmp_path_factory: pytest.TempPathFactory
) -> School:
    root = tmp_path_factory.mktemp("school")
    home, photos = root / "home", root / "photos"
    (home).mkdir()
    (home / "models").symlink_to(prepared_models, target_is_directory=True)
    people = [p for p in sorted((faces_dir / "lfw").iterdir()) if len(list(p.glob("*.jpg"))) >= 3]
    known = {}
    for person in people[:8]:
        pictures = sorted(person.glob("*.jpg"))
        (photos / person.name).mkdir(parents=True)
        for picture in pictures[:2]:
            (photos / person.name / picture.name).write_bytes(picture.read_bytes())
        known[person.name] = pictures[2]
    strangers = [sorted(person.glob("*.jpg"))[0] for person in people[8:14]]
    rollbook(home, "init", "--time-zone", "Europe/Berlin")
    consent = ("--consent", "letter-1", "--given-by", "guardians")
    rollbook(home, "enrol-folder", str(photos), *consent, "--group", "Owl class")
    rollbook(home, "person", "add", "Zoë Wàtkins", "--group", "Owl class")
    session = as_json(home, "session", "open", "Owl class")["session"]
    return School(home, session, known, strangers)


def mosaic(pictures: list[Path]) -> np.ndarray:
    tiles = [cv2.imread(str(picture)) for picture in pictures]
    while len(tiles) % 4:
        tiles.append(np.full_like(tiles[0], 90))
    return np.vstack([np.hstack(tiles[i : i + 4]) for i in range(0, len(tiles), 4)])


def clip_folder(folder: Path, pictures: list[Path], frames: int = 14) -> None:
    """Write frames in which one person after the other moves a little before the camera."""
    folder.mkdir()
    number = 0
    for picture in pictures:
        face = cv2.imread(str(picture))
        for step in range(frames):
            frame = np.full((480, 640, 3), 100, np.uint8)
            left = 150 + 4 * step
            frame[100:350, left : left + 250] = face
            cv2.imwrite(str(folder / f"{number:05}.png"), frame)
            number += 1
        for _ in range(3):
            cv2.imwrite(str(folder / f"{number:05}.png"), np.full((480, 640, 3), 100, np.uint8))
            number += 1


@pytest.mark.faces
@pytest.mark.slow
def test_a_day_at_school(school: School, tmp_path: Path) -> None:
    home, names = school.home, list(school.known)
    on_photo, on_camera = names[:4], names[4:]

    photo = tmp_path / "class.png"
    cv2.imwrite(str(photo), mosaic([*(school.known[n] for n in on_photo), *school.strangers[:4]]))
    proposed = as_json(home, "photo", str(photo), "--session", school.session)
    assert {p["person"] for p in proposed["proposals"]} <= set(on_photo), "a stranger got a name"
    assert len(proposed["proposals"]) >= 3 and proposed["written"] is None
    assert all(p["status"] == "open" for p in shown(school)), "proposing wrote something"
    written = as_json(home, "photo", str(photo), "--session", school.session, "--confirm")
    again = as_json(home, "photo", str(photo), "--session", school.session, "--confirm")
    assert written["written"] == len(proposed["proposals"]) and again["written"] == 0

    frames = tmp_path / "frames"
    clip_folder(frames, [school.known[n] for n in on_camera] + school.strangers[4:])
    watched = as_json(home, "watch", str(frames), "--session", school.session, "--max-speed")
    assert {m["person"] for m in watched["marked"]} <= set(on_camera), "a stranger got a name"
    assert len(watched["marked"]) >= 3
    assert all(m["frames"] >= 3 for m in watched["marked"]), "one frame named somebody"

    rollbook(
        home, "mark", "Zoë Wàtkins", "--session", school.session,
        "--status", "excused", "--reason", "dentist at noon",
    )  # fmt: skip
    rollbook(home, "session", "close", school.session)
    people = {p["person"]: p for p in shown(school)}
    assert people["Zoë Wàtkins"]["status"] == "excused"
    arrived = {p["person"] for p in proposed["proposals"]} | {
        m["person"] for m in watched["marked"]
    }
    for name in names:
        assert people[name]["status"] == ("present" if name in arrived else "absent")
    assert as_json(home, "verify")["holds"]

    month = datetime.now(UTC).strftime("%Y-%m")
    rollbook(home, "export", "--month", month, "--format", "csv", "--out", str(tmp_path))
    plain = (tmp_path / f"Attendance_{month}.csv").read_text(encoding="utf-8-sig")
    rows = {row["name"]: row for row in csv.DictReader(io.StringIO(plain))}
    assert {name: row["status"] for name, row in rows.items()} == {
        name: p["status"] for name, p in people.items()
    }
    assert_nothing_readable(home, [*names, "Zoë", "dentist", "Owl class", "excused", "letter-1"])


def shown(school: School) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = as_json(school.home, "register", school.session)["people"]
    return found


def assert_nothing_readable(home: Path, words: list[str]) -> None:
    files = [f for f in home.rglob("*") if f.is_file() and "models" not in f.parts]
    assert any(f.name == "rollbook.db" for f in files)
    for file in files:
        content = file.read_bytes()
        for word in words:
            for encoding in ("utf-8", "utf-16-le"):
                assert word.encode(encoding) not in content, f"{word!r} is readable in {file.name}"


@pytest.mark.slow
def test_the_demonstration_recognises_the_portrait_and_keeps_a_register(
    new_home: Path, tmp_path: Path
) -> None:
    pytest.importorskip("skimage", reason="needs scikit-image, of rollbook[demo]")
    rollbook(new_home, "init")
    told = as_json(new_home, "demo")
    status = {row["person"]: row["status"] for row in told["register"]}
    assert status == {
        "Ada Example": "present",
        "Ben Example": "absent",
        "Eileen Collins": "present",
    }
    assert told["marks"] == 1 and told["verified"] is True and told["frames"] == 180
    assert told["evidence"]["frames"] >= 3
    assert told["evidence"]["score"] >= told["evidence"]["threshold"]
    assert not any(Path(file).exists() for file in told["files"]), "the home was not thrown away"
    assert rollbook(new_home, "person", "list").startswith("Nobody is here yet")
