"""People are found by name, external id or the beginning of their id; never by guessing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from builders import make_class, make_subject
from rollbook.domain.subjects import Group
from rollbook.errors import NotFound
from rollbook.services.finding import Ambiguous, find_group, find_subject
from rollbook.storage.database import Database


def test_a_person_is_found_by_name_external_id_and_beginning_of_the_id(
    database: Database,
) -> None:
    ada = replace(make_subject("Ada Lovelace", "E-1"), subject_id="abcd" + "0" * 28)
    bob = replace(make_subject("Émile Zola"), subject_id="abce" + "0" * 28)
    with database.uow() as uow:
        uow.subjects.add_many([ada, bob])
        for wanted in ("Ada Lovelace", " ada  LOVELACE ", "E-1", "abcd", "ABCD00", ada.subject_id):
            assert find_subject(uow, wanted) == ada
        assert find_subject(uow, "émile zola") == bob
        for wanted in ("Ada", "abc", "", "   ", "E-2", "abcd1", "%"):
            with pytest.raises(NotFound):
                find_subject(uow, wanted)


def test_two_people_of_one_name_are_listed_and_neither_is_taken(database: Database) -> None:
    people = [make_subject("Ada", "E-1"), make_subject("Ada")]
    with database.uow() as uow:
        uow.subjects.add_many(people)
        with pytest.raises(Ambiguous, match="external id E-1") as caught:
            find_subject(uow, "Ada")
        assert {person.subject_id[:8] in str(caught.value) for person in people} == {True}
        assert len(caught.value.candidates) == 2
        assert find_subject(uow, people[1].subject_id) == people[1]


def test_an_external_id_wins_over_a_name(database: Database) -> None:
    with database.uow() as uow:
        uow.subjects.add_many([make_subject("42"), make_subject("Ada", "42")])
        assert find_subject(uow, "42").name == "Ada"


def test_a_group_is_found_by_name_and_beginning_of_the_id(database: Database) -> None:
    make_class(database.uow, [], "7 b")
    with database.uow() as uow:
        uow.groups.add(Group("abcd1", "7 a"))
        uow.groups.add(Group("abcd2", "7 c"))
        assert find_group(uow, " 7  A ").group_id == "abcd1"
        assert find_group(uow, "ABCD2").group_id == "abcd2"
        for wanted in ("abcd", "7", "", "7 d"):
            with pytest.raises(NotFound, match="group"):
                find_group(uow, wanted)
