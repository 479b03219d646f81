"""Enrolling a folder: whatever lies in it, however often it is started."""

from __future__ import annotations

import os
import sys
import unicodedata
from pathlib import Path

import pytest

from intake import TERMS, Intake, save
from rollbook.domain.faces import Pixels
from rollbook.domain.subjects import Subject, new_id
from rollbook.errors import InvalidInput
from rollbook.services.consenting import Consenting, ConsentTerms
from rollbook.services.enrol_folder import FolderEnroller, FolderReport
from rollbook.services.people import People
from rollbook.storage.database import Database
from rollbook.testing import BLUE, CYAN, GREEN, MAGENTA, RED, YELLOW
from rollbook.vision.images import PICTURE_SUFFIXES, read_image


class Desk(Intake):
    """Enrols folders; `opened` are the names of all files that were decoded."""

    def __init__(self, database: Database) -> None:
        super().__init__(database.uow)
        self.opened: list[str] = []
        self.stop_at: str | None = None

    def read(self, path: Path) -> Pixels:
        self.opened.append(path.name)
        if path.name == self.stop_at:
            raise KeyboardInterrupt
        return read_image(path)

    def run(self, folder: Path, **options: object) -> FolderReport:
        enroller = FolderEnroller(
            self.open_uow, self.clock, self.enroller, self.read, PICTURE_SUFFIXES
        )
        return enroller.run(folder, TERMS, **options)  # type: ignore[arg-type]


