"""`init` and `doctor`, through the front door."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from builders import NOW, make_subject
from rollbook.bootstrap import build
from rollbook.cli import doctor
from rollbook.cli.main import app
from rollbook.domain.subjects import Reference
from rollbook.settings import Settings
from rollbook.testing import RED, template_of

runner = CliRunner()


@pytest.fixture(autouse=True)
def _no_camera(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "CAMERA_TIMEOUT", 0.01)


def run(home: Path, *arguments: str) -> Result:
    return runner.invoke(app, ["--home", str(home), *arguments])


def findings(home: Path) -> dict[str, dict[str, str]]:
    result = run(home, "doctor", "--json")
    return {row["what"]: row for row in json.loads(result.stdout)}


@pytest.mark.model
@pytest.mark.slow
def test_a_second_init_changes_nothing_and_says_so(new_home: Path) -> None:
    first = run(new_home, "init", "--time-zone", "Asia/Kathmandu")
    key = (new_home / "keys" / "site.key").read_bytes()
    again = run(new_home, "init")
    assert (first.exit_code, again.exit_code) == (0, 0), first.output + again.output
    assert "Made database and keys" in first.output
    assert "set up already" in again.output and "nothing was started over" in again.output
    assert (new_home / "keys" / "site.key").read_bytes() == key
    assert "Asia/Kathmandu" in again.output


def test_an_unknown_time_zone_is_refused_before_anything_is_made(new_home: Path) -> None:
    result = run(new_home, "init", "--time-zone", "Mars/Olympus")
    assert result.exit_code == 1
    assert "write it like Europe/Berlin" in result.output
    assert not (new_home / "rollbook.db").exists()


def test_doctor_before_init_says_what_to_run(tmp_path: Path) -> None:
    result = run(tmp_path / "nowhere", "doctor")
    assert result.exit_code == 1
    assert "Run: rollbook init" in result.output


@pytest.mark.model
def test_doctor_names_models_key_and_what_is_not_detected(new_home: Path) -> None:
    run(new_home, "init")
    found = findings(new_home)
    assert {row["state"] for row in found.values()} <= {"ok", "note"}, found
    assert found["network sface"]["found"].startswith("SHA-256 fb143eea07838aa5")
    assert "in a file beside the data" in found["site key"]["found"]
    stolen = found["somebody who steals the whole machine while it is switched off, or its disk"]
    assert stolen["found"].startswith("reads everything.")
    copied = found["somebody who has copies of the data (a backup, the database, exports, logs)"]
    assert copied["found"].startswith("reads nothing.")
    assert found["recovery sheet"]["state"] == "note"
    assert found["backups"]["state"] == "note" and "anchors" in found
    assert found["rules of retention"]["state"] == "note"
    assert found["rules of retention"]["part"] == "How long data are kept"
    assert "not detected yet" in found["presentation attacks"]["found"]
    for name in ("camera 0", "Chromium", "ffmpeg", "PostgreSQL", "Redis", "database"):
        assert found[name]["found"]


@pytest.mark.model
def test_doctor_never_prints_the_key(new_home: Path) -> None:
    run(new_home, "init")
    key = (new_home / "keys" / "site.key").read_text().strip()
    assert key not in run(new_home, "doctor").output


@pytest.mark.skipif(os.name == "nt", reason="permissions of POSIX")
@pytest.mark.slow
def test_doctor_tells_that_others_can_read_the_key(new_home: Path) -> None:
    run(new_home, "init")
    (new_home / "keys" / "site.key").chmod(0o644)
    result = run(new_home, "doctor")
    assert result.exit_code == 1 and "chmod 600" in result.output
    assert "1 WRONG: mend that first" in result.output


def test_doctor_tells_that_the_key_is_missing(new_home: Path) -> None:
    run(new_home, "init")
    (new_home / "keys" / "site.key").rename(new_home / "away.key")
    result = run(new_home, "doctor")
    assert result.exit_code == 1 and "site.key is not there" in result.output


def test_a_setting_that_cannot_be_used_is_named(
    new_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROLLBOOK_TARGET_FPIR", "2")
    result = run(new_home, "doctor")
    assert result.exit_code == 1 and "ROLLBOOK_TARGET_FPIR" in result.output


@pytest.mark.model
@pytest.mark.slow
def test_doctor_says_when_samples_are_of_another_embedder(new_home: Path) -> None:
    run(new_home, "init")
    assert "samples" not in findings(new_home)
    opened = build(Settings(home=new_home))
    person = make_subject("Ada")
    with opened.uow() as uow:
        uow.subjects.add(person)
        uow.references.add(
            Reference("r1", person.subject_id, template_of(RED), 80, "front", "1.jpg", NOW)
        )
        uow.commit()
    opened.database.close()
    said = findings(new_home)["samples"]
    assert said["state"] == "wrong"
    assert "1 of 1" in said["found"] and "rollbook encode" in said["mend"]


def test_doctor_says_which_setting_names_no_backend(
    new_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROLLBOOK_DETECTOR", "crystal-ball")
    found = findings(new_home)["recognition"]
    assert found["state"] == "wrong" and "crystal-ball" in found["found"]
    assert "ROLLBOOK_DETECTOR" in found["mend"]
