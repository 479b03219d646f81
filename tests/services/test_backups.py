"""When backups are made, what is told about them, and when the last copy of a key is gone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from builders import NOW, make_class
from rollbook.domain.receipts import ReceiptKind
from rollbook.domain.register import EntryKind
from rollbook.domain.task_ports import TaskState
from rollbook.errors import AlreadyExists, InvalidInput, NotFound, StorageUnavailable
from rollbook.services.backup_problems import PROBLEM_COMMAND, PROBLEM_TEXT
from rollbook.services.backups import Backups
from rollbook.services.due import Errand
from rollbook.services.tasks import TaskRunner
from rollbook.storage.backup.archive import HomeArchive
from rollbook.storage.copies import copy_home
from rollbook.storage.database import Database
from rollbook.testing import FixedClock

BERLIN = ZoneInfo("Europe/Berlin")


class Desk:
    """Backups of one database, with a clock that is set."""

    def __init__(self, database: Database, book: Path, disk: Path) -> None:
        self.database, self.book, self.disk = database, book, disk
        self.clock = FixedClock(NOW)  # 09:00 in Berlin
        archive = HomeArchive(database, book, book / "keys")
        self.backups = Backups(database.uow, self.clock, archive, lambda: BERLIN)

    def add(self, name: str = "disk") -> Path:
        self.backups.add(str(self.disk / name), "test")
        return self.disk / name

    def run(self) -> None:
        self.backups.back_up("test", lambda done, total: None)

    def kinds(self) -> list[str]:
        return [one.kind for one in self.backups.problems(self.clock.now())]

    def tick(self) -> list[TaskState]:
        """Let the clock look; return the states of all tasks."""
        finish: Callable[[object], None] = lambda uow: None  # noqa: E731
        self.backups.run_when_due(Errand("site", NOW, self.clock.now(), finish))
        with self.database.uow() as uow:
            return [one.state for one in uow.tasks.all()]

    def work(self) -> None:
        jobs = {"backup": self.backups.work}
        TaskRunner(self.database.uow, self.clock, jobs).run_one()


@pytest.fixture
def desk(database: Database, book: Path, tmp_path: Path) -> Iterator[Desk]:
    (tmp_path / "disks").mkdir()
    make_class(database.uow, ["Ada", "Grace"])
    yield Desk(database, book, tmp_path / "disks")


def test_every_problem_is_told_with_what_to_do(desk: Desk) -> None:
    assert desk.kinds() == ["none"]
    folder = desk.add()
    assert desk.kinds() == ["no schedule", "never"]
    desk.backups.set_schedule("3:15".zfill(5), "test")
    desk.run()
    assert desk.kinds() == []
    desk.clock.at += timedelta(days=3)
    assert desk.kinds() == ["old"]
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()
    desk.run()
    (failed,) = desk.backups.problems(desk.clock.now())
    assert failed.kind == "failed" and "Plug the disk in" in failed.sentence
    (run,) = desk.backups.runs().values()
    assert run.well_at == NOW and run.failure
    assert set(PROBLEM_COMMAND) < set(PROBLEM_TEXT)


def test_a_backup_leaves_a_signed_receipt_and_an_entry(desk: Desk) -> None:
    desk.add()
    desk.run()
    with desk.database.uow() as uow:
        (receipt,) = uow.receipts.all([ReceiptKind.BACKUP])
        (entry,) = uow.register.entries([EntryKind.TRUST])
    assert len(receipt.signature) == 64 and receipt.body["people"] == 2
    assert entry.body["event"] == "backup made" and entry.body["receipt"] == receipt.receipt_id


def test_the_clock_starts_one_task_a_day_and_catches_up(desk: Desk) -> None:
    assert desk.tick() == []
    desk.add()
    assert desk.tick() == []  # no schedule
    desk.backups.set_schedule("03:15", "test")
    assert desk.tick() == desk.tick() == [TaskState.WAITING]
    desk.work()
    assert desk.tick() == [TaskState.DONE]
    desk.clock.at = datetime(2026, 3, 3, 3, 10, tzinfo=BERLIN)
    assert desk.tick() == [TaskState.DONE]
    desk.clock.at = datetime(2026, 3, 5, 11, 0, tzinfo=BERLIN)  # the machine slept
    assert sorted(desk.tick()) == [TaskState.DONE, TaskState.WAITING]


def test_what_failed_is_tried_again_after_an_hour(desk: Desk) -> None:
    folder = desk.add()
    desk.backups.set_schedule("03:15", "test")
    folder.rmdir()
    desk.tick()
    desk.work()
    with desk.database.uow() as uow:
        (task,) = uow.tasks.all()
    assert task.state is TaskState.FAILED and "Plug the disk in" in task.failure
    desk.clock.at += timedelta(minutes=50)
    assert not desk.backups.is_due(desk.clock.now())
    desk.clock.at += timedelta(minutes=20)
    assert desk.backups.is_due(desk.clock.now())


def test_a_destination_that_fails_does_not_keep_the_others(desk: Desk) -> None:
    gone, there = desk.add("one"), desk.add("two")
    gone.rmdir()
    runs = desk.backups.back_up("test", lambda done, total: None)
    assert [bool(run.failure) for run in runs] == [True, False]
    assert len(list(there.glob("rollbook-*.rbk"))) == 1


def test_the_day_by_which_the_last_copy_of_a_key_is_gone(desk: Desk) -> None:
    now = desk.clock.now()
    assert desk.backups.last_key_copy_gone_by(now).places == ()
    folder = desk.add()
    left = desk.backups.last_key_copy_gone_by(now)
    assert left.gone_by is None and left.places == (str(folder),)
    desk.backups.set_schedule("03:15", "test")
    assert desk.backups.last_key_copy_gone_by(now).gone_by == date(2026, 3, 3)
    early = datetime(2026, 3, 3, 3, 0, tzinfo=BERLIN)
    assert desk.backups.last_key_copy_gone_by(early).gone_by == date(2026, 3, 3)


def test_bundles_and_local_copies_are_replaced_at_once(desk: Desk) -> None:
    reached, gone = desk.add("one"), desk.add("two")
    desk.backups.set_schedule("03:15", "test")
    desk.run()
    before = next(reached.glob("keys-*.rbk")).name
    copy_home(desk.book, desk.book / "backups" / "before-upgrade-from-0.1.0-x")
    for file in gone.iterdir():
        file.unlink()
    gone.rmdir()
    left = desk.backups.replace_bundles()
    assert left.places == (str(gone),) and left.gone_by == date(2026, 3, 3)
    assert [file.name for file in reached.glob("keys-*.rbk")] != [before]
    assert not list((desk.book / "backups").iterdir())


def by_hand(desk: Desk, name: str) -> Path:
    folder = desk.disk / name
    desk.backups.back_up_to(str(folder), "test", 14, lambda done, total: None, make=True)
    return folder


def test_a_backup_by_hand_and_a_former_destination_are_not_forgotten(desk: Desk) -> None:
    """Their bundles are copies of people's keys: they are replaced, or named."""
    desk.backups.set_schedule("03:15", "test")
    stick, former = by_hand(desk, "stick"), desk.add("former")
    desk.run()
    (one,) = desk.backups.destinations()
    desk.backups.remove(one.destination_id, "test")
    assert [e.url for e in desk.backups.elsewhere()] == [str(stick), str(former)]
    assert desk.backups.oldest_kept() == NOW
    before = {file.name for folder in (stick, former) for file in folder.glob("keys-*.rbk")}
    assert desk.backups.replace_bundles().places == ()
    after = {file.name for folder in (stick, former) for file in folder.glob("keys-*.rbk")}
    assert len(before) == len(after) == 2 and before.isdisjoint(after)