@pytest.fixture
def desk(database: Database) -> Desk:
    return Desk(database)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Ada with two pictures, Bob with one, and Cy as a single file."""
    people = tmp_path / "people"
    save(people / "Ada" / "1.png", RED)
    save(people / "Ada" / "2.png", RED, step=5)
    save(people / "Bob" / "1.png", GREEN)
    save(people / "Cy.png", BLUE)
    return people


def refusals(report: FolderReport) -> dict[str, str]:
    return {one.what: one.code for one in report.refused}


def test_folders_and_single_files_become_people_with_consent(desk: Desk, folder: Path) -> None:
    report = desk.run(folder)
    assert desk.counts() == {"Ada": 2, "Bob": 1, "Cy": 1}
    assert report.refused == []
    assert [person.subject.name for person in report.enrolled] == ["Ada", "Bob", "Cy"]
    with desk.open_uow() as uow:
        for person in uow.subjects.all():
            (consent,) = uow.consents.of(person.subject_id)
            assert (consent.text_id, consent.given_by) == ("v1", "their guardian")


def test_a_second_run_decodes_and_enrols_nothing(desk: Desk, folder: Path) -> None:
    desk.run(folder)
    desk.opened.clear()
    again = desk.run(folder)
    assert desk.opened == []
    assert (len(again.enrolled), len(again.already)) == (0, 3)
    assert desk.counts() == {"Ada": 2, "Bob": 1, "Cy": 1}


def test_a_new_picture_is_added_to_the_person(desk: Desk, folder: Path) -> None:
    desk.run(folder)
    desk.opened.clear()
    save(folder / "Bob" / "2.png", GREEN, step=4)
    report = desk.run(folder)
    assert desk.opened == ["2.png"]
    assert [(p.subject.name, p.added, p.already) for p in report.enrolled] == [("Bob", 1, 1)]


def test_ctrl_c_keeps_what_was_done_and_the_next_run_goes_on(desk: Desk, tmp_path: Path) -> None:
    people = tmp_path / "people"
    for number in range(20):
        save(people / f"Person {number:02}" / f"{number:02}.png", RED, step=number)
    desk.levels = type(desk.levels)(agree=0.8, duplicate=2.0, look_alike=2.0)
    desk.stop_at = "18.png"
    stopped = desk.run(people)
    assert stopped.stopped
    assert 0 < len(stopped.enrolled) < 20
    assert len(desk.counts()) == len(stopped.enrolled)
    desk.stop_at = None
    went_on = desk.run(people)
    assert not went_on.stopped
    assert len(went_on.already) == len(stopped.enrolled)
    assert desk.counts() == {f"Person {number:02}": 1 for number in range(20)}


def test_faces_of_several_people_go_into_one_batch(desk: Desk, folder: Path) -> None:
    desk.run(folder)
    assert desk.embedder.embedded == 8, "each of four pictures and its mirror image"
    assert desk.embedder.batches == 2


def test_progress_ends_at_the_number_of_people(desk: Desk, folder: Path) -> None:
    steps: list[tuple[int, int]] = []
    desk.run(folder, progress=lambda done, total: steps.append((done, total)))
    assert steps[-1] == (3, 3)


def test_what_cannot_be_used_is_in_the_table_and_hinders_nobody_else(
    desk: Desk, folder: Path
) -> None:
    (folder / "Text").mkdir()
    (folder / "Text" / "face.jpg").write_text("this is no picture")
    (folder / "Empty").mkdir()
    (folder / "Notes").mkdir()
    (folder / "Notes" / "readme.txt").write_text("no picture either")
    save(folder / "Landscape" / "hill.png")
    save(folder / "Crowd" / "two.png", YELLOW, MAGENTA)
    (folder / "Zero").mkdir()
    (folder / "Zero" / "0.png").write_bytes(b"")
    report = desk.run(folder)
    assert refusals(report) == {
        "Text/face.jpg": "unreadable",
        "Empty": "no_pictures",
        "Notes": "no_pictures",
        "Landscape/hill.png": "no_face",
        "Crowd/two.png": "several_faces",
        "Zero/0.png": "unreadable",
    }
    assert desk.counts() == {"Ada": 2, "Bob": 1, "Cy": 1}


def test_hidden_files_and_other_files_are_passed_over(desk: Desk, folder: Path) -> None:
    save(folder / ".trash" / "x.png", YELLOW)
    save(folder / "Ada" / "._2.png", YELLOW)
    (folder / "Thumbs.db").write_bytes(b"\0")
    assert desk.run(folder).refused == []
    assert desk.counts() == {"Ada": 2, "Bob": 1, "Cy": 1}


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege on Windows")
def test_links_that_lead_out_of_the_folder_are_refused(
    desk: Desk, folder: Path, tmp_path: Path
) -> None:
    outside = save(tmp_path / "outside" / "secret.png", YELLOW)
    (folder / "Linked").symlink_to(outside.parent, target_is_directory=True)
    (folder / "Ada" / "3.png").symlink_to(outside)
    (folder / "Up.png").symlink_to(Path("..") / "outside" / "secret.png")
    (folder / "Nowhere.png").symlink_to(folder / "gone.png")
    report = desk.run(folder)
    assert refusals(report) == {
        "Linked": "outside_the_folder",
        "Ada/3.png": "outside_the_folder",
        "Up.png": "outside_the_folder",
        "Nowhere.png": "outside_the_folder",
    }
    assert "secret.png" not in desk.opened


def test_two_ways_to_write_one_name_are_not_mixed(desk: Desk, tmp_path: Path) -> None:
    people = tmp_path / "people"
    composed, decomposed = (unicodedata.normalize(form, "José") for form in ("NFC", "NFD"))
    save(people / composed / "1.png", RED)
    save(people / decomposed / "1.png", GREEN)
    if len(list(people.iterdir())) == 1:
        pytest.skip("this file system keeps one of the two names")
    report = desk.run(people)
    assert [one.code for one in report.refused] == ["same_name"] * 2
    assert desk.counts() == {}


def test_a_folder_and_a_file_of_one_name_are_not_mixed(desk: Desk, folder: Path) -> None:
    save(folder / "Ada.png", YELLOW)
    assert refusals(desk.run(folder)) == {"Ada": "same_name"}
    assert "Ada" not in desk.counts()


@pytest.mark.skipif(os.name == "nt", reason="such names cannot be files on Windows")
def test_names_of_any_script_are_kept_and_impossible_ones_refused(
    desk: Desk, tmp_path: Path
) -> None:
    people = tmp_path / "people"
    names = ['Anna "Q" O\'Neil', "🦊 Fox", "ליאור כהן", "=cmd", "a..b"]
    for name, colour in zip(names, (RED, GREEN, BLUE, CYAN, MAGENTA), strict=True):
        save(people / name / "1.png", colour)
    save(people / ("x" * 250) / "1.png", YELLOW)
    save(people / "\u200b" / "1.png", YELLOW)
    report = desk.run(people)
    assert desk.counts() == dict.fromkeys(sorted(names, key=str.casefold), 1)
    assert [one.code for one in report.refused] == ["bad_name"] * 2
    assert "200 characters" in report.refused[0].sentence + report.refused[1].sentence


def test_somebody_known_twice_by_that_name_is_not_guessed(desk: Desk, folder: Path) -> None:
    with desk.open_uow() as uow:
        for external_id in ("1", "2"):
            uow.subjects.add(Subject(new_id(), "Ada", external_id))
        uow.commit()
    assert refusals(desk.run(folder)) == {"Ada": "same_name"}


def test_a_folder_may_be_named_by_external_id(desk: Desk, tmp_path: Path) -> None:
    with desk.open_uow() as uow:
        uow.subjects.add(Subject(new_id(), "Ada", "S-17"))
        uow.commit()
    save(tmp_path / "people" / "S-17" / "1.png", RED)
    desk.run(tmp_path / "people")
    assert desk.counts() == {"Ada": 1}


def test_whoever_withdrew_is_not_enrolled_again_by_an_old_folder(desk: Desk, folder: Path) -> None:
    report = desk.run(folder)
    ada = report.enrolled[0].subject.subject_id
    Consenting(desk.open_uow, desk.clock).withdraw(ada)
    assert refusals(desk.run(folder)) == {"Ada": "consent_withdrawn"}
    assert desk.counts()["Ada"] == 0
    Consenting(desk.open_uow, desk.clock).record(ada, TERMS)
    assert desk.run(folder).refused == []
    assert desk.counts()["Ada"] == 2


def test_duplicates_within_a_folder_are_left_to_a_person(desk: Desk, folder: Path) -> None:
    save(folder / "Bobby" / "1.png", GREEN, step=6)
    report = desk.run(folder)
    assert refusals(report) == {"Bobby": "possible_duplicate"}
    decided = desk.run(folder, allow_duplicates=["Bobby"])
    assert [person.subject.name for person in decided.enrolled] == ["Bobby"]


def test_everybody_joins_the_group_also_those_who_were_enrolled(desk: Desk, folder: Path) -> None:
    desk.run(folder)
    group = People(desk.open_uow, desk.clock, desk.today).add_group("7b")
    desk.run(folder, group_id=group.group_id)
    with desk.open_uow() as uow:
        assert len(uow.groups.roster(group.group_id, desk.today())) == 3


@pytest.mark.parametrize("terms", [ConsentTerms("", "me"), ConsentTerms("v1", "  ")])
def test_a_consent_that_says_nothing_stops_all(
    desk: Desk, folder: Path, terms: ConsentTerms
) -> None:
    enroller = FolderEnroller(desk.open_uow, desk.clock, desk.enroller, desk.read, PICTURE_SUFFIXES)
    with pytest.raises(InvalidInput, match="Say which text"):
        enroller.run(folder, terms)
    assert desk.opened == []


@pytest.mark.parametrize("what", ["gone", "file"])
def test_what_is_no_folder_is_refused(desk: Desk, tmp_path: Path, what: str) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(InvalidInput, match="folder"):
        desk.run(tmp_path / what)
