"""Importing a roster: each line wholly or not at all, and a second run changes nothing."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from intake import TERMS, Intake, save
from rollbook.domain.faces import Pixels
from rollbook.domain.subjects import Subject, new_id
from rollbook.errors import InvalidInput, StorageUnavailable
from rollbook.services.consenting import Consenting, ConsentTerms
from rollbook.services.importing import Importer, ImportReport
from rollbook.storage.database import Database
from rollbook.testing import GREEN, RED, YELLOW
from rollbook.vision.images import read_image


class Desk(Intake):
    def __init__(self, database: Database, folder: Path) -> None:
        super().__init__(database.uow)
        self.folder = folder
        self.opened: list[str] = []

    def read(self, path: Path) -> Pixels:
        self.opened.append(path.name)
        return read_image(path)

    def run(self, text: str, terms: ConsentTerms | None = None) -> ImportReport:
        roster = self.folder / "roster.csv"
        roster.write_text(text, encoding="utf-8")
        importer = Importer(self.open_uow, self.clock, lambda: self.enroller, self.read, self.today)
        return importer.run(roster, terms)

    def entries(self) -> int:
        with self.open_uow() as uow:
            return uow.register.count()

    def roster(self, group: str) -> list[str]:
        with self.open_uow() as uow:
            found = uow.groups.by_name(group)
            names = uow.subjects.names()
            return (
                []
                if found is None
                else [names[s] for s in uow.groups.roster(found.group_id, self.today())]
            )


@pytest.fixture
def desk(database: Database, tmp_path: Path) -> Desk:
    folder = tmp_path / "import"
    folder.mkdir()
    return Desk(database, folder)


FULL = """id,name,class,photo,consent,given by
1,Ada,7b,photos/ada.png,v1,her mother
2,Bob,7b,,,
3,Ada,7c,,no,
"""


def test_people_groups_consents_and_photographs_are_taken_in(desk: Desk) -> None:
    save(desk.folder / "photos" / "ada.png", RED)
    report = desk.run(FULL)
    assert report.errors == []
    assert (len(report.added), report.samples) == (3, 1)
    assert (desk.roster("7b"), desk.roster("7c")) == (["Ada", "Bob"], ["Ada"])
    with desk.open_uow() as uow:
        ada, other = (uow.subjects.by_external_id(number) for number in ("1", "3"))
        assert ada and other
        (consent,) = uow.consents.of(ada.subject_id)
        assert (consent.text_id, consent.given_by) == ("v1", "her mother")
        assert uow.consents.of(other.subject_id) == []


def test_a_second_run_writes_nothing(desk: Desk) -> None:
    save(desk.folder / "photos" / "ada.png", RED)
    desk.run(FULL)
    before = desk.entries()
    again = desk.run(FULL)
    assert (len(again.added), len(again.updated), again.unchanged) == (0, 0, 3)
    assert desk.entries() == before


def test_a_changed_line_updates_the_person(desk: Desk) -> None:
    desk.run("id,name,group\n1,Ada,7b\n2,Bob,7b\n")
    report = desk.run("id,name,group\n1,Ada King,7b\n2,Bob,8a\n")
    assert (len(report.updated), report.unchanged) == (2, 0)
    assert desk.counts() == {"Ada King": 0, "Bob": 0}
    assert desk.roster("8a") == ["Bob"]


def test_nothing_of_a_line_with_an_error_is_written(desk: Desk) -> None:
    save(desk.folder / "hill.png")
    (desk.folder / "text.jpg").write_text("no picture")
    report = desk.run(
        "name,group,photo,consent,given by\n"
        "Ada,New group,hill.png,v1,me\n"
        "Bob,New group,text.jpg,v1,me\n"
        "Cy,New group,gone.png,v1,me\n"
        "Dee,New group,hill.png,,\n"
    )
    assert desk.counts() == {}
    assert desk.roster("New group") == []
    said = {error.line: error.sentence for error in report.errors}
    assert "hill.png: No face was found" in said[2]
    assert "text.jpg is not a picture" in said[3]
    assert "no file 'gone.png'" in said[4]
    assert "Dee has not agreed" in said[5]
    assert desk.entries() == 0


def test_photographs_outside_of_the_folder_are_not_opened(desk: Desk, tmp_path: Path) -> None:
    outside = save(tmp_path / "secret.png", RED)
    paths = ["../secret.png", "..\\\\secret.png", str(outside)]
    if sys.platform != "win32":
        (desk.folder / "link.png").symlink_to(outside)
        paths.append("link.png")
    lines = [f"P{number},{path},v1,me" for number, path in enumerate(paths)]
    report = desk.run("name,photo,consent,given by\n" + "\n".join(lines) + "\n")
    assert len(report.errors) == len(paths)
    assert all("outside" in e.sentence or "no file" in e.sentence for e in report.errors)
    assert desk.opened == []
    assert desk.counts() == {}


def test_two_of_one_name_are_fine_only_with_external_ids(desk: Desk) -> None:
    report = desk.run("id,name\n1,Ada\n2,Ada\n,Bob\n,Bob\n3,Cy\n,Cy\n4,Dee\n4,Eve\n")
    assert sorted(desk.counts()) == ["Ada", "Bob", "Cy", "Dee"]
    assert [(e.line, e.sentence) for e in report.errors] == [
        (5, "Line 4 has the same name. Give both an external id."),
        (7, "Line 6 has the same name. Give both an external id."),
        (9, "Line 8 has the same external id."),
    ]
    assert len(report.added) == 5


def test_a_name_that_is_known_twice_is_not_guessed(desk: Desk) -> None:
    with desk.open_uow() as uow:
        for number in ("1", "2"):
            uow.subjects.add(Subject(new_id(), "Ada", number))
        uow.commit()
    report = desk.run("name,group\nAda,7b\n")
    assert "Several people" in report.errors[0].sentence


def test_a_plain_yes_needs_to_know_which_text(desk: Desk) -> None:
    refused = desk.run("name,consent\nAda,yes\n")
    assert "--consent TEXT-ID" in refused.errors[0].sentence
    named = desk.run("name,consent\nAda,v2\n")
    assert "--given-by WHO" in named.errors[0].sentence
    taken = desk.run("name,consent\nAda,ja\nBob,nein\n", TERMS)
    assert taken.errors == []
    with desk.open_uow() as uow:
        texts = {
            p.name: [c.text_id for c in uow.consents.of(p.subject_id)] for p in uow.subjects.all()
        }
    assert texts == {"Ada": ["v1"], "Bob": []}


def test_a_withdrawn_consent_is_not_brought_back_by_an_old_roster(desk: Desk) -> None:
    text = "id,name,consent,given by\n1,Ada,v1,me\n"
    ada = desk.run(text).added[0].subject_id
    Consenting(desk.open_uow, desk.clock).withdraw(ada)
    report = desk.run(text)
    assert "withdrew their consent" in report.errors[0].sentence


def test_a_no_is_not_passed_over_where_a_consent_is_in_force(desk: Desk) -> None:
    desk.enrol("Ada", RED)
    save(desk.folder / "a.png", RED, step=5)
    report = desk.run("name,photo,consent\nAda,a.png,no\n")
    assert "rollbook consent withdraw" in report.errors[0].sentence
    assert desk.opened == [] and desk.counts() == {"Ada": 1}


def test_people_who_look_alike_are_reported(desk: Desk) -> None:
    red = desk.enrol("Red", RED)
    save(desk.folder / "y.png", YELLOW)
    report = desk.run("name,photo,consent,given by\nYellow,y.png,v1,me\n")
    assert [(one.subject.name, one.look_alikes) for one in report.look_alikes] == [
        ("Yellow", (red,))
    ]


def test_a_face_that_is_enrolled_under_another_name_is_an_error_of_its_line(desk: Desk) -> None:
    desk.enrol("Ada", RED)
    save(desk.folder / "b.png", RED, step=5)
    save(desk.folder / "c.png", YELLOW)
    report = desk.run("name,photo,consent,given by\nBob,b.png,v1,me\nCy,c.png,v1,me\n")
    assert [error.line for error in report.errors] == [2]
    assert "It looks like Ada" in report.errors[0].sentence
    assert desk.counts() == {"Ada": 1, "Cy": 1}


def test_a_photograph_for_somebody_known_comes_with_a_new_name(desk: Desk) -> None:
    desk.run("id,name\n7,Ada\n")
    save(desk.folder / "a.png", GREEN)
    report = desk.run("id,name,photo,consent,given by\n7,Ada King,a.png,v1,me\n")
    assert (len(report.updated), report.samples) == (1, 1)
    assert desk.counts() == {"Ada King": 1}


def test_a_full_disk_is_not_told_line_by_line(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(uow: object) -> None:
        raise StorageUnavailable("The disk is full.")

    with desk.open_uow() as uow:
        monkeypatch.setattr(type(uow), "commit", full)
    with pytest.raises(StorageUnavailable):
        desk.run("name\nAda\nBob\n")


def test_a_file_that_is_not_there_is_named(desk: Desk) -> None:
    importer = Importer(desk.open_uow, desk.clock, lambda: desk.enroller, desk.read, desk.today)
    with pytest.raises(InvalidInput, match=r"gone\.csv cannot be read"):
        importer.run(desk.folder / "gone.csv", None)
