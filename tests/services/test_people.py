"""People, groups and consents: every change is in the register, and no name is."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from builders import NOW, erase, make_reference
from intake import TERMS, Intake
from rollbook.domain.access import Role
from rollbook.domain.accounts import User
from rollbook.domain.register import EntryKind
from rollbook.domain.retention import RetentionRules
from rollbook.errors import AlreadyExists, InvalidInput, NotFound
from rollbook.services.consenting import Consenting, ConsentTerms
from rollbook.services.people import People
from rollbook.services.register import RegisterKeeper
from rollbook.storage.database import Database
from rollbook.testing import GREEN, RED, FixedClock


@pytest.fixture
def people(database: Database) -> People:
    return People(database.uow, FixedClock(), lambda: date(2026, 3, 2))


@pytest.fixture
def consenting(database: Database) -> Consenting:
    return Consenting(database.uow, FixedClock())


def events(database: Database) -> list[object]:
    with database.uow() as uow:
        return [entry.body["event"] for entry in reversed(uow.register.entries())]


def test_somebody_is_added_with_group_and_consent(people: People, database: Database) -> None:
    group = people.add_group("Class 7b")
    ada = people.add("  Ada   Lovelace ", "S-1", group_ids=[group.group_id], terms=TERMS)
    (row,) = people.rows()
    assert (row.subject.name, row.subject.external_id) == ("Ada Lovelace", "S-1")
    assert (row.groups, row.samples, row.consent) == (("Class 7b",), 0, True)
    assert events(database) == ["group added", "added", "joined", "recorded"]
    with database.uow() as uow:
        said = str([entry.body for entry in uow.register.entries()])
    assert ada.subject_id in said
    assert "Ada" not in said and "guardian" not in said and "Class" not in said


def test_the_list_can_be_of_one_group(people: People) -> None:
    group = people.group_called("7b")
    people.add("Ada", group_ids=[group.group_id])
    people.add("Bob")
    assert [row.subject.name for row in people.rows(group.group_id)] == ["Ada"]
    assert people.group_called("7B") == group


def test_one_name_twice_needs_external_ids_on_both(people: People) -> None:
    people.add("Ada", "1")
    people.add("Ada", "2")
    with pytest.raises(AlreadyExists, match="give this one an external id"):
        people.add("Ada")
    people.add("Bob")
    with pytest.raises(AlreadyExists, match="give the other one an external id"):
        people.add("Bob", "3")
    with pytest.raises(AlreadyExists, match="already belongs to another person"):
        people.add("Cy", "1")
    assert len(people.rows()) == 3


@pytest.mark.parametrize("name", ["", "   ", "\u200b", "x" * 300])
def test_impossible_names_are_refused(people: People, name: str) -> None:
    with pytest.raises(InvalidInput):
        people.add(name)


@pytest.mark.parametrize(
    "name", ['Anna "Q"', "O'Neil", "🦊", "ליאור כהן", "../../etc", "=1+1", "नम‌स्ते"]
)
def test_names_of_any_kind_come_back_as_they_were(people: People, name: str) -> None:
    people.add(name)
    assert people.rows()[0].subject.name == name


def test_renaming_keeps_the_person_and_the_external_id(people: People, database: Database) -> None:
    ada = people.add("Ada", "1")
    renamed = people.rename(ada.subject_id, "Augusta")
    assert (renamed.subject_id, renamed.external_id) == (ada.subject_id, "1")
    people.rename(ada.subject_id, "Augusta")
    assert events(database) == ["added", "renamed"], "nothing changed the second time"
    people.add("Bob")
    with pytest.raises(AlreadyExists):
        people.rename(ada.subject_id, "Bob")


def test_who_is_removed_is_gone_and_a_second_removal_says_so(
    people: People, database: Database
) -> None:
    ada = people.add("Ada", terms=TERMS)
    erase(database, ada.subject_id)
    assert people.rows() == []
    assert events(database)[-2:] == ["removed", "erasure finished"]
    with pytest.raises(NotFound):
        erase(database, ada.subject_id)


@pytest.mark.parametrize("closed", [True, False])
def test_a_closed_session_of_the_day_keeps_who_is_removed_after_it(
    people: People, database: Database, closed: bool
) -> None:
    group, ada = people.add_group("7b"), people.add("Ada")
    people.join(group.group_id, [ada.subject_id])
    clock = FixedClock()
    keeper, day = RegisterKeeper(database.uow, clock), date(2026, 3, 2)
    end = clock.now() + timedelta(hours=1)
    session = keeper.open_session(group.group_id, clock.now(), end, business_date=day)
    if closed:
        keeper.close_session(session.session_id)
    erase(database, ada.subject_id)
    kept = [record.subject_id for record in keeper.records(session.session_id)]
    assert kept == ([ada.subject_id] if closed else [])
    with database.uow() as uow:
        assert uow.groups.roster(group.group_id, day + timedelta(days=1)) == []


def test_joining_twice_is_joining_once(people: People) -> None:
    group = people.add_group("7b")
    ada = people.add("Ada")
    assert people.join(group.group_id, [ada.subject_id]) == 1
    assert people.join(group.group_id, [ada.subject_id]) == 0
    with pytest.raises(AlreadyExists):
        people.add_group("7b")


def test_a_roster_changes_with_time_and_the_register_says_so(
    people: People, database: Database
) -> None:
    group, ada = people.add_group("7b"), people.add("Ada")
    who = [ada.subject_id]
    assert people.join(group.group_id, who, date(2026, 2, 1)) == 1
    assert people.leave(group.group_id, who, date(2026, 2, 20)) == 1
    assert people.leave(group.group_id, who, date(2026, 2, 20)) == 0
    assert people.join(group.group_id, who) == 1
    with database.uow() as uow:
        days = [date(2026, 1, 31), date(2026, 2, 1), date(2026, 2, 20), date(2026, 2, 21)]
        held = [bool(uow.groups.roster(group.group_id, day)) for day in days]
        assert held == [False, True, True, False]
        assert uow.groups.roster(group.group_id, date(2026, 3, 2)) == who
    assert events(database)[2:] == ["joined", "left", "joined"]


def test_withdrawing_deletes_samples_and_crops_at_once(
    database: Database, consenting: Consenting
) -> None:
    intake = Intake(database.uow)
    ada = intake.enrol("Ada", RED, RED)
    intake.enrol("Bob", GREEN)
    done = consenting.withdraw(ada)
    assert (done.consents, done.samples) == (1, 2)
    assert intake.counts() == {"Ada": 0, "Bob": 1}
    with database.uow() as uow:
        (consent,) = uow.consents.of(ada)
        kinds = [entry.kind for entry in uow.register.entries(limit=2)]
    assert consent.withdrawn_at is not None, "the proof of both is kept"
    assert set(kinds) == {EntryKind.CONSENT, EntryKind.ENROLMENT}
    with pytest.raises(NotFound, match="no consent to withdraw"):
        consenting.withdraw(ada)


def test_a_consent_must_say_what_and_who_and_not_be_over(
    people: People, consenting: Consenting
) -> None:
    ada = people.add("Ada").subject_id
    for terms in (ConsentTerms(" ", "x"), ConsentTerms("v1", "")):
        with pytest.raises(InvalidInput, match="Say which text"):
            consenting.record(ada, terms)
    over = FixedClock().now().date() - timedelta(days=1)
    with pytest.raises(InvalidInput, match="over already"):
        consenting.record(ada, ConsentTerms("v1", "me", retain_until=over))
    with pytest.raises(NotFound):
        consenting.record("nobody", TERMS)
    consenting.record(ada, TERMS)
    assert people.rows()[0].consent


def test_single_samples_are_listed_and_deleted_by_the_beginning_of_their_id(
    database: Database, consenting: Consenting
) -> None:
    intake = Intake(database.uow)
    ada = intake.enrol("Ada", RED, RED)
    first, second = consenting.samples(ada)
    consenting.delete_samples(ada, [first.reference_id[:10]])
    assert [s.reference_id for s in consenting.samples(ada)] == [second.reference_id]
    for unknown in (first.reference_id, "", "zz"):
        with pytest.raises(NotFound, match="samples list"):
            consenting.delete_samples(ada, [second.reference_id, unknown])
    assert len(consenting.samples(ada)) == 1


def test_the_account_of_a_removed_person_goes_whatever_its_role(
    people: People, database: Database
) -> None:
    ada, bob = people.add("Ada"), people.add("Bob")
    with database.uow() as uow:
        uow.users.add(User("1" * 32, "ada", Role.SUBJECT, "u1", subject_id=ada.subject_id))
        uow.users.add(User("2" * 32, "bob", Role.FACULTY, "u2", subject_id=bob.subject_id))
        uow.commit()
    erase(database, ada.subject_id)
    erase(database, bob.subject_id)
    with database.uow() as uow:
        assert uow.users.all() == []


def test_the_register_names_who_acts(
    people: People, consenting: Consenting, database: Database
) -> None:
    ada = people.acting("administrator 1").add("Ada", terms=TERMS)
    consenting.acting("faculty 2").withdraw(ada.subject_id)
    with database.uow() as uow:
        said = [(e.body["event"], e.body.get("by")) for e in reversed(uow.register.entries())]
    first = "administrator 1"
    assert said == [("added", first), ("recorded", first), ("withdrawn", "faculty 2")]


def test_a_minor_needs_a_guardian_who_agreed(people: People, consenting: Consenting) -> None:
    with pytest.raises(InvalidInput, match="guardian"):
        people.add("Ada", terms=ConsentTerms("v1", "Ada"), minor=True)
    ada = people.add("Ada", minor=True)
    assert ada.minor
    with pytest.raises(InvalidInput, match="guardian"):
        consenting.record(ada.subject_id, ConsentTerms("v1", "Ada"))
    kept = consenting.record(ada.subject_id, ConsentTerms("v1", "", guardian=" Anne  Byron "))
    assert (kept.given_by, kept.guardian) == ("Anne Byron", "Anne Byron")


def test_nobody_becomes_a_minor_while_a_consent_names_no_guardian(
    people: People, consenting: Consenting
) -> None:
    ada = people.add("Ada", terms=ConsentTerms("v1", "Ada")).subject_id
    with pytest.raises(InvalidInput, match="names no guardian"):
        people.set_minor(ada, True)
    consenting.record(ada, ConsentTerms("v1", "Ada", guardian="Anne Byron"))
    assert people.set_minor(ada, True).minor
    assert not people.set_minor(ada, False).minor


def test_a_consent_ends_as_the_rules_of_the_site_say(
    people: People, consenting: Consenting
) -> None:
    ada = people.add("Ada").subject_id
    kept = consenting.record(ada, ConsentTerms("v1", "Ada"))
    assert kept.retain_until == RetentionRules().consent_end(kept.recorded_at.date())
    own = consenting.record(ada, ConsentTerms("v1", "Ada", retain_until=date(2026, 7, 31)))
    assert own.retain_until == date(2026, 7, 31)


def test_withdrawing_crops_leaves_the_templates(
    people: People, consenting: Consenting, database: Database
) -> None:
    ada = people.add("Ada", terms=ConsentTerms("v1", "Ada")).subject_id
    with database.uow() as uow:
        uow.references.add(make_reference(ada, 1))
        uow.commit()
    assert consenting.withdraw_crops(ada) == 1
    with database.uow() as uow:
        (sample,) = uow.references.of(ada)
        (consent,) = uow.consents.of(ada)
        now = NOW
        assert sample.crop is None
        assert consent.covers_face(now) and not consent.covers_crops(now)
    with pytest.raises(NotFound):
        consenting.withdraw_crops(ada)
