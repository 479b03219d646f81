"""The queue of what waits: for the own groups, decided once, corrected with a reason."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from rollbook.domain.attendance import MarkKind, Method, Status
from rollbook.domain.gallery import Candidate
from rollbook.domain.identification import Doubt, OperatingPoint, ProbeKind, Unidentified
from rollbook.testing import COLOUR_SPACE
from web.school import Site

ClientOf = Callable[[str | None], FlaskClient]
POINT = OperatingPoint(0.4, 0.05, ProbeKind.TRACK, COLOUR_SPACE, 0.001, 3, "test")


@pytest.fixture
def face(site: Site) -> str:
    """Return an unsure face that resembles Ada and Alan."""
    shown = tuple(Candidate(p.subject_id, 0.45 - i / 20) for i, p in enumerate(site.people[:2]))
    unknown = Unidentified(Doubt.AMBIGUOUS, shown, POINT, 5)
    site.parts.reviewing.leave(site.session.session_id, unknown, site.clock.now(), 0.3, "door")
    ((_, (item,)),) = site.parts.reviewing.waiting()
    return item.review_id


@pytest.fixture
def dispute(site: Site) -> str:
    desk = site.parts.request_desk
    session_id = site.session.session_id
    return desk.dispute(site.ada.subject_id, session_id, Status.LATE, "the bus").request_id


def status(site: Site, who: int = 0) -> Status:
    found = {r.subject_id: r.status for r in site.parts.register.records(site.session.session_id)}
    return found[site.people[who].subject_id]


def test_nothing_waits_at_first(site: Site, client_of: ClientOf) -> None:
    page = client_of("bob").get("/review").text
    assert "Nobody waits" in page and "No face waits" in page


def test_what_waits_is_shown_to_those_of_the_group(
    site: Site, client_of: ClientOf, face: str, dispute: str
) -> None:
    for login in ("bob", "alice"):
        page = client_of(login).get("/review").text
        assert "Ada Lovelace" in page and "the bus" in page and "Several people" in page
        assert "style=" not in page
    page = client_of("charlie").get("/review").text
    assert "Ada Lovelace" not in page and "the bus" not in page
    for login in ("dora", "ada"):
        assert client_of(login).get("/review").status_code == 403


def test_the_first_page_says_that_a_request_waits(
    site: Site, client_of: ClientOf, dispute: str
) -> None:
    for who, told in (("bob", True), ("alice", True), ("charlie", False), ("dora", False)):
        page = client_of(who).get("/sessions").text
        assert ("1 request waits for a decision." in page) is told, who
    client_of("bob").post(f"/review/requests/{dispute}", data={"decision": "grant"})
    assert "waits for a decision" not in client_of("bob").get("/sessions").text


def test_it_was_somebody(site: Site, client_of: ClientOf, face: str) -> None:
    alan = site.people[1].subject_id
    answer = client_of("bob").post(
        f"/review/faces/{face}", data={"who": alan}, follow_redirects=True
    )
    assert "The mark was written" in answer.text and "No face waits" in answer.text
    (mark,) = site.parts.register.marks(site.session.session_id)
    assert (mark.kind, mark.method, mark.subject_id) == (MarkKind.ARRIVED, Method.HAND, alan)
    assert mark.evidence is not None and mark.by == f"faculty {site.users['bob'].user_id}"


def test_who_decides_second_is_told_and_writes_nothing(
    site: Site, client_of: ClientOf, face: str
) -> None:
    ada, alan = site.people[0].subject_id, site.people[1].subject_id
    client_of("bob").post(f"/review/faces/{face}", data={"who": alan})
    answer = client_of("alice").post(
        f"/review/faces/{face}", data={"who": ada}, follow_redirects=True
    )
    assert "Somebody else decided" in answer.text
    assert status(site) is Status.OPEN


def test_it_was_nobody(site: Site, client_of: ClientOf, face: str) -> None:
    answer = client_of("bob").post(
        f"/review/faces/{face}", data={"who": "nobody"}, follow_redirects=True
    )
    assert "No mark was written" in answer.text
    assert site.parts.register.marks(site.session.session_id) == []


@pytest.mark.parametrize("who", ["", "x", "stranger"])
def test_only_somebody_of_the_list_can_be_chosen(
    site: Site, client_of: ClientOf, face: str, who: str
) -> None:
    chosen = site.others[0].subject_id if who == "stranger" else who
    answer = client_of("bob").post(f"/review/faces/{face}", data={"who": chosen})
    assert answer.status_code in {303, 400}
    assert site.parts.register.marks(site.session.session_id) == []


def test_another_teacher_decides_nothing(
    site: Site, client_of: ClientOf, face: str, dispute: str
) -> None:
    charlie, ada = client_of("charlie"), site.ada.subject_id
    assert charlie.post(f"/review/faces/{face}", data={"who": ada}).status_code == 404
    charlie.post(f"/review/requests/{dispute}", data={"decision": "grant"})
    assert status(site) is Status.OPEN
    assert len(site.parts.request_desk.waiting(None)) == 1


def test_a_request_is_granted_once(site: Site, client_of: ClientOf, dispute: str) -> None:
    url = f"/review/requests/{dispute}"
    answer = client_of("bob").post(url, data={"decision": "grant"}, follow_redirects=True)
    assert "1 mark was corrected" in answer.text and status(site) is Status.LATE
    answer = client_of("alice").post(
        url, data={"decision": "refuse", "answer": "no"}, follow_redirects=True
    )
    assert "meanwhile" in answer.text and status(site) is Status.LATE


def test_refusing_wants_a_reason_that_the_person_reads(
    site: Site, client_of: ClientOf, dispute: str
) -> None:
    url = f"/review/requests/{dispute}"
    assert client_of("bob").post(url, data={"decision": "refuse"}).status_code == 400
    assert client_of("bob").post(url, data={}).status_code == 400
    client_of("bob").post(url, data={"decision": "refuse", "answer": "the bus was on time"})
    page = client_of("ada").get("/me/requests").text
    assert "the bus was on time" in page and "Bob" in page and "refused" in page


def test_a_site_can_leave_requests_to_administrators(
    site: Site, client_of: ClientOf, dispute: str
) -> None:
    rules = {"approvers": "administrator", "overdue": "5"}
    assert client_of("bob").post("/review/settings", data=rules).status_code == 403
    assert client_of("alice").post("/review/settings", data=rules).status_code == 303
    assert "administrators decide" in client_of("bob").get("/review").text
    url, grant = f"/review/requests/{dispute}", {"decision": "grant"}
    assert client_of("bob").post(url, data=grant).status_code == 403
    assert client_of("alice").post(url, data=grant).status_code == 303
    assert status(site) is Status.LATE


@pytest.mark.parametrize("overdue", ["0", "x", "9999", ""])
def test_odd_rules_are_refused(site: Site, client_of: ClientOf, overdue: str) -> None:
    rules = {"approvers": "faculty", "overdue": overdue}
    assert client_of("alice").post("/review/settings", data=rules).status_code == 400


def test_overdue_requests_come_first(site: Site, client_of: ClientOf, dispute: str) -> None:
    site.clock.advance(4 * 86_400)
    page = client_of("bob").get("/review").text
    assert "overdue" in page and "4 days" in page


def test_people_are_shown_after_a_decision_went_into_the_sheet_of_a_closed_session(
    site: Site, face: str, client_of: ClientOf
) -> None:
    bob = client_of("bob")
    assert "Ada Lovelace" in bob.get("/people").text  # the names are open from now on
    bob.post(f"/review/faces/{face}", data={"who": site.ada.subject_id})
    site.parts.register.close_session(site.session.session_id)
    assert "Ada Lovelace" in bob.get("/people").text
