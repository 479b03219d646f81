"""Bulk import as a task: preview, progress, stop and go on, with nobody half done."""

from __future__ import annotations

import io
import threading
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import cv2
import pytest

from intake import TERMS, Intake, portrait, shade
from rollbook.domain.register import EntryKind
from rollbook.domain.task_ports import Task, TaskState
from rollbook.errors import Busy, InvalidInput, NotFound, StorageUnavailable
from rollbook.services import tasks
from rollbook.services.enrol import Enroller
from rollbook.services.people import People
from rollbook.services.people_import import KIND, KeptFile, PeopleImport, kept_files
from rollbook.services.pooled import PooledSampler
from rollbook.services.samples import PictureSampler
from rollbook.services.tasks import TaskControl, TaskRunner
from rollbook.storage.database import Database
from rollbook.storage.work_files import WorkFiles
from rollbook.testing import BLUE, CYAN, GREEN, MAGENTA, RED, YELLOW, Colour, picture
from rollbook.vision.images import PICTURE_SUFFIXES, read_image

ALICE = "a" * 32
SIX = {"A": RED, "B": GREEN, "C": BLUE, "D": YELLOW, "E": MAGENTA, "F": CYAN}


class Desk(Intake):
    """Somebody who imports, at a site whose pool is full every now and then."""

    def __init__(self, database: Database, folder: Path) -> None:
        super().__init__(database.uow)
        self.folder = folder
        self.files = WorkFiles(folder)
        self.busy = 0
        self.on_picture: Callable[[], None] = lambda: None
        self.imports = PeopleImport(
            database.uow,
            self.clock,
            self.files,
            self.make_enroller,
            read_image,
            self.today,
            PICTURE_SUFFIXES,
        )
        self.runner = TaskRunner(database.uow, self.clock, {KIND: self.imports.work})

    def make_enroller(self, check: Callable[[], None]) -> Enroller:
        sampler = PooledSampler(self.run_on_engine, check)
        return Enroller(self.open_uow, self.clock, sampler, lambda n: self.levels, self.today)

    def run_on_engine(self, work: Callable[[PictureSampler], object]) -> object:
        self.on_picture()
        if self.busy:
            self.busy -= 1
            raise Busy("full")
        return work(self.sampler)

    def kept(self, data: bytes) -> KeptFile:
        with self.files.create() as file:
            file.write(data)
            file.keep()
            return KeptFile(file.name, file.key)

    def draft(self, archive: bytes | None = None, table: str | None = None) -> Task:
        return self.imports.draft(
            ALICE,
            "administrator a",
            None if archive is None else self.kept(archive),
            None if table is None else self.kept(table.encode()),
        )

    def started(self, archive: bytes | None = None, table: str | None = None) -> Task:
        task = self.draft(archive, table)
        assert self.imports.start(task, TERMS, None)
        return task

    def task(self, task: Task) -> Task:
        with self.open_uow() as uow:
            return uow.tasks.get(task.task_id)

    def lines(self, task: Task) -> list[tuple[str, str]]:
        return [(line.where, line.code or line.sentence) for line in self.task(task).lines]


@pytest.fixture
def desk(database: Database, tmp_path: Path) -> Desk:
    return Desk(database, tmp_path / "work")


def png(colour: Colour, step: int = 0) -> bytes:
    done, data = cv2.imencode(".png", portrait(shade(colour, step)))
    assert done
    return bytes(data)


