"""The first start in a browser, step by step without JavaScript, and the site's settings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from builders import quick_hasher
from rollbook.bootstrap import App, build
from rollbook.domain.access import Role
from rollbook.domain.attendance import OFFICE_DAY
from rollbook.domain.register import EntryKind
from rollbook.errors import FacesOff
from rollbook.services.accounts import NewAccount
from rollbook.settings import Settings
from rollbook.testing import RED, FixedClock, face_at, paint, picture
from rollbook.vision.preview import to_jpeg
from rollbook.web.app import create_app
from rollbook.web.parts import WebOptions
from rollbook.web.setup import notices
from web.accounts import PASSWORD, events
from web.school import MONDAY, Site, colour_engine

Browser = Callable[[str | None], FlaskClient]
ACCOUNT = {"name": "Minerva 渡辺", "login": "minerva", "new": PASSWORD, "again": PASSWORD}


@pytest.fixture
def parts(book: Path) -> Iterator[App]:
    """Return a fresh installation."""
    made = build(Settings(home=book), engine=colour_engine())
    made.clock = FixedClock(MONDAY)  # type: ignore[assignment]
    made.hasher = quick_hasher()
    yield made
    made.engines.close()
    made.database.close()


@pytest.fixture
def app(parts: App) -> Flask:
    return create_app(parts, WebOptions(testing=True, csrf=False, limits=False))


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def proved(client: FlaskClient, parts: App) -> FlaskClient:
    """Return a browser in which the code of the terminal was typed."""
    client.post("/setup", data={"code": parts.setup.begin() or ""})
    return client


@pytest.fixture
def minerva(proved: FlaskClient) -> FlaskClient:
    """Return the browser of the first administrator."""
    proved.post("/setup/account", data=ACCOUNT)
    return proved


def where(answer: TestResponse) -> tuple[int, str | None]:
    return answer.status_code, answer.location


@pytest.mark.parametrize("path", ["/", "/login", "/users", "/site", "/nothing", "/people"])
def test_until_there_is_an_administrator_every_page_leads_to_set_up(
    client: FlaskClient, path: str
) -> None:
    assert where(client.get(path)) == (302, "/setup")


def test_nothing_else_can_be_done_before(client: FlaskClient) -> None:
    assert client.post("/login", data={"login": "x", "password": "y"}).status_code == 503
    assert client.get("/api/v1/openapi.json").status_code == 503
    assert client.get("/healthz").status_code == 200
    assert where(client.get("/setup/account")) == (302, "/setup")
    assert where(client.post("/setup/account", data=ACCOUNT)) == (302, "/setup")
    assert client.get("/setup/name").status_code in {302, 401}


def test_set_up_from_the_code_to_the_first_page(client: FlaskClient, parts: App) -> None:
    code = parts.setup.begin() or ""
    assert where(client.post("/setup", data={"code": code.lower()})) == (302, "/setup/account")
    assert where(client.post("/setup/account", data=ACCOUNT)) == (302, "/setup/name")
    named = {"site_name": "Hill School", "time_zone": "Asia/Kolkata", "language": "de"}
    assert where(client.post("/setup/name", data=named)) == (302, "/setup/policy")
    assert where(client.post("/setup/policy", data={"words": "office"})) == (302, "/setup/notice")
    shown = client.get("/setup/notice?kind=school&place=eu", headers={"Accept-Language": "en"})
    assert "fined" in shown.text
    law = {"kind": "school", "place": "eu", "faces": "on"}
    assert where(client.post("/setup/notice", data=law)) == (302, "/setup/camera")
    assert client.get("/setup/camera").status_code == 200
    assert client.get("/setup/done").status_code == 200
    assert where(client.post("/setup/done")) == (302, "/")
    assert 'href="/groups"' in client.get("/sessions").text.partition("<main")[2]  # no dead end
    choices = parts.site.choices()
    assert (choices.site_name, choices.time_zone, choices.language) == (
        "Hill School",
        "Asia/Kolkata",
        "de",
    )
    assert choices.set_up
    assert parts.site.policy() == OFFICE_DAY
    assert str(parts.zone) == "Asia/Kolkata"


def test_set_up_is_closed_for_ever_afterwards(minerva: FlaskClient, app: Flask, parts: App) -> None:
    other = app.test_client()
    assert where(other.get("/setup")) == (302, "/")
    assert other.post("/setup", data={"code": "AAAA-AAAA-AAAA"}).status_code == 404
    eve = ACCOUNT | {"login": "eve"}
    assert other.post("/setup/account", data=eve).status_code == 404
    with other.session_transaction() as session:
        session["setup_code"] = parts.clock.now().timestamp()
    assert other.post("/setup/account", data=eve).status_code == 404
    with parts.uow() as uow:
        assert [user.login for user in uow.users.all()] == ["minerva"]


def test_an_administrator_made_in_the_terminal_closes_set_up_too(
    client: FlaskClient, parts: App
) -> None:
    parts.accounts.add(NewAccount("root", Role.ADMINISTRATOR), "terminal")
    assert where(client.get("/setup")) == (302, "/")


def test_wrong_codes_are_refused_and_throttled(client: FlaskClient, parts: App) -> None:
    code = parts.setup.begin() or ""
    answers = [client.post("/setup", data={"code": "AAAA-AAAA-AAAA"}) for _ in range(7)]
    assert [answer.status_code for answer in answers] == [400] * 6 + [429]
    assert client.post("/setup", data={"code": code}).status_code == 429


@pytest.mark.parametrize(
    "change",
    [{"name": ""}, {"login": " "}, {"new": "short", "again": "short"}, {"again": "x"}],
)
def test_a_wrong_first_account_is_not_made(
    proved: FlaskClient, parts: App, change: dict[str, str]
) -> None:
    answer = proved.post("/setup/account", data=ACCOUNT | change)
    assert answer.status_code == 400
    assert "Please look at these again" in answer.text
    assert parts.setup.is_needed()


def test_what_was_interrupted_goes_on_after_signing_in(
    minerva: FlaskClient, app: Flask, parts: App
) -> None:
    minerva.post(
        "/setup/name",
        data={"site_name": "Hill", "time_zone": "Europe/Berlin", "language": "en"},
    )
    other = app.test_client()
    answer = other.post("/login", data={"login": "minerva", "password": PASSWORD})
    assert answer.location == "/setup/resume"
    assert other.get("/setup/resume").location == "/setup/policy"
    parts.site.change("test", set_up=True)
    assert other.get("/setup/resume").location == "/site"


def test_faces_are_off_unless_chosen_where_they_are_unwanted(minerva: FlaskClient) -> None:
    page = minerva.get("/setup/notice?kind=school&place=us-ny").text
    assert 'value="off" checked' in page
    assert "neither to buy nor to use" in page
    page = minerva.get("/setup/notice?kind=workplace&place=other").text
    assert 'value="on" checked' in page


def test_every_place_and_kind_has_something_to_think_of(app: Flask) -> None:
    with app.test_request_context():
        for kind in notices.KINDS:
            for place in notices.PLACES:
                found = notices.notice(kind, place)
                assert len(found.points) >= 4
                assert all(str(point) for point in found.points)


def test_where_faces_are_off_no_picture_is_looked_at(minerva: FlaskClient, parts: App) -> None:
    law = {"kind": "school", "place": "us-ny", "faces": "off"}
    assert where(minerva.post("/setup/notice", data=law)) == (302, "/setup/done")
    assert where(minerva.get("/setup/camera")) == (302, "/setup/done")
    answer = minerva.post("/setup/camera/test", data=b"", headers={"Accept": "application/json"})
    assert answer.status_code == 409
    assert "does not use faces" in answer.get_json()["detail"]
    with pytest.raises(FacesOff):
        parts.encoder.run()


def test_the_camera_test_says_what_it_sees(minerva: FlaskClient) -> None:
    pixels = picture()
    paint(pixels, face_at(200, 150, 200), RED)
    headers = {"Content-Type": "image/jpeg", "Accept": "application/json"}
    answer = minerva.post("/setup/camera/test", data=to_jpeg(pixels), headers=headers)
    assert answer.status_code == 200
    assert answer.get_json()["findings"]
    empty = minerva.post("/setup/camera/test", data=to_jpeg(picture()), headers=headers)
    assert "No face is seen" in empty.get_json()["findings"][0]["text"]
    broken = minerva.post("/setup/camera/test", data=b"no picture", headers=headers)
    assert broken.status_code == 400
    huge = minerva.post("/setup/camera/test", data=b"x" * (5 << 20), headers=headers)
    assert huge.status_code == 413


def test_settings_are_changed_by_administrators_alone(site: Site, client_of: Browser) -> None:
    for login in ("bob", "dora", "ada"):
        assert client_of(login).get("/site").status_code == 403
        assert client_of(login).post("/site/faces", data={}).status_code == 403


def test_settings_are_kept_and_in_the_register(site: Site, client_of: Browser) -> None:
    alice = client_of("alice")
    assert "Hill School" in alice.get("/site").text
    named = {"site_name": "Dale School", "time_zone": "Europe/Paris", "language": "en"}
    assert where(alice.post("/site/name", data=named)) == (302, "/site")
    alice.post("/site/second-factor", data={})
    alice.post("/site/policy", data={"template": "office"})
    assert site.parts.site.policy() == OFFICE_DAY
    assert events(site, EntryKind.SETTING).count("setting changed") >= 4
    wrong = alice.post("/site/name", data=named | {"time_zone": "Mars/Base"})
    assert wrong.status_code == 400
    assert site.parts.site.choices().time_zone == "Europe/Paris"


def test_how_long_unsure_faces_wait_is_a_setting(site: Site, client_of: Browser) -> None:
    alice = client_of("alice")
    assert where(alice.post("/site/review", data={"review_days": "30"})) == (302, "/site")
    for wrong in ("0", "91", "", "many", "٣"):
        answer = alice.post("/site/review", data={"review_days": wrong})
        assert answer.status_code == 400 and "1 to 90" in answer.text
    assert site.parts.site.choices().review_days == 30


def test_limits_of_the_policy_are_checked(site: Site, client_of: Browser) -> None:
    alice = client_of("alice")
    limits = {
        "opens_before": "15",
        "late_after": "5",
        "absent_after": "20",
        "closes_after": "0",
        "minimum_presence": "",
        "quiet_period": "5",
        "patience": "10",
    }
    assert where(alice.post("/site/policy", data=limits)) == (302, "/site")
    policy = site.parts.site.policy()
    assert policy.name == "school lesson, changed"
    assert policy.late_after.total_seconds() == 300
    for wrong in (
        {"late_after": "-1"},
        {"late_after": "30"},
        {"patience": ""},
        {"patience": "9e9"},
    ):
        assert alice.post("/site/policy", data=limits | wrong).status_code == 400
    assert site.parts.site.policy() == policy


def test_an_old_sign_in_cannot_change_settings(site: Site, client_of: Browser) -> None:
    alice = client_of("alice")
    site.clock.advance(31 * 60)
    answer = alice.post("/site/faces", data={"kind": "school", "place": "eu", "faces": "off"})
    assert "/account/confirm" in answer.location
    assert site.parts.site.choices().faces_enabled


def test_an_office_has_words_of_its_own(site: Site, web_app: Flask) -> None:
    from rollbook.web.setup.words import status_words

    with web_app.test_request_context():
        assert status_words()["absent"] == "absent"
    site.parts.site.change("test", words="office")
    with web_app.test_request_context():
        assert status_words()["absent"] == "not in"


def test_a_zone_that_is_not_in_the_list_is_not_changed_by_the_way(
    site: Site, client_of: Browser
) -> None:
    site.parts.site.change("test", time_zone="Etc/GMT+5")
    alice = client_of("alice")
    assert '<option value="Etc/GMT+5" selected>' in alice.get("/site").text
    named = {"site_name": "Hill School", "time_zone": "Etc/GMT+5", "language": "en"}
    assert where(alice.post("/site/name", data=named)) == (302, "/site")
    wrong = alice.post("/site/name", data=named | {"time_zone": "Etc/GMT+6"})
    assert wrong.status_code == 400


def test_new_sessions_begin_with_the_rules_of_the_site(site: Site, client_of: Browser) -> None:
    alice = client_of("alice")
    limits = {
        "opens_before": "20",
        "late_after": "7",
        "absent_after": "",
        "closes_after": "0",
        "minimum_presence": "",
        "quiet_period": "5",
        "patience": "10",
    }
    alice.post("/site/policy", data=limits)
    own = site.parts.site.policy()
    for page in ("/sessions/new", "/timetable/new"):
        assert f'<option value="{own.name}" selected>As set for this site' in alice.get(page).text
    data = {"group": site.group.group_id, "start": "10:00", "end": "10:45", "policy": own.name}
    opened = alice.post("/sessions/new", data=data)
    with site.parts.uow() as uow:
        kept = uow.sessions.get(opened.location.rsplit("/", 1)[1])
    assert kept.policy == own
