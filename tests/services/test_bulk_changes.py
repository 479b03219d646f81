"""Bulk changes: shown first, written as shown, and never twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from builders import LONG_AGO, make_class
from intake import TERMS
from rollbook.domain.access import Role
from rollbook.domain.accounts import Staff, User
from rollbook.domain.register import EntryKind
from rollbook.domain.subjects import Membership
from rollbook.errors import InvalidInput
from rollbook.services.bulk_changes import BulkChanges, Move, PlanChanged
from rollbook.services.consenting import Consenting
from rollbook.services.people_index import PeopleIndex
from rollbook.storage.database import Database
from rollbook.testing import FixedClock

TODAY = date(2026, 3, 2)
FIRST = date(2026, 9, 1)
BY = "administrator a"


class School:
    """Classes 5b and 6b, and what became of them."""

    def __init__(self, database: Database) -> None:
        self.open_uow = database.uow
        self.clock = FixedClock()
        self.bulk = BulkChanges(database.uow, self.clock)
        self.five, self.young = make_class(database.uow, ["Ada", "Bob"], "5b", agreed=False)
        self.six, self.old = make_class(database.uow, ["Cy", "Dee"], "6b")

    def roster(self, name: str, day: date) -> list[str]:
        with self.open_uow() as uow:
            group, names = uow.groups.by_name(name), uow.subjects.names()
            assert group is not None
            return sorted(names[one] for one in uow.groups.roster(group.group_id, day))

    def entries(self) -> list[dict[str, object]]:
        with self.open_uow() as uow:
            entries = reversed(uow.register.entries())
            return [dict(one.body) for one in entries if one.kind is not EntryKind.ROWS]


@pytest.fixture
def school(database: Database) -> School:
    return School(database)


def test_nobody_chosen_is_an_empty_plan(school: School) -> None:
    plan = school.bulk.plan_leavers([], TODAY)
    assert plan.moves == ()
    assert school.bulk.write(plan, BY) == 0


def test_a_new_school_year_moves_whole_groups_at_once(school: School) -> None:
    table = {school.five.group_id: "6b", school.six.group_id: "7b"}
    plan = school.bulk.plan_year(table, FIRST)
    assert (len(plan.moves), plan.new_groups) == (4, ("7b",))
    assert school.bulk.write(plan, BY) == 4
    before = FIRST - timedelta(days=1)
    assert school.roster("5b", before) == ["Ada", "Bob"]
    assert school.roster("6b", before) == ["Cy", "Dee"]
    assert school.roster("5b", FIRST) == []
    assert school.roster("6b", FIRST) == ["Ada", "Bob"]
    assert school.roster("7b", FIRST) == ["Cy", "Dee"]
    moved = [entry for entry in school.entries() if entry["event"] == "people moved"]
    assert [len(entry["subject_ids"]) for entry in moved] == [2, 2]  # type: ignore[arg-type]
    assert {entry["by"] for entry in moved} == {BY}


def test_a_group_without_a_next_one_leaves_and_one_that_keeps_its_name_stays(
    school: School,
) -> None:
    plan = school.bulk.plan_year({school.five.group_id: "5B", school.six.group_id: " "}, FIRST)
    assert {move.leaves for move in plan.moves} == {school.six.group_id}
    school.bulk.write(plan, BY)
    assert school.roster("5b", FIRST) == ["Ada", "Bob"]
    assert school.roster("6b", FIRST) == []


def test_a_plan_is_written_once(school: School) -> None:
    plan = school.bulk.plan_year({school.six.group_id: "7b"}, FIRST)
    school.bulk.write(plan, BY)
    entries = len(school.entries())
    with pytest.raises(PlanChanged):
        school.bulk.write(plan, BY)
    assert len(school.entries()) == entries


def test_a_roster_that_changed_meanwhile_stops_the_writing(school: School) -> None:
    plan = school.bulk.plan_year({school.six.group_id: "7b"}, FIRST)
    with school.open_uow() as uow:
        uow.groups.leave(school.six.group_id, school.old[0].subject_id, TODAY)
        uow.commit()
    with pytest.raises(PlanChanged):
        school.bulk.write(plan, BY)
    assert school.roster("6b", FIRST) == ["Dee"]


def test_plans_are_told_apart_by_their_digest(school: School) -> None:
    plan = school.bulk.plan_year({school.six.group_id: "7b"}, FIRST)
    assert plan.digest == school.bulk.plan_year({school.six.group_id: "7b"}, FIRST).digest
    assert plan.digest != replace(plan, first_day=TODAY).digest
    assert plan.digest != replace(plan, moves=plan.moves[:1]).digest


def test_leavers_leave_all_their_groups_also_future_ones(school: School) -> None:
    ada = school.young[0].subject_id
    with school.open_uow() as uow:
        uow.groups.join(Membership(school.six.group_id, ada, FIRST))
        uow.commit()
    plan = school.bulk.plan_leavers([ada], TODAY)
    assert len(plan.moves) == 2
    assert school.bulk.write(plan, BY) == 1
    assert school.roster("5b", TODAY) == ["Ada", "Bob"]
    assert school.roster("5b", TODAY + timedelta(days=1)) == ["Bob"]
    assert school.roster("6b", FIRST) == ["Cy", "Dee"]


def test_the_consents_of_leavers_end_on_the_day_that_was_chosen(school: School) -> None:
    consenting = Consenting(school.open_uow, school.clock)
    ada, bob = (person.subject_id for person in school.young)
    consenting.record(ada, TERMS)
    consenting.record(bob, replace(TERMS, retain_until=date(2026, 4, 1)))
    plan = school.bulk.plan_leavers([ada, bob], TODAY, date(2026, 6, 30))
    school.bulk.write(plan, BY)
    with school.open_uow() as uow:
        assert [one.retain_until for one in uow.consents.of(ada)] == [date(2026, 6, 30)]
        assert [one.retain_until for one in uow.consents.of(bob)] == [date(2026, 4, 1)]
        (entry,) = uow.register.entries([EntryKind.CONSENT], 1)
    assert entry.body["subject_ids"] == [ada]


def test_many_change_their_class(school: School) -> None:
    who = [person.subject_id for person in (*school.young, school.old[0])]
    plan = school.bulk.plan_move(who, school.five.group_id, school.six.group_id, FIRST)
    assert len(plan.moves) == 2  # Cy is there already
    school.bulk.write(plan, BY)
    assert school.roster("6b", FIRST) == ["Ada", "Bob", "Cy", "Dee"]
    assert school.roster("5b", FIRST) == []


def test_who_is_in_the_next_group_already_only_leaves_the_old_one(school: School) -> None:
    ada = school.young[0].subject_id
    with school.open_uow() as uow:
        uow.groups.join(Membership(school.six.group_id, ada, LONG_AGO))
        uow.commit()
    plan = school.bulk.plan_year({school.five.group_id: "6b"}, FIRST)
    assert Move(ada, school.five.group_id, None) in plan.moves
    school.bulk.write(plan, BY)
    assert school.roster("6b", FIRST) == ["Ada", "Bob", "Cy", "Dee"]


def test_the_index_follows_a_bulk_change(school: School) -> None:
    index = PeopleIndex(school.open_uow, school.clock, lambda: FIRST)
    assert index.current(30) is not None
    school.bulk.write(school.bulk.plan_year({school.five.group_id: "9z"}, FIRST), BY)
    view = index.current()
    assert view is not None
    known = view.people[school.young[0].subject_id]
    assert view.group_names(known) == ["9z"]


def test_a_substitute_takes_over_all_groups_for_some_days(school: School) -> None:
    with school.open_uow() as uow:
        for user_id, login, role in (("1", "bob", Role.FACULTY), ("2", "eve", Role.FACULTY)):
            uow.users.add(User(user_id * 32, login, role, login))
        uow.users.add(User("3" * 32, "dora", Role.AUDITOR, "dora"))
        uow.staff.add(Staff(school.five.group_id, "1" * 32, LONG_AGO))
        uow.staff.add(Staff(school.six.group_id, "1" * 32, LONG_AGO, TODAY))  # over by then
        uow.commit()
    last = FIRST + timedelta(days=4)
    plan = school.bulk.plan_substitute("1" * 32, "2" * 32, FIRST, last)
    assert plan == (Staff(school.five.group_id, "2" * 32, FIRST, last),)
    assert school.bulk.substitute(plan, BY) == 1
    assert school.bulk.substitute(plan, BY) == 0
    assert [entry["event"] for entry in school.entries()] == ["staff added"]
    assert school.bulk.plan_substitute("1" * 32, "2" * 32, FIRST, last) == ()
    for who, first, end in (
        (("1", "2"), last, FIRST),
        (("1", "1"), FIRST, last),
        (("1", "3"), FIRST, last),
    ):
        with pytest.raises(InvalidInput):
            school.bulk.plan_substitute(who[0] * 32, who[1] * 32, first, end)
