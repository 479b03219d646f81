"""People, consents, samples and folders through the front door, on invented input."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from intake import COLOURS, LEVELS, Meter, SureDetector, portrait, save
from rollbook.bootstrap import App
from rollbook.cli.main import app
from rollbook.services.samples import Sampler
from rollbook.testing import BLUE, GREEN, RED, ColourEmbedder, ListSource
from rollbook.vision.crops import cut_crop
from rollbook.vision.engine import Engine

runner = CliRunner()
CONSENT = ("--consent", "v1", "--given-by", "their guardians")


@pytest.fixture(autouse=True)
def _colours(monkeypatch: pytest.MonkeyPatch) -> None:
    """People are colours: no networks are loaded."""
    engine = Engine(SureDetector(COLOURS), ColourEmbedder())
    monkeypatch.setattr(App, "sampler", Sampler(engine, Meter(), cut_crop))
    monkeypatch.setattr(App, "engine", engine)
    monkeypatch.setattr(App, "enrolment_levels", lambda app, people: LEVELS)


def run(home: Path, *arguments: str, asked: str | None = None) -> Result:
    return runner.invoke(app, ["--home", str(home), *arguments], input=asked)


def as_json(home: Path, *arguments: str) -> Any:
    result = run(home, *arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    people = tmp_path / "people"
    save(people / "Ada" / "1.png", RED)
    save(people / "Bob" / "1.png", GREEN)
    (people / "Text").mkdir()
    (people / "Text" / "face.jpg").write_text("this is no picture")
    return people


def test_a_folder_is_enrolled_and_refusals_are_shown(book: Path, folder: Path) -> None:
    result = run(book, "enrol-folder", str(folder), *CONSENT, "--group", "7b")
    assert result.exit_code == 0, result.output
    assert "2 people enrolled with 2 pictures" in result.output
    assert "unreadable" in result.output and "Text/face.jpg" in result.output
    people = as_json(book, "person", "list")
    assert [(p["name"], p["samples"], p["consent"], p["groups"]) for p in people] == [
        ("Ada", 1, "yes", ["7b"]),
        ("Bob", 1, "yes", ["7b"]),
    ]
    again = as_json(book, "enrol-folder", str(folder), *CONSENT)
    assert (again["enrolled"], again["already"]) == ([], ["Ada", "Bob"])
    assert [one["code"] for one in again["refused"]] == ["unreadable"]


@pytest.mark.parametrize("options", [(), ("--consent", "v1"), ("--given-by", "me")])
def test_without_a_consent_nobody_is_enrolled(
    book: Path, folder: Path, options: tuple[str, ...]
) -> None:
    result = run(book, "enrol-folder", str(folder), *options)
    assert result.exit_code == 1
    assert "--given-by" in result.output
    assert as_json(book, "person", "list") == []


def test_when_nobody_is_enrolled_the_exit_code_is_one(book: Path, tmp_path: Path) -> None:
    save(tmp_path / "hills" / "Hill" / "1.png")
    assert run(book, "enrol-folder", str(tmp_path / "hills"), *CONSENT).exit_code == 1
    missing = run(book, "enrol-folder", str(tmp_path / "gone"), *CONSENT)
    assert missing.exit_code == 1
    assert "There is no folder" in missing.output


def test_a_person_is_added_consents_and_gets_samples(book: Path, tmp_path: Path) -> None:
    files = [str(save(tmp_path / f"{n}.png", RED, step=n)) for n in (0, 5)]
    assert "No consent is recorded" in run(book, "person", "add", "Ada").output
    refused = run(book, "samples", "add", "Ada", *files)
    assert refused.exit_code == 1
    assert "has not agreed" in refused.output
    run(book, "consent", "record", "Ada", "--text", "v1", "--given-by", "Ada")
    added = as_json(book, "samples", "add", "ada", *files)
    assert (added["added"], added["already"], added["poses"]) == (2, 0, ["front"])
    again = as_json(book, "samples", "add", "ada", *files)
    assert (again["added"], again["already"]) == (0, 2)
    samples = as_json(book, "samples", "list", "Ada")
    assert [sample["crop"] for sample in samples] == ["kept", "kept"]
    assert run(book, "samples", "delete", "Ada", samples[0]["id"][:8]).exit_code == 0
    assert len(as_json(book, "samples", "list", "Ada")) == 1
    shown = as_json(book, "person", "show", "Ada")
    assert shown["consents"][0]["given_by"] == "Ada"


def test_minors_need_a_guardian_and_crops_are_kept_as_agreed(book: Path, folder: Path) -> None:
    result = run(book, "enrol-folder", str(folder), *CONSENT, "--minors")
    assert result.exit_code == 1 and "Name the guardian" in result.output
    assert as_json(book, "person", "list") == []
    options = ("--minors", "--guardian", "their parents, on paper", "--no-crops")
    run(book, "enrol-folder", str(folder), *CONSENT, *options)
    shown = as_json(book, "person", "show", "Ada")
    assert (shown["minor"], shown["consents"][0]["scopes"]) == ("yes", "face")
    assert shown["consents"][0]["guardian"] == "their parents, on paper"
    assert [one["crop"] for one in as_json(book, "samples", "list", "Ada")] != ["kept"]
    assert "Ada is no minor" in run(book, "person", "minor", "Ada", "--no").output


def test_crops_alone_are_withdrawn(book: Path, folder: Path) -> None:
    run(book, "enrol-folder", str(folder), *CONSENT)
    said = run(book, "consent", "withdraw", "Ada", "--crops").output
    assert "1 crops of Ada were deleted at once; the templates stay" in said
    assert len(as_json(book, "samples", "list", "Ada")) == 1


def test_a_withdrawal_says_what_it_deleted(book: Path, folder: Path) -> None:
    run(book, "enrol-folder", str(folder), *CONSENT)
    result = run(book, "consent", "withdraw", "Ada")
    assert result.exit_code == 0
    assert "1 samples with their crops were deleted at once" in result.output
    assert "Ada has no samples" in run(book, "samples", "list", "Ada").output
    refused = as_json(book, "enrol-folder", str(folder), *CONSENT)["refused"]
    assert {"consent_withdrawn", "unreadable"} == {one["code"] for one in refused}


def test_a_duplicate_needs_a_decision(book: Path, folder: Path) -> None:
    save(folder / "Adele" / "1.png", RED, step=4)
    first = as_json(book, "enrol-folder", str(folder), *CONSENT)
    assert "possible_duplicate" in [one["code"] for one in first["refused"]]
    decided = as_json(book, "enrol-folder", str(folder), *CONSENT, "--allow-duplicate", "Adele")
    assert [person["name"] for person in decided["enrolled"]] == ["Adele"]
    assert decided["look_alikes"] == [["Adele", "Ada"]]


def test_removing_asks_first(book: Path) -> None:
    run(book, "person", "add", "Ada")
    no = run(book, "person", "remove", "Ada", asked="n\n")
    assert no.exit_code == 1
    assert "Nothing was removed" in no.output
    assert len(as_json(book, "person", "list")) == 1
    yes = run(book, "person", "remove", "Ada", asked="y\n")
    assert yes.exit_code == 0
    assert as_json(book, "person", "list") == []
    run(book, "person", "add", "Bob")
    assert run(book, "person", "remove", "Bob", "--yes").exit_code == 0


def test_renaming_and_groups(book: Path) -> None:
    run(book, "group", "add", "7b")
    assert run(book, "group", "add", "7b").exit_code == 1
    run(book, "person", "add", "Ada", "--external-id", "S-1", "--group", "7b")
    run(book, "person", "add", "Bob")
    assert run(book, "person", "rename", "S-1", "Augusta").exit_code == 0
    assert "1 of 2 joined" in run(book, "group", "join", "7b", "Augusta", "Bob").output
    assert [group["people"] for group in as_json(book, "group", "list")] == [2]
    members = as_json(book, "person", "list", "--group", "7b")
    assert [person["name"] for person in members] == ["Augusta", "Bob"]
    run(book, "group", "leave", "7b", "Bob", "--last-day", "2020-01-31")
    assert [group["people"] for group in as_json(book, "group", "list")] == [1]
    assert "1 of 1 joined" in run(book, "group", "join", "7b", "Bob", "--from", "2099-01-01").output
    assert [group["people"] for group in as_json(book, "group", "list")] == [1]


def test_people_of_one_name_are_listed_when_the_name_is_not_enough(book: Path) -> None:
    for number in ("1", "2"):
        run(book, "person", "add", "Ada", "--external-id", number)
    result = run(book, "person", "show", "Ada")
    assert result.exit_code == 1
    assert "external id 1" in result.output and "external id 2" in result.output


@pytest.mark.parametrize("name", ['Anna "Q" [b]', "🦊", "ליאור", "../../etc/passwd", "=1+1"])
def test_names_of_any_kind_go_through(book: Path, name: str) -> None:
    assert run(book, "person", "add", "--", name).exit_code == 0
    assert [person["name"] for person in as_json(book, "person", "list")] == [name]
    assert name in run(book, "person", "list").output


def test_a_name_of_three_hundred_characters_is_refused(book: Path) -> None:
    result = run(book, "person", "add", "x" * 300)
    assert result.exit_code == 1
    assert "200 characters" in result.output


def test_a_roster_is_imported(book: Path, tmp_path: Path) -> None:
    save(tmp_path / "ada.png", BLUE)
    roster = tmp_path / "roster.csv"
    roster.write_text("id;name;photo;consent\n1;Ada;ada.png;yes\n2;Bob;gone.png;yes\n")
    result = run(book, "import", str(roster), *CONSENT)
    assert result.exit_code == 0, result.output
    assert "1 people added" in result.output and "1 pictures enrolled" in result.output
    assert "There is no file 'gone.png'" in result.output
    again = as_json(book, "import", str(roster), *CONSENT)
    assert (again["unchanged"], [error["line"] for error in again["errors"]]) == (1, [3])
    roster.write_text("id;name;photo\n2;Bob;gone.png\n")
    assert run(book, "import", str(roster)).exit_code == 1


def test_encoding_anew_says_that_all_is_current(book: Path, folder: Path) -> None:
    run(book, "enrol-folder", str(folder), *CONSENT)
    report = as_json(book, "encode")
    assert (report["samples"], report["current"], report["come_again"]) == (0, 2, [])


def test_a_camera_guides_through_the_poses(
    book: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = {"front": (0, 0), "left": (120, 0), "right": (-120, 0), "up": (0, 90)}
    frames = [portrait(RED, *place) for place in places.values() for _ in range(3)]
    source = ListSource(frames)
    monkeypatch.setattr("rollbook.vision.sources.open_source", lambda *a, **k: source)
    run(book, "person", "add", "Ada", *CONSENT)
    result = run(book, "samples", "add", "Ada", "--camera", "0")
    assert result.exit_code == 0, result.output
    assert "Turn your head a little to your left." in result.output
    assert "Not taken: down." in result.output
    assert "4 pictures added for Ada" in result.output
    assert "Poses: front, left, right, up." in result.output
    assert source.closed


def test_a_camera_without_anybody_writes_nothing(
    book: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty = ListSource([])
    monkeypatch.setattr("rollbook.vision.sources.open_source", lambda *a, **k: empty)
    run(book, "person", "add", "Ada", *CONSENT)
    result = run(book, "samples", "add", "Ada", "--camera", "0")
    assert result.exit_code == 1
    assert "No picture was taken" in result.output


def test_neither_pictures_nor_camera_is_wrong_usage(book: Path) -> None:
    run(book, "person", "add", "Ada", *CONSENT)
    assert run(book, "samples", "add", "Ada").exit_code == 2
