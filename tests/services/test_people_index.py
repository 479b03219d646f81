"""The index of opened names: complete, quick to follow, and searched in any script."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from builders import erase, make_reference
from intake import TERMS
from rollbook.domain.subjects import Membership, Subject, new_id
from rollbook.errors import AlreadyExists
from rollbook.services.consenting import Consenting
from rollbook.services.folding import folded
from rollbook.services.people import People
from rollbook.services.people_index import PeopleIndex, Snapshot
from rollbook.services.people_search import Order, Query, Show, search, sees
from rollbook.storage.database import Database
from rollbook.testing import FixedClock

DAY = date(2026, 3, 2)


class Site:
    """People, and the index that follows them."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.clock = FixedClock()
        self.day = DAY
        self.people = People(database.uow, self.clock, lambda: self.day)
        self.consenting = Consenting(database.uow, self.clock)
        self.index = PeopleIndex(database.uow, self.clock, lambda: self.day)

    def view(self) -> Snapshot:
        view = self.index.current(30)
        assert view is not None
        return view

    def names(self, own: frozenset[str] | None = None, **asked: object) -> list[str]:
        query = replace(Query(), **asked)  # type: ignore[arg-type]
        return [known.subject.name for known in search(self.view(), query, own).people]


@pytest.fixture
def site(database: Database) -> Site:
    return Site(database)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("  ADA   Lovelace ", "ada lovelace"),
        ("Émile Zoë", "emile zoe"),
        ("e\u0301mile", "emile"),
        ("Øyvind Łukasz Strauß", "oyvind lukasz strauss"),
        ("ﬁnn Ⅳ", "finn iv"),
        ("渡辺 さくら", "渡辺 さくら"),
        ("أحمد مُحَمَّد", "احمد محمد"),
        ("O\u2019Neil 🙂", "o'neil 🙂"),
        ("İpek", "ipek"),
    ],
)
def test_text_is_folded(text: str, expected: str) -> None:
    assert folded(text) == expected


def test_folding_twice_changes_nothing() -> None:
    for text in ("Émile", "أحمد", "Strauß", "İ", "क्षत्रिय", "ﬁ", "e\u0301\u0323"):
        assert folded(folded(text)) == folded(text)


def test_an_empty_site_has_one_empty_page(site: Site) -> None:
    found = search(site.view(), Query(page=7), None)
    assert (found.people, found.total, found.page, found.pages) == ((), 0, 1, 1)


def test_whoever_is_added_renamed_or_removed_shows_at_once(site: Site) -> None:
    assert site.names() == []
    ada, bob = site.people.add("Ada"), site.people.add("Bob")
    assert site.names() == ["Ada", "Bob"]
    site.people.rename(ada.subject_id, "Zoë")
    assert site.names() == ["Bob", "Zoë"]
    erase(site.database, bob.subject_id)
    assert site.names() == ["Zoë"]


def test_consent_samples_and_groups_are_followed(site: Site) -> None:
    ada = site.people.add("Ada")
    group = site.people.add_group("5b")
    assert not site.view().people[ada.subject_id].agreed
    site.consenting.record(ada.subject_id, TERMS)
    site.people.join(group.group_id, [ada.subject_id])
    view = site.view()
    known = view.people[ada.subject_id]
    assert (known.agreed, view.group_names(known), known.samples) == (True, ["5b"], 0)
    site.consenting.withdraw(ada.subject_id)
    assert not site.view().people[ada.subject_id].agreed


def test_an_index_of_another_process_sees_the_same(site: Site) -> None:
    other = PeopleIndex(site.database.uow, site.clock, lambda: DAY)
    assert other.current(30) is not None
    site.people.add("Ada")
    view = other.current()
    assert view is not None and [one.subject.name for one in view.ordered] == ["Ada"]


def test_what_no_entry_tells_of_is_found_by_the_version(site: Site) -> None:
    ada = site.people.add("Ada")
    assert site.names() == ["Ada"]
    with site.database.uow() as uow:  # as invented data is written
        uow.subjects.add(Subject(new_id(), "Bob"))
        uow.references.add(make_reference(ada.subject_id))
        uow.commit()
    site.names()  # starts the reading
    site.index.build()
    assert site.names() == ["Ada", "Bob"]
    assert site.view().people[ada.subject_id].samples == 1


def test_many_changes_at_once_give_the_same_as_reading_anew(site: Site) -> None:
    site.view()
    group = site.people.add_group("5b")
    people = [Subject(new_id(), f"Person {n:03}") for n in range(400)]
    with site.database.uow() as uow:
        uow.subjects.add_many(people)
        uow.commit()
    site.people.join(group.group_id, [person.subject_id for person in people])
    followed = site.view()
    fresh = site.index.build()
    assert followed.ordered == fresh.ordered
    assert followed.people == fresh.people


