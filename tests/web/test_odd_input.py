"""What nobody types, and a program may send, is refused in words."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from io import BytesIO

import pytest
from flask.testing import FlaskClient

from rollbook.web.setup.forms import LIMITS
from rollbook.web.timetable.forms import Form
from web.school import Site

ClientOf = Callable[[str | None], FlaskClient]
HUGE = "9" * 5000


@pytest.mark.parametrize("text", [HUGE, "0" * 9 + HUGE, "0000000019999999", "²", "-1"])
def test_a_number_beyond_its_limits_is_none(text: str, client_of: ClientOf) -> None:
    form = Form({"every_weeks": text})
    with client_of("alice").application.test_request_context():
        assert form.number("every_weeks", 1, 52) is None and "every_weeks" in form.errors


def test_a_limit_of_the_site_that_is_too_large_is_refused(site: Site, client_of: ClientOf) -> None:
    fields = dict.fromkeys(LIMITS, "5") | {"late_after": HUGE}
    assert client_of("alice").post("/site/policy", data=fields).status_code == 400
    assert site.parts.site.policy().late_after < timedelta(days=1)


def test_a_day_before_all_calendars_is_refused(site: Site, client_of: ClientOf) -> None:
    fields = {"first_day": "0001-01-01", f"next-{site.group.group_id}": "6b"}
    assert client_of("alice").post("/people/bulk/year", data=fields).status_code == 400


@pytest.mark.parametrize("state", ["[" * 100_000, '{"pose": 1e999, "held": [], "begun": null}'])
def test_an_odd_state_of_the_camera_is_refused(state: str, site: Site, client_of: ClientOf) -> None:
    path = f"/people/{site.ada.subject_id}/camera/frame"
    frame = {"state": state, "frame": (BytesIO(b"x"), "a.jpg")}
    assert client_of("alice").post(path, data=frame).status_code == 400


def test_json_that_is_nested_beyond_measure_is_refused(site: Site, client_of: ClientOf) -> None:
    path = f"/sessions/{site.session.session_id}/register/one"
    sent = client_of("bob").post(path, data="[" * 100_000, content_type="application/json")
    assert sent.status_code == 400
