"""What a purge takes, of whom, and what it leaves behind as proof."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from logging.handlers import RotatingFileHandler
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from builders import make_class, make_consent, make_reference
from rollbook.domain.absences import Absence
from rollbook.domain.attendance import Status
from rollbook.domain.erasing import Intent
from rollbook.domain.ports import UnitOfWork
from rollbook.domain.purging import PurgePlan
from rollbook.domain.receipts import Receipt, ReceiptKind
from rollbook.domain.register import EntryKind
from rollbook.domain.requests import Request, RequestKind, RequestState
from rollbook.domain.retention import RetentionRules, Rule
from rollbook.domain.subjects import Membership, new_id
from rollbook.domain.tallies import Tally
from rollbook.services import purging
from rollbook.services.erasure_body import Begun, Known
from rollbook.services.purging import NOTE, Purging
from rollbook.services.register import RegisterKeeper
from rollbook.services.retention import PATIENCE, RETENTION, Retention, nightly_rules
from rollbook.services.reviewing import Reviewing
from rollbook.services.tracing import LastMarks, last_marks
from rollbook.storage.database import Database
from rollbook.storage.old_logs import LogFolder
from rollbook.testing import FixedClock

BEGIN = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
ALICE = "administrator a"
DAY = timedelta(days=1)


class Office:
    """A class of three, all enrolled; Ada leaves it at the end of March."""

    def __init__(self, database: Database, logs: Path) -> None:
        self.database = database
        self.clock = FixedClock(BEGIN)
        self.group, people = make_class(database.uow, ["Ada", "Bob", "Cleo"])
        self.ada, self.bob, self.cleo = (person.subject_id for person in people)
        with database.uow() as uow:
            for seed, one in enumerate((self.ada, self.bob, self.cleo)):
                uow.references.add(make_reference(one, seed))
                uow.references.add(make_reference(one, seed + 10))
            uow.groups.leave(self.group.group_id, self.ada, date(2026, 3, 31))
            uow.commit()
        self.erased: list[str] = []
        self.finished = 0
        zone = ZoneInfo("Europe/Berlin")
        reviewing, folder = Reviewing(database.uow, self.clock), LogFolder(logs)
        parts = (database.uow, self.clock, lambda: zone, reviewing, folder, self)
        self.purging = Purging(*parts)
        self.nightly = Purging(*parts, rules=nightly_rules)
        self.retention = Retention(database.uow, self.clock)

    def begin(self, subject_ids: Sequence[str], by: str) -> list[Begun]:
        """Destroy rows and keys, as the real eraser does."""
        begun = []
        for one in subject_ids:
            with self.database.uow() as uow:
                uow.subjects.remove(one)
                uow.commit()
            at = self.clock.now()
            begun.append(Begun(Intent(new_id(), one, by, at, {}, frozenset(), (), {}), Known()))
        return begun

    def finish(self, begun: Sequence[Begun]) -> list[Receipt]:
        self.finished += 1
        receipts = []
        for one in begun:
            body = {"subject": one.intent.subject_id}
            receipt = Receipt(one.intent.receipt_id, ReceiptKind.ERASURE, self.clock.now(), body)
            with self.database.uow() as uow:
                receipts.append(uow.receipts.add(receipt))
                uow.commit()
            self.erased.append(one.intent.subject_id)
        return receipts

    def to(self, day: date) -> None:
        self.clock.at = datetime.combine(day, BEGIN.timetz())

    def samples(self) -> dict[str, int]:
        with self.database.uow() as uow:
            return uow.references.counts()

    def plan(self) -> PurgePlan:
        return self.purging.plan()

    def events(self, kind: EntryKind) -> list[str]:
        with self.database.uow() as uow:
            return [str(entry.body["event"]) for entry in uow.register.entries([kind])]


@pytest.fixture
def office(database: Database, tmp_path: Path) -> Office:
    return Office(database, tmp_path / "logs")


def test_others_write_while_the_register_is_read_for_the_first_time(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = []

    def read(uow: UnitOfWork) -> LastMarks:
        found = last_marks(uow)
        with office.database.uow() as other:
            other.register.hold()
            other.commit()
        written.append(True)
        return found

    monkeypatch.setattr(purging, "last_marks", read)
    office.purging.run(ALICE)
    assert written == [True]


def test_on_the_first_day_nothing_is_due(office: Office) -> None:
    assert office.plan().total == 0
    assert office.purging.run(ALICE) is None
    assert office.events(EntryKind.TRUST) == []


def test_samples_of_who_left_go_after_the_months_and_those_of_others_stay(office: Office) -> None:
    office.to(date(2026, 9, 30))
    assert office.plan().found == ()
    office.to(date(2026, 10, 1))
    found = office.plan().of(Rule.INACTIVE)
    assert (found.count, found.people) == (2, (office.ada,))
    assert office.samples()[office.ada] == 2  # a plan changes nothing
    receipt = office.purging.run(ALICE)
    assert receipt is not None
    assert set(office.samples()) == {office.bob, office.cleo}
    assert receipt.body["counts"] == {"inactive": 2}
    assert receipt.body["people"] == {"inactive": [office.ada]}
    assert office.events(EntryKind.ENROLMENT) == ["samples deleted"]
    assert office.events(EntryKind.TRUST) == ["purged"]
    assert office.purging.run(ALICE) is None


def test_a_receipt_is_kept_signed_and_names_nobody(office: Office) -> None:
    office.to(date(2026, 10, 1))
    receipt = office.purging.run()
    assert receipt is not None
    with office.database.uow() as uow:
        (kept,) = uow.receipts.all([ReceiptKind.PURGE])
    assert kept == receipt
    assert len(kept.signature) == 64
    assert not {"Ada", "Bob", "Cleo"} & set(str(dict(kept.body)).split("'"))


def test_a_mark_after_leaving_is_a_contact(office: Office) -> None:
    keeper = RegisterKeeper(office.database.uow, office.clock)
    office.to(date(2026, 6, 15))
    now = office.clock.now()
    session = keeper.open_session(
        office.group.group_id, now, now + timedelta(hours=1), business_date=now.date()
    )
    keeper.mark_by_hand(session.session_id, office.ada, Status.PRESENT, None, ALICE)
    office.to(date(2026, 12, 15))
    assert office.plan().found == ()
    office.to(date(2026, 12, 16))
    assert office.plan().of(Rule.INACTIVE).people == (office.ada,)


def test_last_marks_are_kept_so_that_the_next_look_reads_only_what_is_new(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeper = RegisterKeeper(office.database.uow, office.clock)
    now = office.clock.now()
    session = keeper.open_session(
        office.group.group_id, now, now + timedelta(hours=1), business_date=now.date()
    )
    keeper.mark_by_hand(session.session_id, office.bob, Status.PRESENT, None, ALICE)
    office.purging.run()
    with office.database.uow() as uow:
        kept = last_marks(uow)
        assert kept.days == {office.bob: now.date()}
        monkeypatch.setattr(type(uow.register), "of_sessions", None)
        assert last_marks(uow) == kept


def test_samples_go_when_a_consent_has_run_out(office: Office) -> None:
    with office.database.uow() as uow:
        for consent in uow.consents.of(office.bob):
            uow.consents.update(replace(consent, retain_until=date(2026, 3, 10)))
        uow.commit()
    office.to(date(2026, 3, 10))
    assert office.plan().total == 0
    office.to(date(2026, 3, 11))
    assert office.plan().of(Rule.NO_CONSENT).people == (office.bob,)
    office.purging.run()
    assert set(office.samples()) == {office.ada, office.cleo}
    assert "ran out" in office.events(EntryKind.CONSENT)


def test_a_person_is_proposed_and_erased_only_where_the_site_says_so(office: Office) -> None:
    office.to(date(2029, 4, 1))
    assert office.plan().of(Rule.PROPOSE).people == (office.ada,)
    office.purging.run(ALICE)
    assert office.erased == []
    office.retention.change(ALICE, RetentionRules(erase_by_itself=True))
    receipt = office.purging.run(ALICE)
    assert receipt is not None
    assert office.erased == [office.ada]
    assert receipt.body["counts"] == {"erase": 1}
    with office.database.uow() as uow:
        (erasure,) = uow.receipts.all([ReceiptKind.ERASURE])
    assert receipt.body["erasures"] == [erasure.receipt_id]


def test_the_files_are_searched_once_for_all_who_are_erased(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(purging, "BATCH", 1)
    with office.database.uow() as uow:
        uow.groups.leave(office.group.group_id, office.bob, date(2026, 3, 31))
        uow.commit()
    office.to(date(2029, 4, 1))
    office.retention.change(ALICE, RetentionRules(erase_by_itself=True))
    receipt = office.purging.run(ALICE)
    assert receipt is not None and receipt.body["counts"]["erase"] == 2
    assert set(office.erased) == {office.ada, office.bob} and office.finished == 1
    with office.database.uow() as uow:
        kept = {one.receipt_id for one in uow.receipts.all([ReceiptKind.ERASURE])}
    assert set(receipt.body["erasures"]) == kept


def test_absences_and_requests_go_a_year_after_they_are_over(office: Office) -> None:
    day = date(2026, 3, 5)
    absence = Absence(new_id(), office.bob, day, day, "ill", "Ill", ALICE, BEGIN)
    told = Request(new_id(), office.bob, RequestKind.EXCUSE, BEGIN, "the bus was late")
    granted = replace(
        told, request_id=new_id(), state=RequestState.GRANTED, decided_at=BEGIN, decided_by=ALICE
    )
    with office.database.uow() as uow:
        uow.absences.add(absence)
        uow.requests.add(told)
        uow.requests.add(granted)
        uow.commit()
    office.to(date(2027, 3, 2))
    assert office.plan().of(Rule.ABSENCES).count == 0
    office.to(date(2027, 3, 6))
    assert office.plan().of(Rule.ABSENCES).count == 1
    assert office.plan().of(Rule.REQUESTS).count == 1
    office.purging.run()
    with office.database.uow() as uow:
        assert uow.absences.all() == []
        assert [one.request_id for one in uow.requests.of(office.bob)] == [told.request_id]


def test_a_run_that_is_killed_goes_on_and_one_receipt_covers_both(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(purging, "BATCH", 1)
    with office.database.uow() as uow:
        for one in (office.bob, office.cleo):
            uow.groups.leave(office.group.group_id, one, date(2026, 3, 31))
        uow.commit()
    office.to(date(2026, 10, 1))
    real, calls = purging.delete_samples, []

    def killed(*given: object, **more: object) -> None:
        calls.append(given)
        if len(calls) == 2:
            raise KeyboardInterrupt
        real(*given, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(purging, "delete_samples", killed)
    with pytest.raises(KeyboardInterrupt):
        office.purging.run()
    assert len(office.samples()) == 2
    monkeypatch.setattr(purging, "delete_samples", real)
    office.clock.at += DAY
    receipt = office.purging.run()
    assert receipt is not None
    assert receipt.body["people"] == {"inactive": sorted([office.ada, office.bob, office.cleo])}
    assert receipt.body["counts"] == {"inactive": 6}
    assert str(receipt.body["began"]).startswith("2026-10-01")
    with office.database.uow() as uow:
        assert uow.site.get(NOTE) is None


def test_somebody_who_agrees_anew_meanwhile_keeps_their_samples(office: Office) -> None:
    office.to(date(2026, 10, 1))
    plan = office.plan()
    with office.database.uow() as uow:
        uow.consents.add(replace(make_consent(office.ada), recorded_at=office.clock.now()))
        uow.commit()
    office.purging._samples(Rule.INACTIVE, plan.of(Rule.INACTIVE).people, ALICE)
    assert office.samples()[office.ada] == 2


def test_old_lines_of_the_log_go(office: Office, tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    handler = RotatingFileHandler(folder / "rollbook.log", backupCount=4, delay=True)
    logging.getLogger().addHandler(handler)
    try:
        (folder / "rollbook.log").write_text("2026-03-01 08:00:00,0 WARNING a: old\n")
        (folder / "rollbook.log.1").write_text("2026-01-20 08:00:00,0 WARNING a: older\n")
        (folder / "rollbook.log.2").write_text("2026-02-20 08:00:00,0 WARNING a: young\n")
        office.to(date(2026, 3, 12))
        assert office.plan().of(Rule.LOGS).count == 1
        office.purging.run()
        names = {file.name: file.read_text() for file in folder.iterdir()}
    finally:
        logging.getLogger().removeHandler(handler)
        handler.close()
    assert set(names) == {"rollbook.log.1", "rollbook.log.3"}
    assert "old" in names["rollbook.log.1"] and "young" in names["rollbook.log.3"]


def test_counts_of_refusals_go_after_the_months_without_a_receipt(office: Office) -> None:
    days = [Tally(date(2026, 3, day), "watch", "blurred") for day in (1, 2, 3)]
    with office.database.uow() as uow:
        uow.tallies.add(dict.fromkeys(days, 7))
        uow.groups.join(Membership(office.group.group_id, office.ada, date(2026, 4, 1)))
        uow.site.set(RETENTION, RetentionRules(36, 36, tally_months=13).as_json())
        uow.commit()

    def kept() -> list[Tally]:
        with office.database.uow() as uow:
            return list(uow.tallies.between(date.min, date.max))

    office.to(date(2027, 4, 2))
    assert office.plan().of(Rule.TALLIES).count == 1
    assert kept() == days  # a plan changes nothing
    assert office.purging.run() is None and kept() == days[1:]
    with office.database.uow() as uow:
        uow.site.set(RETENTION, RetentionRules(36, 36, tally_months=36).as_json())
        uow.commit()
    office.to(date(2027, 4, 30))
    assert office.purging.run() is None and kept() == days[1:]


def test_a_change_of_the_rules_is_in_the_register(office: Office) -> None:
    assert office.retention.change(ALICE, RetentionRules(consent_months=6))
    assert not office.retention.change(ALICE, RetentionRules(consent_months=6))
    with office.database.uow() as uow:
        (entry,) = uow.register.entries([EntryKind.SETTING])
    assert entry.body["by"] == ALICE
    assert entry.body["value"] == RetentionRules(consent_months=6).as_json()


def test_a_first_night_takes_nothing_that_nobody_decided_on(office: Office) -> None:
    office.to(date(2026, 10, 2))  # Ada left more than six months ago
    office.retention.begin()
    assert office.purging.plan().of(Rule.INACTIVE).people == (office.ada,)
    assert office.nightly.run() is None and office.ada in office.samples()
    assert office.retention.waits_until() == office.clock.now() + PATIENCE
    office.clock.at += PATIENCE - timedelta(seconds=1)
    office.retention.begin()  # each night; the time is not begun again
    assert office.nightly.run() is None and office.ada in office.samples()
    office.clock.at += timedelta(seconds=1)
    assert office.retention.waits_until() is None
    assert office.nightly.run() is not None and office.ada not in office.samples()


def test_whoever_decides_on_the_rules_lets_them_hold_at_once(office: Office) -> None:
    office.to(date(2026, 10, 2))
    office.retention.begin()
    assert office.retention.accept(ALICE) and not office.retention.accept(ALICE)
    assert office.retention.waits_until() is None
    assert office.nightly.run() is not None and office.ada not in office.samples()
    with office.database.uow() as uow:
        (entry,) = uow.register.entries([EntryKind.SETTING])
    assert entry.body["value"] == RetentionRules().as_json()


def test_what_the_law_gives_no_time_for_goes_in_the_first_night(office: Office) -> None:
    with office.database.uow() as uow:
        for consent in uow.consents.of(office.bob):
            uow.consents.update(replace(consent, retain_until=date(2026, 3, 2)))
        uow.commit()
    office.to(date(2026, 10, 2))
    office.retention.begin()
    office.nightly.run()
    assert office.bob not in office.samples() and office.ada in office.samples()
    office.to(date(2029, 4, 1))  # three years after Ada left
    office.retention.begin()
    with office.database.uow() as uow:
        uow.site.set("retention_began", office.clock.now().isoformat())
        uow.commit()
    office.nightly.run()
    assert office.ada not in office.samples()