def test_a_disk_that_is_not_plugged_in_is_named_and_not_written_to(desk: Desk) -> None:
    desk.backups.set_schedule("03:15", "test")
    stick = by_hand(desk, "stick")
    aside = stick.rename(desk.disk / "aside")
    with pytest.raises(StorageUnavailable):
        desk.backups.oldest_kept()
    stick.mkdir()  # where it is plugged in
    left = desk.backups.replace_bundles()
    assert left.places == (str(stick),) and left.gone_by is None
    assert not list(stick.iterdir()) and list(aside.glob("keys-*.rbk"))
    (one,) = desk.backups.elsewhere()
    desk.backups.remove(one.destination_id, "test")
    assert desk.backups.replace_bundles().places == ()


def test_what_was_made_by_hand_becomes_a_destination(desk: Desk) -> None:
    stick = by_hand(desk, "stick")
    by_hand(desk, "stick")
    assert [one.url for one in desk.backups.elsewhere()] == [str(stick)]
    desk.add("stick")
    assert desk.backups.elsewhere() == []


def test_settings_that_make_no_sense_are_refused(desk: Desk) -> None:
    for wall in ("soon", "25:00", ""):
        with pytest.raises(InvalidInput):
            desk.backups.set_schedule(wall, "test")
    for keep in (0, 401):
        with pytest.raises(InvalidInput):
            desk.backups.set_keep(keep, "test")
    with pytest.raises(InvalidInput):
        desk.backups.add("  ", "test")
    desk.add()
    with pytest.raises(AlreadyExists):
        desk.add()
    with pytest.raises(NotFound):
        desk.backups.remove("0" * 32, "test")


def test_the_oldest_that_is_kept(desk: Desk) -> None:
    assert desk.backups.oldest_kept() is None
    desk.add()
    desk.run()
    desk.clock.at += timedelta(days=1)
    desk.run()
    assert desk.backups.oldest_kept() == NOW


def test_no_address_with_a_password_is_shown_or_kept_in_clear(desk: Desk) -> None:
    desk.backups.add("memory://school:horse@nas/x", "test")
    (one,) = desk.backups.destinations()
    assert "horse" not in one.shown and "horse" not in repr(one)
    desk.database.close()
    for file in desk.book.rglob("*"):
        assert not file.is_file() or b"horse" not in file.read_bytes()