def archive(files: Mapping[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as packed:
        for name, data in files.items():
            packed.writestr(name, data)
    return made.getvalue()


def six() -> bytes:
    return archive({f"{name}/{n}.png": png(c, n) for name, c in SIX.items() for n in (0, 1)})


def test_a_preview_tells_who_is_new_known_and_refused_and_opens_no_picture(desk: Desk) -> None:
    desk.enrol("Ada", RED)
    calls = desk.detector.calls
    files = {"Ada/1.png": b"not looked at", "Bob/1.png": b"", "../x.png": b"", "Empty/a.txt": b""}
    found = desk.imports.preview(desk.draft(archive(files)))
    assert (found.by_table, found.new, found.known, found.total) == (False, ("Bob",), ("Ada",), 2)
    assert [line.code for line in found.refused] == ["outside_the_folder"]
    assert found.pictures == 2
    assert desk.detector.calls == calls


def test_everybody_of_an_archive_is_enrolled_and_the_files_are_deleted(desk: Desk) -> None:
    desk.busy = 3
    task = desk.started(six())
    assert desk.runner.run_one()
    done = desk.task(task)
    assert (done.state, done.done, done.total) == (TaskState.DONE, 6, 6)
    assert done.counts == {"people": 6, "samples": 12, "unchanged": 0}
    assert desk.counts() == dict.fromkeys(SIX, 2)
    assert list(desk.folder.iterdir()) == []
    assert not desk.runner.run_one()
    with desk.open_uow() as uow:
        named = {entry.body.get("by") for entry in uow.register.entries([EntryKind.ENROLMENT])}
    assert named == {"administrator a"}


def test_a_second_import_of_the_same_changes_nothing(desk: Desk) -> None:
    for _ in range(2):
        task = desk.started(six())
        desk.runner.run_one()
    assert desk.task(task).counts == {"people": 0, "samples": 0, "unchanged": 6}
    assert desk.counts() == dict.fromkeys(SIX, 2)


def test_what_is_wrong_with_a_file_is_kept_for_the_report(desk: Desk) -> None:
    files = {"Ada/1.png": png(RED), "Ada/2.png": b"broken", "Bob/1.png": png(RED, 1)}
    files["Cy/1.png"] = bytes(cv2.imencode(".png", picture())[1])
    task = desk.started(archive(files))
    desk.runner.run_one()
    assert sorted(desk.lines(task)) == [
        ("Ada/2.png", "unreadable"),
        ("Bob", "possible_duplicate"),
        ("Cy/1.png", "no_face"),
    ]
    assert desk.counts() == {"Ada": 1}


def test_a_stopped_import_leaves_nobody_half_done_and_goes_on(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rollbook.services.enrol_folder.BATCH", 2)
    task = desk.started(six())
    pictures = 0

    def stop_after_five() -> None:
        nonlocal pictures
        pictures += 1
        if pictures == 5:
            with desk.open_uow() as uow:
                busy = [TaskState.RUNNING]
                assert uow.tasks.move(task.task_id, busy, TaskState.STOPPING, desk.clock.now())
                uow.commit()

    desk.on_picture = stop_after_five
    desk.runner.run_one()
    stopped = desk.task(task)
    assert stopped.state is TaskState.STOPPED
    assert 0 < stopped.done < 6
    first = desk.counts()
    assert set(first.values()) == {2}
    assert kept_files(stopped) and len(list(desk.folder.iterdir())) == 2
    desk.on_picture = lambda: None
    with desk.open_uow() as uow:
        over = [TaskState.STOPPED]
        assert uow.tasks.move(task.task_id, over, TaskState.WAITING, desk.clock.now())
        uow.commit()
    desk.runner.run_one()
    assert desk.task(task).state is TaskState.DONE
    assert desk.counts() == dict.fromkeys(SIX, 2)
    assert desk.task(task).counts["samples"] == 12


class Killed(BaseException):
    """As if the power had gone."""


def test_a_killed_import_is_taken_up_after_its_lease(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rollbook.services.enrol_folder.BATCH", 2)
    task = desk.started(six())
    pictures = 0

    def die() -> None:
        nonlocal pictures
        pictures += 1
        if pictures == 8:
            raise Killed

    desk.on_picture = die
    with pytest.raises(Killed):
        desk.runner.run_one()
    assert desk.task(task).state is TaskState.RUNNING
    assert set(desk.counts().values()) == {2}
    desk.on_picture = lambda: None
    assert not desk.runner.run_one()  # somebody may still be working on it
    desk.clock.advance(61)
    assert desk.runner.run_one()
    assert desk.task(task).state is TaskState.DONE
    assert desk.counts() == dict.fromkeys(SIX, 2)


def test_a_server_that_ends_leaves_the_task_for_the_next_one(desk: Desk) -> None:
    task = desk.started(six())
    reached, go = threading.Event(), threading.Event()

    def wait() -> None:
        reached.set()
        assert go.wait(10)

    desk.on_picture = wait
    with desk.runner:
        assert reached.wait(10)
        desk.runner._ending.set()
        go.set()
    assert desk.task(task).state is TaskState.WAITING
    desk.on_picture = lambda: None
    again = TaskRunner(desk.open_uow, desk.clock, {KIND: desk.imports.work})
    assert again.run_one()
    assert desk.counts() == dict.fromkeys(SIX, 2)


def test_a_table_with_photographs_beside_it(desk: Desk) -> None:
    People(desk.open_uow, desk.clock, desk.today).add("Cy", "3")
    table = (
        "id,name,class,photo,consent,given by\n"
        "1,Ada,7b,p/a.png,yes,her mother\n"
        "2,Bob,7b,p/none.png,yes,\n"
        "3,Cy,7b,,,\n"
        ",,7b,,,\n"
    )
    files = {"list.csv": table.encode(), "p/a.png": png(RED), "p/b.png": png(RED)}
    task = desk.draft(archive(files))
    found = desk.imports.preview(task)
    assert found.unnamed == 1  # said, not left out in silence
    assert (found.by_table, found.new, found.known) == (True, ("Ada", "Bob"), ("Cy",))
    assert [line.where for line in found.refused] == ["3", "5"]
    assert found.agreeing == 2
    desk.imports.start(task, TERMS, None)
    desk.runner.run_one()
    assert desk.task(task).counts == {"people": 1, "updated": 1, "samples": 1, "unchanged": 0}
    assert [where for where, _ in desk.lines(task)] == ["3", "5"]
    assert desk.counts() == {"Ada": 1, "Cy": 0}


def test_a_table_alone_and_a_table_with_an_archive_of_its_own(desk: Desk) -> None:
    task = desk.started(table="name\nAda\nBob\n")
    desk.runner.run_one()
    assert desk.task(task).counts["people"] == 2
    task = desk.started(archive({"a.png": png(RED)}), "name,photo,consent\nCy,a.png,yes\n")
    desk.runner.run_one()
    assert desk.counts() == {"Ada": 0, "Bob": 0, "Cy": 1}


def test_a_line_that_was_done_is_not_done_again_after_a_stop(desk: Desk) -> None:
    task = desk.started(table="name\n" + "".join(f"Person {n}\n" for n in range(20)))
    control: list[TaskControl] = []

    def work(task: Task, given: TaskControl) -> None:
        control.append(given)
        desk.imports.work(task, given)

    runner = TaskRunner(desk.open_uow, desk.clock, {KIND: work})
    saved = TaskControl.save

    def save(self: TaskControl, done: int, *rest: object) -> None:
        saved(self, done, *rest)  # type: ignore[arg-type]
        if done == 7:
            self._interrupted = True

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TaskControl, "save", save)
        runner.run_one()
    assert (desk.task(task).state, desk.task(task).done) == (TaskState.STOPPED, 8)
    assert len(desk.counts()) == 8
    with desk.open_uow() as uow:
        uow.tasks.move(task.task_id, [TaskState.STOPPED], TaskState.WAITING, desk.clock.now())
        uow.commit()
    runner.run_one()
    assert desk.task(task).counts["people"] == 20


def test_uploads_that_cannot_be_used_are_refused_and_deleted(desk: Desk) -> None:
    for data, table in (
        (b"no archive", None),
        (archive({"notes.txt.doc": b"x"}), None),
        (None, "no heading that is known\nx\n"),
        (None, None),
    ):
        with pytest.raises(InvalidInput):
            desk.draft(data, table)
    assert not desk.folder.exists() or list(desk.folder.iterdir()) == []


def test_a_draft_begins_once_and_a_consent_that_is_over_is_refused(desk: Desk) -> None:
    from dataclasses import replace
    from datetime import date

    task = desk.draft(six())
    with pytest.raises(InvalidInput):
        desk.imports.start(task, replace(TERMS, retain_until=date(2020, 1, 1)), None)
    assert desk.imports.start(task, TERMS, None)
    assert not desk.imports.start(task, TERMS, None)


def test_an_archive_that_is_gone_fails_in_a_sentence(desk: Desk) -> None:
    task = desk.started(six())
    desk.imports.forget(task)
    desk.runner.run_one()
    failed = desk.task(task)
    assert failed.state is TaskState.FAILED
    assert "Upload it again" in failed.failure
    with pytest.raises(NotFound):
        desk.imports.preview(task)


def test_an_unforeseen_error_fails_the_task_without_telling_a_name(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    name = "".join(["A", "da"])

    def broken(task: Task, control: TaskControl) -> None:
        raise ValueError(name)

    task = desk.started(six())
    TaskRunner(desk.open_uow, desk.clock, {KIND: broken}).run_one()
    assert desk.task(task).state is TaskState.FAILED
    assert "Ada" not in caplog.text


def test_an_error_that_is_made_of_five_parts_ends_its_task_and_not_the_thread(desk: Desk) -> None:
    def broken(task: Task, control: TaskControl) -> None:
        b"\xff".decode("utf-8")

    task = desk.started(six())
    assert TaskRunner(desk.open_uow, desk.clock, {KIND: broken}).run_one()
    assert desk.task(task).state is TaskState.FAILED


def test_a_task_shows_signs_of_life_again_after_the_database_was_locked(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    beats, enough = [], threading.Event()

    def beat(control: TaskControl) -> None:
        beats.append(1)
        if len(beats) == 1:
            raise StorageUnavailable("Another program is writing to the database.")
        enough.set()

    def long(task: Task, control: TaskControl) -> None:
        assert enough.wait(10)

    monkeypatch.setattr(tasks, "BEAT", 0.01)
    monkeypatch.setattr(TaskControl, "beat", beat)
    task = desk.started(six())
    TaskRunner(desk.open_uow, desk.clock, {KIND: long}).run_one()
    assert desk.task(task).state is TaskState.DONE
