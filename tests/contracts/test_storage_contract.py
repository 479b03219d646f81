"""What every database has to do, whichever it is."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from functools import partial

import numpy as np
import pytest
from sqlalchemy import insert, select

from builders import (
    DAY,
    LONG_AGO,
    NOW,
    SPACE,
    make_class,
    make_consent,
    make_reference,
    make_session,
    make_subject,
    make_template,
)
from rollbook.domain.attendance import OFFICE_DAY, SessionState
from rollbook.domain.ports import ReviewItem
from rollbook.domain.subjects import Group, Membership, new_id
from rollbook.domain.templates import TemplateSpace
from rollbook.errors import AlreadyExists, DecryptionFailed, NotFound
from rollbook.storage.database import Database
from rollbook.storage.tables import absences, credentials, requests

OTHER = TemplateSpace("dlib-resnet", "ba9876543210", 128)


def test_what_is_not_committed_is_undone(database: Database) -> None:
    with database.uow() as uow:
        uow.subjects.add(make_subject())
    with database.uow() as uow:
        assert uow.subjects.all() == []


def test_an_error_in_the_block_undoes_it(database: Database) -> None:
    with pytest.raises(ZeroDivisionError), database.uow() as uow:
        uow.subjects.add(make_subject())
        raise ZeroDivisionError
    with database.uow() as uow:
        assert uow.subjects.all() == []


def test_a_unit_of_work_goes_on_after_a_commit(database: Database) -> None:
    ada, bob = make_subject("Ada"), make_subject("Bob")
    with database.uow() as uow:
        uow.subjects.add(ada)
        uow.commit()
        uow.commit()
        uow.subjects.add(bob)
    with database.uow() as uow:
        assert uow.subjects.all() == [ada]


def test_people_come_back_as_they_were_given_sorted_by_name(database: Database) -> None:
    people = [make_subject(name) for name in ("Émile", "ada", "Bob", "渡辺 さくら", "O'Neil 🙂")]
    people[0] = replace(people[0], contacts=("a@example.invalid", "+49 1"), external_id="x 1")
    with database.uow() as uow:
        uow.subjects.add_many(people)
        uow.commit()
    with database.uow() as uow:
        found = uow.subjects.all()
        assert found == sorted(people, key=lambda person: person.name.casefold())
        assert uow.subjects.names() == {person.subject_id: person.name for person in people}
        assert uow.subjects.get(people[0].subject_id) == people[0]
        assert uow.subjects.by_external_id("x 1") == people[0]
        assert uow.subjects.by_external_id("x 2") is None


def test_two_people_may_have_one_name_but_not_one_external_id(database: Database) -> None:
    with database.uow() as uow:
        uow.subjects.add(make_subject("Ada", "1"))
        uow.subjects.add(make_subject("Ada", "2"))
        with pytest.raises(AlreadyExists, match="external id"):
            uow.subjects.add(make_subject("Bob", "1"))
        uow.commit()
    with database.uow() as uow:
        assert [person.external_id for person in uow.subjects.all()] in (["1", "2"], ["2", "1"])


def test_many_people_are_added_together_or_not_at_all(database: Database) -> None:
    with database.uow() as uow:
        with pytest.raises(AlreadyExists):
            uow.subjects.add_many([make_subject("Ada", "1"), make_subject("Bob", "1")])
        assert uow.subjects.all() == []
        uow.subjects.add_many([])


def test_a_person_is_renamed_and_keeps_their_id(database: Database) -> None:
    ada = make_subject("Ada", "1")
    with database.uow() as uow:
        uow.subjects.add_many([ada, make_subject("Bob", "2")])
        uow.subjects.update(replace(ada, name="Ada King", external_id="3"))
        with pytest.raises(AlreadyExists):
            uow.subjects.update(replace(ada, external_id="2"))
        uow.commit()
    with database.uow() as uow:
        assert uow.subjects.get(ada.subject_id).name == "Ada King"
        assert uow.subjects.by_external_id("1") is None


def test_who_is_not_there_is_not_found(database: Database) -> None:
    with database.uow() as uow:
        for ask in (uow.subjects.get, uow.references.get, uow.groups.get, uow.sessions.get):
            with pytest.raises(NotFound):
                ask(new_id())
        with pytest.raises(NotFound):
            uow.subjects.update(make_subject())
        with pytest.raises(NotFound):
            uow.consents.add(make_consent(new_id()))
        with pytest.raises(NotFound):
            uow.references.add(make_reference(new_id()))


def test_removing_a_person_destroys_their_key_and_leaves_past_rosters(database: Database) -> None:
    group, (ada, bob) = make_class(database.uow, ["Ada", "Bob"])
    with database.uow() as uow:
        token = uow.vault.seal_for(ada.subject_id, b"secret", purpose="reason")
        uow.references.add(make_reference(ada.subject_id))
        uow.consents.add(make_consent(ada.subject_id))
        uow.subjects.remove(ada.subject_id)
        uow.commit()
    with database.uow() as uow:
        assert uow.subjects.all() == [bob]
        assert uow.references.counts() == {}
        assert uow.consents.of(ada.subject_id) == []
        assert uow.groups.roster(group.group_id, DAY) == [ada.subject_id, bob.subject_id]
        with pytest.raises(DecryptionFailed, match="erased"):
            uow.vault.open_for(ada.subject_id, token, purpose="reason")


def test_a_key_destroyed_elsewhere_opens_nothing_in_a_running_process(database: Database) -> None:
    ada = make_subject()
    with database.uow() as uow:
        uow.subjects.add(ada)
        token = uow.vault.seal_for(ada.subject_id, b"secret", purpose="reason")
        uow.commit()
        assert uow.vault.open_for(ada.subject_id, token, purpose="reason") == b"secret"
        uow.commit()
        with database.uow() as other:
            other.subjects.remove(ada.subject_id)
            other.commit()
        with pytest.raises(DecryptionFailed):
            uow.vault.open_for(ada.subject_id, token, purpose="reason")


def test_consents_are_kept_when_withdrawn(database: Database) -> None:
    ada = make_subject()
    first = replace(make_consent(ada.subject_id), retain_until=date(2027, 7, 31), language="de")
    second = make_consent(ada.subject_id)
    withdrawn = replace(first, withdrawn_at=NOW + timedelta(days=1, microseconds=5))
    with database.uow() as uow:
        uow.subjects.add(ada)
        uow.consents.add(first)
        uow.consents.add(second)
        uow.consents.update(withdrawn)
        with pytest.raises(NotFound):
            uow.consents.update(make_consent(ada.subject_id))
        uow.commit()
    with database.uow() as uow:
        assert uow.consents.of(ada.subject_id) == [withdrawn, second]


def test_consents_and_counts_of_many_come_in_few_queries(database: Database) -> None:
    _, (ada, bob, cy) = make_class(database.uow, ["Ada", "Bob", "Cy"], agreed=False)
    first, second = make_consent(ada.subject_id), make_consent(ada.subject_id, "Ada")
    with database.uow() as uow:
        for consent in (first, second, make_consent(bob.subject_id)):
            uow.consents.add(consent)
        uow.references.add(make_reference(ada.subject_id, 1))
        uow.references.add(make_reference(bob.subject_id, 2))
        uow.commit()
    with database.uow() as uow:
        assert uow.consents.all_of([]) == {}
        assert uow.consents.all_of([ada.subject_id, cy.subject_id]) == {
            ada.subject_id: [first, second]
        }
        assert set(uow.consents.all_of()) == {ada.subject_id, bob.subject_id}
        assert uow.references.counts([ada.subject_id, cy.subject_id]) == {ada.subject_id: 1}
        assert uow.references.counts([]) == {}


def test_a_removed_person_leaves_nothing_sealed_under_their_key(database: Database) -> None:
    ada = make_subject()
    sealed = {"subject_id": ada.subject_id, "payload": b"sealed"}
    with database.uow() as uow:
        uow.subjects.add(ada)
        connection = uow.subjects._connection
        connection.execute(insert(absences), {"absence_id": "a" * 32, **sealed})
        connection.execute(
            insert(credentials), {"credential_id": "c" * 32, "kind": "pin", **sealed}
        )
        more = {"session_id": "s" * 32, "state": "open"}
        connection.execute(insert(requests), {"request_id": "r" * 32, **more, **sealed})
        uow.subjects.remove(ada.subject_id)
        for table in (absences, credentials, requests):
            assert connection.execute(select(table)).all() == []


def test_samples_come_back_as_they_were(database: Database) -> None:
    ada = make_subject()
    with_crop = make_reference(ada.subject_id, 1, crop=bytes(range(256)) * 20)
    without = make_reference(ada.subject_id, 2, crop=None)
    with database.uow() as uow:
        uow.subjects.add(ada)
        uow.references.add(with_crop)
        uow.references.add(without)
        uow.commit()
    with database.uow() as uow:
        first, second = uow.references.of(ada.subject_id)
        assert uow.references.get(without.reference_id).source == without.source
        assert uow.references.counts() == {ada.subject_id: 2}
    assert second.crop is None and first.crop is not None and with_crop.crop is not None
    assert first.crop.jpeg == with_crop.crop.jpeg
    assert np.array_equal(first.crop.landmarks, with_crop.crop.landmarks)
    assert np.abs(first.template.values - with_crop.template.values).max() < 1e-6
    told = ("reference_id", "subject_id", "quality", "pose", "source", "added_at")
    assert [getattr(first, name) for name in told] == [getattr(with_crop, name) for name in told]


def test_templates_are_given_for_one_space_and_for_chosen_people(database: Database) -> None:
    people = [make_subject(name) for name in "ABC"]
    made = [make_reference(person.subject_id, seed) for seed, person in enumerate(people)]
    stranger = replace(make_reference(people[0].subject_id, 9), template=make_template(9, OTHER))
    with database.uow() as uow:
        assert uow.references.templates(SPACE)[1].shape == (0, 128)
        uow.subjects.add_many(people)
        for reference in [*made, stranger]:
            uow.references.add(reference)
        uow.commit()
    with database.uow() as uow:
        owners, rows = uow.references.templates(SPACE)
        assert sorted(owners) == sorted(person.subject_id for person in people)
        for owner, row in zip(owners, rows, strict=True):
            kept = next(r for r in made if r.subject_id == owner)
            assert np.abs(row - kept.template.values).max() < 1e-6
        chosen = [people[1].subject_id, people[1].subject_id, new_id()]
        assert uow.references.templates(SPACE, chosen)[0] == [people[1].subject_id]
        assert uow.references.templates(SPACE, [])[0] == []
        assert uow.references.spaces() == {SPACE: 3, OTHER: 1}


def test_a_sample_is_replaced_in_its_place_and_deleted(database: Database) -> None:
    ada = make_subject()
    first, second = make_reference(ada.subject_id, 1), make_reference(ada.subject_id, 2)
    with database.uow() as uow:
        uow.subjects.add(ada)
        uow.references.add(first)
        uow.references.add(second)
        uow.references.replace(replace(first, template=make_template(3, OTHER)))
        uow.references.delete(second.reference_id)
        with pytest.raises(NotFound):
            uow.references.delete(second.reference_id)
        with pytest.raises(NotFound):
            uow.references.replace(second)
        uow.commit()
    with database.uow() as uow:
        assert [r.template.space for r in uow.references.of(ada.subject_id)] == [OTHER]


def test_a_picture_is_known_for_the_person_that_it_was_given_for(database: Database) -> None:
    ada, bob = make_subject("Ada"), make_subject("Bob")
    sample = make_reference(ada.subject_id, 1)
    with database.uow() as uow:
        uow.subjects.add_many([ada, bob])
        uow.references.add(sample)
        assert uow.references.has_source(ada.subject_id, sample.source)
        assert not uow.references.has_source(ada.subject_id, "another file")
        assert not uow.references.has_source(bob.subject_id, sample.source)


def test_a_group_name_is_taken_in_any_capitals(database: Database) -> None:
    with database.uow() as uow:
        uow.groups.add(Group("g1", "7a Straße"))
        with pytest.raises(AlreadyExists, match="7A"):
            uow.groups.add(Group("g2", "7A STRASSE"))
        uow.groups.add(Group("g3", "6b", invented=True))
        uow.commit()
    with database.uow() as uow:
        assert [group.name for group in uow.groups.all()] == ["6b", "7a Straße"]
        assert uow.groups.by_name("7A straße") == Group("g1", "7a Straße")
        assert uow.groups.by_name("8c") is None
        assert uow.groups.get("g3").invented


def test_a_roster_holds_on_its_days_alone(database: Database) -> None:
    group, (ada, bob) = make_class(database.uow, ["Ada", "Bob"])
    with database.uow() as uow:
        before = uow.groups.memberships(group_id=group.group_id)
        uow.groups.join(before[0])
        assert uow.groups.memberships(group_id=group.group_id) == before
        uow.groups.leave(group.group_id, ada.subject_id, DAY)
        again = DAY + timedelta(days=30)
        uow.groups.join(Membership(group.group_id, ada.subject_id, again))
        uow.commit()
    with database.uow() as uow:
        roster = uow.groups.roster
        assert roster(group.group_id, LONG_AGO - timedelta(days=1)) == []
        assert set(roster(group.group_id, DAY)) == {ada.subject_id, bob.subject_id}
        assert roster(group.group_id, DAY + timedelta(days=1)) == [bob.subject_id]
        assert set(roster(group.group_id, again)) == {ada.subject_id, bob.subject_id}
        assert len(uow.groups.memberships(subject_id=ada.subject_id)) == 2
        with pytest.raises(NotFound):
            uow.groups.join(Membership("no such group", ada.subject_id, DAY))


def test_sessions_come_back_by_day_and_start(database: Database) -> None:
    group, _ = make_class(database.uow, [])
    other, _ = make_class(database.uow, [], "8b")
    late = make_session(group.group_id, NOW + timedelta(hours=3, microseconds=7), "Größe")
    early = replace(make_session(group.group_id), policy=OFFICE_DAY)
    next_day = make_session(other.group_id, NOW + timedelta(days=1))
    closed = replace(next_day, state=SessionState.CLOSED)
    with database.uow() as uow:
        uow.sessions.add_many([late, early])
        uow.sessions.add(next_day)
        uow.sessions.update(closed)
        with pytest.raises(NotFound):
            uow.sessions.update(make_session(group.group_id))
        with pytest.raises(NotFound):
            uow.sessions.add(make_session("no such group"))
        uow.commit()
    with database.uow() as uow:
        assert uow.sessions.all() == [early, late, closed]
        assert uow.sessions.all(open_only=True) == [early, late]
        assert uow.sessions.all(group_id=other.group_id) == [closed]
        assert uow.sessions.all(first_day=DAY + timedelta(days=1)) == [closed]
        assert uow.sessions.all(last_day=DAY) == [early, late]
        page = partial(uow.sessions.page, first_day=DAY, last_day=DAY + timedelta(days=1))
        assert page(limit=2) == ([early, late], 3)
        assert page(limit=2, offset=2) == ([closed], 3)
        assert page(limit=2, offset=4) == ([], 3)
        assert page(limit=0, states=[SessionState.CLOSED]) == ([], 1)
        assert page(limit=9, group_ids=[group.group_id]) == ([early, late], 2)
        assert page(limit=9, group_ids=[]) == ([], 0)


def test_the_beginning_of_a_session_id_is_enough_when_only_one_has_it(database: Database) -> None:
    group, _ = make_class(database.uow, [])
    one, two = (replace(make_session(group.group_id), session_id=s) for s in ("abcd1", "abcd2"))
    with database.uow() as uow:
        uow.sessions.add_many([one, two])
        assert uow.sessions.get("ABCD1").session_id == "abcd1"
        for wrong in ("abcd", "abc", "abcd%", "_bcd", "", "ффф1"):
            with pytest.raises(NotFound):
                uow.sessions.get(wrong)


def test_faces_wait_for_a_decision_oldest_first(database: Database) -> None:
    items = [ReviewItem(new_id(), s, {"subject_id": "a", "n": [1, 2.5]}, NOW) for s in "xyx"]
    with database.uow() as uow:
        for item in items:
            uow.reviews.add(item)
        uow.commit()
    with database.uow() as uow:
        assert uow.reviews.all() == items
        assert uow.reviews.all("x") == [items[0], items[2]]
        uow.reviews.delete(items[0].review_id)
        with pytest.raises(NotFound):
            uow.reviews.delete(items[0].review_id)
        assert uow.reviews.all("x") == [items[2]]


def test_settings_of_the_site_keep_json_values(database: Database) -> None:
    with database.uow() as uow:
        assert uow.site.get("time_zone") is None
        assert uow.site.get("time_zone", "UTC") == "UTC"
        uow.site.set("time_zone", "Europe/Berlin")
        uow.site.set("time_zone", {"name": "Ώ", "parts": [1, None, True]})
        uow.commit()
    with database.uow() as uow:
        assert uow.site.get("time_zone") == {"name": "Ώ", "parts": [1, None, True]}


def test_the_gallery_version_grows_with_whatever_changes_a_gallery(database: Database) -> None:
    ada = make_subject()
    sample, consent = make_reference(ada.subject_id), make_consent(ada.subject_id)
    member = Membership("g1", ada.subject_id, DAY)
    changes = [
        lambda uow: uow.subjects.add(ada),
        lambda uow: uow.subjects.update(replace(ada, name="Ada King")),
        lambda uow: uow.consents.add(consent),
        lambda uow: uow.consents.update(replace(consent, withdrawn_at=NOW)),
        lambda uow: uow.references.add(sample),
        lambda uow: uow.references.replace(sample),
        lambda uow: uow.references.delete(sample.reference_id),
        lambda uow: uow.groups.join(member),
        lambda uow: uow.groups.leave("g1", ada.subject_id, DAY),
        lambda uow: uow.subjects.remove(ada.subject_id),
    ]
    with database.uow() as uow:
        uow.groups.add(Group("g1", "7a"))
        uow.commit()
        before = uow.gallery_version()
    for change in changes:
        with database.uow() as uow:
            change(uow)
            uow.commit()
        with database.uow() as uow:
            after = uow.gallery_version()
        assert after > before
        before = after


def test_a_gallery_version_is_undone_with_its_transaction(database: Database) -> None:
    with database.uow() as uow:
        before = uow.gallery_version()
        uow.subjects.add(make_subject())
        assert uow.gallery_version() > before
    with database.uow() as uow:
        assert uow.gallery_version() == before


def test_the_size_of_a_group_counts_who_is_there_that_day(database: Database) -> None:
    group, (ada, alan, grace) = make_class(database.uow, ["Ada", "Alan", "Grace"])
    with database.uow() as uow:
        uow.groups.leave(group.group_id, alan.subject_id, DAY - timedelta(days=1))
        uow.groups.join_many([Membership(group.group_id, ada.subject_id, DAY)])  # twice a member
        uow.subjects.remove(grace.subject_id)
        uow.commit()
        assert uow.groups.sizes(DAY) == {group.group_id: 1}
        assert uow.groups.sizes(DAY - timedelta(days=1)) == {group.group_id: 2}
