"""The register by hand, paper, and the history of a mark, through the browser's door."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from pypdf import PdfReader

from rollbook.domain.attendance import Direction, Evidence, Mark, Method, Status
from web.school import Site

ClientOf = Callable[[str | None], FlaskClient]


@pytest.fixture
def url(site: Site) -> str:
    return f"/sessions/{site.session.session_id}"


def statuses(site: Site) -> str:
    found = {r.subject_id: r.status.value[0] for r in site.parts.register.records(sid(site))}
    return "".join(found[person.subject_id] for person in site.people)


def sid(site: Site) -> str:
    return site.session.session_id


def one(client: FlaskClient, url: str, who: str, status: str, **more: object) -> Any:
    body = {"subject_id": who, "status": status, "seen": "", **more}
    answer = client.post(f"{url}/register/one", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json


def test_the_class_is_shown_as_a_list(site: Site, client_of: ClientOf, url: str) -> None:
    page = client_of("bob").get(f"{url}/register").text
    places = [page.index(name) for name in ("Ada Lovelace", "Alan Turing", "Grace Hopper")]
    assert places == sorted(places)
    assert "style=" not in page and "onclick" not in page


def test_everybody_is_present_with_one_button_and_undo_takes_it_back(
    site: Site, client_of: ClientOf, url: str
) -> None:
    bob = client_of("bob")
    assert bob.post(f"{url}/register/present").status_code == 303
    assert statuses(site) == "ppp"
    assert "3 people" in bob.get(f"{url}/register").text
    site.clock.advance(1)
    bob.post(f"{url}/register/undo")
    assert statuses(site) == "ooo"
    assert "nothing to take back" in bob.post(f"{url}/register/undo", follow_redirects=True).text


def test_a_double_click_writes_once(site: Site, client_of: ClientOf, url: str) -> None:
    bob = client_of("bob")
    for _ in range(2):
        bob.post(f"{url}/register/present", data={"_once": "same"})
    assert len(site.parts.register.marks(sid(site))) == 3


def test_a_form_without_script_writes_only_what_differs(
    site: Site, client_of: ClientOf, url: str
) -> None:
    ada, alan, grace = (person.subject_id for person in site.people)
    form = {f"was_{who}": "open" for who in (ada, alan, grace)}
    form |= {f"seen_{who}": "" for who in (ada, alan, grace)}
    form |= {f"s_{ada}": "late", f"r_{ada}": "bus", f"s_{alan}": "absent"}
    client_of("bob").post(f"{url}/register", data=form)
    assert statuses(site) == "lao"
    marks = site.parts.register.marks(sid(site))
    assert [mark.reason for mark in marks] == ["bus", None]
    assert marks[0].by == f"faculty {site.users['bob'].user_id}"


def test_two_tabs_the_newer_entry_is_shown_and_nothing_is_lost(
    site: Site, client_of: ClientOf, url: str
) -> None:
    bob, alice, ada = client_of("bob"), client_of("alice"), site.ada.subject_id
    first = one(bob, url, ada, "late")
    assert first["written"] and first["undo"] == "Ada Lovelace: late"
    second = one(alice, url, ada, "absent")
    assert second["outrun"] and second["row"]["status"] == "late"
    third = one(alice, url, ada, "absent", seen=second["row"]["seen"])
    assert third["written"] and third["counts"]["absent"] == 1
    assert one(bob, url, ada, "present", anyway=True)["written"]


def test_the_page_without_script_tells_of_the_newer_entry(
    site: Site, client_of: ClientOf, url: str
) -> None:
    bob, alice, ada = client_of("bob"), client_of("alice"), site.ada.subject_id
    one(alice, url, ada, "excused")
    form = {f"was_{ada}": "open", f"seen_{ada}": "", f"s_{ada}": "late"}
    page = bob.post(f"{url}/register", data=form, follow_redirects=True).text
    assert "Somebody else changed" in page and statuses(site)[0] == "e"


def test_a_closed_session_wants_a_reason_and_keeps_the_old_entry(
    site: Site, client_of: ClientOf, url: str
) -> None:
    bob, ada = client_of("bob"), site.ada.subject_id
    site.parts.register.close_session(sid(site))
    refused = bob.post(f"{url}/register/one", json={"subject_id": ada, "status": "excused"})
    assert refused.status_code == 400 and "closed" in refused.json["detail"]
    assert one(bob, url, ada, "excused", reason="note from home")["written"]
    page = bob.get(f"{url}/people/{ada}").text
    assert "note from home" in page and "Bob set “excused”" in page


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        {"subject_id": "x", "status": "late"},
        {"status": "late"},
        {"subject_id": "ada", "status": "asleep"},
    ],
)
def test_nonsense_is_refused(
    site: Site, client_of: ClientOf, url: str, body: dict[str, str] | None
) -> None:
    if isinstance(body, dict) and body.get("subject_id") == "ada":
        body["subject_id"] = site.ada.subject_id
    answer = client_of("bob").post(f"{url}/register/one", json=body)
    assert answer.status_code == 400 and site.parts.register.marks(sid(site)) == []


def test_nobody_of_another_class_is_marked_in_this_one(
    site: Site, client_of: ClientOf, url: str
) -> None:
    body = {"subject_id": site.others[0].subject_id, "status": "late"}
    assert client_of("alice").post(f"{url}/register/one", json=body).status_code == 400


@pytest.mark.parametrize("login", ["charlie", "dora", "ada", None])
def test_others_see_nothing_of_it(
    site: Site, client_of: ClientOf, url: str, login: str | None
) -> None:
    client = client_of(login)
    for page in ("register", "paper", "paper.pdf", "photo", "register/state"):
        answer = client.get(f"{url}/{page}")
        assert answer.status_code in {302, 401, 403, 404}, page
        assert "Grace Hopper" not in answer.text, page


def test_the_history_explains_a_recognition_with_its_numbers(
    site: Site, client_of: ClientOf, url: str
) -> None:
    ada, alan = site.people[0].subject_id, site.people[1].subject_id
    evidence = Evidence(
        0.61, 0.41, 0.3, 0.05, 5, ((ada, 0.61), (alan, 0.31)), 3, 0.001, "colour", "a test"
    )
    site.parts.register.sight(
        sid(site), ada, site.clock.now(), Method.FACE, Direction.BOTH, "door", evidence
    )
    page = client_of("dora").get(f"{url}/people/{ada}").text
    for said in ("0.61", "0.41", "0.05", "5 pictures", "among 3 people", "Alan Turing"):
        assert said in page
    assert "Save the correction" not in page
    nobody = client_of("bob").get(f"{url}/people/{site.others[0].subject_id}")
    assert nobody.status_code == 404


def test_a_correction_on_the_history_page(site: Site, client_of: ClientOf, url: str) -> None:
    bob, ada = client_of("bob"), site.ada.subject_id
    form = {"status": "late", "seen": "", "reason": "bus"}
    page = bob.post(f"{url}/people/{ada}", data=form, follow_redirects=True).text
    assert "Saved" in page and statuses(site)[0] == "l"
    page = bob.post(f"{url}/people/{ada}", data=form, follow_redirects=True).text
    assert "says so already" in page
    assert bob.post(f"{url}/people/{ada}", data={"status": "?"}).status_code == 400


def test_a_list_on_paper_has_every_name_and_is_entered_with_the_lessons_time(
    site: Site, client_of: ClientOf, url: str
) -> None:
    bob = client_of("bob")
    pdf = bob.get(f"{url}/paper.pdf")
    assert pdf.mimetype == "application/pdf"
    text = "".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf.data)).pages)
    assert all(person.name in text for person in site.people)
    ada, alan, grace = (person.subject_id for person in site.people)
    site.clock.at += timedelta(hours=8)
    form = {f"s_{ada}": "present", f"s_{alan}": "late", f"s_{grace}": ""}
    page = bob.post(f"{url}/paper", data=form, follow_redirects=True).text
    assert "2 entries" in page and "from a register on paper" in page
    marks: list[Mark] = site.parts.register.marks(sid(site))
    assert {mark.at for mark in marks} == {site.session.starts_at}
    assert [mark.status for mark in marks] == [Status.PRESENT, Status.LATE]
    assert bob.post(f"{url}/paper", data={}).status_code == 400


def test_the_lists_of_a_day_are_those_of_the_own_groups(site: Site, client_of: ClientOf) -> None:
    day = site.session.business_date.isoformat()
    for login, pages in (("bob", 1), ("alice", 2)):
        pdf = client_of(login).get(f"/sessions/paper/{day}.pdf")
        assert len(PdfReader(io.BytesIO(pdf.data)).pages) == pages
    assert client_of("bob").get("/sessions/paper/2020-01-01.pdf").status_code == 404
    assert client_of("bob").get("/sessions/paper/today.pdf").status_code == 404
