"""The pages of bulk changes: shown before they are written, and written once."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from builders import LONG_AGO
from rollbook.domain.accounts import Staff
from rollbook.web.people.bulk import next_name
from web.school import Site

PAGES = ("", "/year", "/leavers", "/move", "/substitute")
FIRST = "2026-09-01"


@pytest.fixture
def alice(client_of: Callable[[str | None], FlaskClient]) -> FlaskClient:
    return client_of("alice")


def digest(page: str) -> str:
    found = re.search(r'name="digest" value="([0-9a-f]+)"', page)
    assert found is not None
    return found.group(1)


def roster(site: Site, name: str, day: str) -> list[str]:
    from datetime import date

    with site.parts.uow() as uow:
        group, names = uow.groups.by_name(name), uow.subjects.names()
        assert group is not None
        return sorted(
            names[one] for one in uow.groups.roster(group.group_id, date.fromisoformat(day))
        )


@pytest.mark.parametrize("login", ["bob", "dora", "ada"])
def test_only_administrators_change_many(
    login: str, client_of: Callable[[str | None], FlaskClient]
) -> None:
    client = client_of(login)
    for page in PAGES:
        assert client.get(f"/people/bulk{page}").status_code == 403


def test_every_page_opens(alice: FlaskClient) -> None:
    for page in PAGES:
        assert alice.get(f"/people/bulk{page}").status_code == 200


@pytest.mark.parametrize(
    ("name", "expected"),
    [("5b", "6b"), ("Class 9", "Class 10"), ("Choir", "Choir"), ("09-1", "10-1"), ("٥ب", "6ب")],
)
def test_the_name_of_the_next_year(name: str, expected: str) -> None:
    assert next_name(name) == expected


def test_a_new_school_year_is_shown_then_written_once(site: Site, alice: FlaskClient) -> None:
    assert 'value="6b"' in alice.get("/people/bulk/year").get_data(as_text=True)
    form = {
        "first_day": FIRST,
        f"next-{site.group.group_id}": "6b",
        f"next-{site.other_group.group_id}": "",
    }
    page = alice.post("/people/bulk/year", data=form).get_data(as_text=True)
    assert "5 people move" in page and "Ada Lovelace" in page and "leaves" in page
    assert roster(site, "5b", FIRST) != []
    confirmed = {**form, "digest": digest(page)}
    for _ in range(2):
        assert alice.post("/people/bulk/year", data={**confirmed, "_once": "x"}).status_code == 303
    assert roster(site, "6b", FIRST) == ["Ada Lovelace", "Alan Turing", "Grace Hopper"]
    assert roster(site, "6a", FIRST) == []
    assert roster(site, "5b", "2026-08-31") == ["Ada Lovelace", "Alan Turing", "Grace Hopper"]


def test_a_plan_that_is_not_as_shown_any_more_is_shown_again(
    site: Site, alice: FlaskClient
) -> None:
    form = {"first_day": FIRST, f"next-{site.group.group_id}": "6b"}
    seen = digest(alice.post("/people/bulk/year", data=form).get_data(as_text=True))
    site.parts.people.leave(site.group.group_id, [site.ada.subject_id])
    page = alice.post("/people/bulk/year", data={**form, "digest": seen}).get_data(as_text=True)
    assert "Somebody changed a group since you looked" in page
    assert "2 people move" in page
    assert roster(site, "5b", FIRST) == ["Alan Turing", "Grace Hopper"]


def test_leavers_are_ticked_or_named_by_line(site: Site, alice: FlaskClient) -> None:
    group = site.group.group_id
    assert "Alan Turing" in alice.get(f"/people/bulk/leavers?group={group}").get_data(as_text=True)
    form = {
        "group": group,
        "who": [site.ada.subject_id],
        "lines": "  grace   HOPPER \n\n",
        "last_day": "2026-03-31",
        "retain_until": "2026-12-31",
    }
    page = alice.post("/people/bulk/leavers", data=form).get_data(as_text=True)
    assert "2 people move" in page and "Their consents end" in page
    answer = alice.post("/people/bulk/leavers", data={**form, "digest": digest(page)})
    assert answer.status_code == 303
    assert roster(site, "5b", "2026-04-01") == ["Alan Turing"]
    assert "2 people were moved" in alice.get("/people").get_data(as_text=True)


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"last_day": "2026-03-31"}, "Choose at least one person"),
        ({"last_day": "2026-03-31", "lines": "Nobody <b>"}, "Nobody &lt;b&gt;"),
        ({"lines": "Ada Lovelace"}, "Please choose a day"),
        ({"lines": "Ada Lovelace", "last_day": "soon"}, "not a day"),
    ],
)
def test_what_is_missing_is_said(alice: FlaskClient, form: dict[str, str], said: str) -> None:
    answer = alice.post("/people/bulk/leavers", data=form)
    assert answer.status_code == 400
    assert said in answer.get_data(as_text=True)


def test_many_change_their_group(site: Site, alice: FlaskClient) -> None:
    form = {
        "group": site.group.group_id,
        "who": [person.subject_id for person in site.people[:2]],
        "new_group": site.other_group.group_id,
        "first_day": "2026-03-09",
    }
    page = alice.post("/people/bulk/move", data=form).get_data(as_text=True)
    alice.post("/people/bulk/move", data={**form, "digest": digest(page)})
    assert roster(site, "5b", "2026-03-09") == ["Grace Hopper"]
    assert len(roster(site, "6a", "2026-03-09")) == 4
    again = alice.post("/people/bulk/move", data=form).get_data(as_text=True)
    assert "Nothing would change" in again


def test_a_substitute_is_shown_then_sees_the_group(
    site: Site, alice: FlaskClient, client_of: Callable[[str | None], FlaskClient]
) -> None:
    form = {
        "absent": site.users["bob"].user_id,
        "substitute": site.users["charlie"].user_id,
        "first_day": "2026-03-02",
        "last_day": "2026-03-06",
    }
    charlie = client_of("charlie")
    assert charlie.get(f"/people/{site.ada.subject_id}").status_code == 404
    page = alice.post("/people/bulk/substitute", data=form).get_data(as_text=True)
    assert "Charlie takes over 1 group" in page and "5b" in page
    assert charlie.get(f"/people/{site.ada.subject_id}").status_code == 404
    confirmed = {**form, "confirmed": "yes"}
    assert alice.post("/people/bulk/substitute", data=confirmed).status_code == 303
    assert charlie.get(f"/people/{site.ada.subject_id}").status_code == 200
    with site.parts.uow() as uow:
        assert len(uow.staff.of_group(site.group.group_id)) == 2
        assert Staff(site.group.group_id, site.users["bob"].user_id, LONG_AGO) in (
            uow.staff.of_group(site.group.group_id)
        )
