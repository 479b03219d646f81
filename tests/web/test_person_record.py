"""One person's attendance, as those who teach them see it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from builders import LONG_AGO
from rollbook.domain.attendance import Method
from rollbook.domain.subjects import Membership
from web.school import DAY, MONDAY, Site

ClientOf = Callable[[str | None], FlaskClient]


def address(site: Site, tail: str = "") -> str:
    return f"/people/{site.ada.subject_id}/record{tail}"


@pytest.mark.parametrize("login", ["alice", "bob"])
def test_the_month_is_shown_with_its_reasons(login: str, site: Site, client_of: ClientOf) -> None:
    site.clock.advance(600)
    session_id, now = site.session.session_id, site.clock.now()
    site.parts.register.sight(session_id, site.ada.subject_id, now, Method.HAND)
    page = client_of(login).get(address(site))
    assert page.status_code == 200
    assert f"/sessions/{session_id}/people/{site.ada.subject_id}" in page.text
    assert "March 2026" in page.text and "Mathematics" in page.text


def test_sessions_of_a_group_of_others_are_not_shown(site: Site, client_of: ClientOf) -> None:
    """Ada is in 5b and 6a; Bob teaches 5b alone."""
    with site.parts.uow() as uow:
        uow.groups.join(Membership(site.other_group.group_id, site.ada.subject_id, LONG_AGO))
        uow.commit()
    site.clock.advance(600)
    both, mine = client_of("alice").get(address(site)), client_of("bob").get(address(site))
    assert site.other_session.session_id in both.text
    assert site.other_session.session_id not in mine.text
    assert site.session.session_id in mine.text


@pytest.mark.parametrize(
    ("login", "status"), [("charlie", 404), ("dora", 403), ("ada", 403), (None, 302)]
)
def test_nobody_else_sees_it(
    login: str | None, status: int, site: Site, client_of: ClientOf
) -> None:
    assert client_of(login).get(address(site)).status_code == status


def test_other_months_are_a_step_away(site: Site, client_of: ClientOf) -> None:
    site.clock.at = MONDAY + timedelta(days=40)
    page = client_of("bob").get(address(site, f"?month={DAY:%Y-%m}")).text
    assert "month=2026-02" in page and "month=2026-04" in page
    assert client_of("bob").get(address(site, "?month=2026-13")).status_code == 404


def test_the_persons_page_leads_there(site: Site, client_of: ClientOf) -> None:
    page = client_of("bob").get(f"/people/{site.ada.subject_id}").text
    assert f'href="{address(site)}"' in page