def test_at_midnight_memberships_begin_and_end(site: Site) -> None:
    ada = site.people.add("Ada")
    old, new = site.people.add_group("5b"), site.people.add_group("6b")
    with site.database.uow() as uow:
        uow.groups.join(Membership(old.group_id, ada.subject_id, DAY, DAY))
        uow.groups.join(Membership(new.group_id, ada.subject_id, DAY + timedelta(days=1)))
        uow.commit()
    site.people.rename(ada.subject_id, "Ada L.")
    view = site.view()
    assert view.group_names(view.people[ada.subject_id]) == ["5b"]
    site.day += timedelta(days=1)
    view = site.view()
    assert view.group_names(view.people[ada.subject_id]) == ["6b"]


def test_people_are_found_by_name_in_any_order_and_by_beginnings_of_ids(site: Site) -> None:
    zoe = site.people.add("Zoë Émile-Müller", "S-0042")
    site.people.add("渡辺 さくら", "S-0100")
    site.people.add("أحمد محمود")
    assert site.names(text="muller ZOE") == ["Zoë Émile-Müller"]
    assert site.names(text="s-00") == ["Zoë Émile-Müller"]
    assert site.names(text="S-0") == ["Zoë Émile-Müller", "渡辺 さくら"]
    assert site.names(text="さく") == ["渡辺 さくら"]
    assert site.names(text="احمد") == ["أحمد محمود"]
    assert site.names(text=zoe.subject_id[:8]) == ["Zoë Émile-Müller"]
    assert site.names(text="nobody") == []


def test_filters_and_orders(site: Site) -> None:
    group, other = site.people.add_group("7a"), site.people.add_group("5b")
    ada = site.people.add("Ada", "2", group_ids=[group.group_id], terms=TERMS)
    bob = site.people.add("Bob", "1", group_ids=[other.group_id])
    cy = site.people.add("Cy", group_ids=[group.group_id])
    with site.database.uow() as uow:
        uow.references.add(make_reference(ada.subject_id))
        uow.commit()
    site.index.build()
    site.people.leave(group.group_id, [cy.subject_id], DAY - timedelta(days=1))
    assert site.names(show=Show.WITHOUT_CONSENT) == ["Bob", "Cy"]
    assert site.names(show=Show.WITHOUT_SAMPLES) == ["Bob", "Cy"]
    assert site.names(show=Show.LEAVERS) == ["Cy"]
    assert site.names(group_id=group.group_id) == ["Ada"]
    assert site.names(show=Show.LOOK_ALIKES, alike=frozenset({bob.subject_id})) == ["Bob"]
    assert site.names(order=Order.EXTERNAL_ID) == ["Bob", "Ada", "Cy"]
    assert site.names(order=Order.GROUP) == ["Bob", "Ada", "Cy"]
    assert site.names(order=Order.FEWEST_SAMPLES) == ["Bob", "Cy", "Ada"]


def test_faculty_find_people_of_their_groups_alone(site: Site) -> None:
    own, other = site.people.add_group("5b"), site.people.add_group("7a")
    site.people.add("Ada", group_ids=[own.group_id])
    site.people.add("Bob", group_ids=[other.group_id])
    gone = site.people.add("Cy", group_ids=[own.group_id])
    site.people.leave(own.group_id, [gone.subject_id], DAY - timedelta(days=1))
    groups = frozenset({own.group_id})
    assert site.names(own=groups) == ["Ada"]
    assert site.names(own=frozenset()) == []
    assert not sees(site.view().people[gone.subject_id], groups, DAY)


def test_pages_hold_everybody_once(site: Site) -> None:
    for number in range(7):
        site.people.add(f"Person {number}")
    pages = [search(site.view(), Query(page=page), None, size=3) for page in (1, 2, 3)]
    names = [known.subject.name for found in pages for known in found.people]
    assert names == [f"Person {number}" for number in range(7)]
    assert search(site.view(), Query(page=99), None, size=3).page == 3


def test_namesakes_are_known_by_heart_once_the_names_are_open(site: Site) -> None:
    assert site.index.namesakes("Ada") is None
    site.view()
    ada = site.people.add("Ada")
    assert site.index.namesakes("Ada") == [ada]
    assert site.index.namesakes("ada") == []
    quick = People(site.database.uow, site.clock, lambda: DAY, None, site.index.namesakes)
    with pytest.raises(AlreadyExists):
        quick.acting("x").add("Ada")
    quick.add("Bob")
    with pytest.raises(AlreadyExists):
        quick.rename(ada.subject_id, "Bob")
