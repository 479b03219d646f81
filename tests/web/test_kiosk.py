"""The kiosk's door: its key opens its own session, and nothing else anywhere."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from flask import Flask
from flask.testing import FlaskClient

from kiosk_bench import enrol, jpeg, save_colour_calibration
from rollbook.domain.identification import Doubt
from rollbook.domain.kiosk_answers import IGNORED_CODES, Notice
from rollbook.domain.kiosks import Device
from rollbook.errors import Busy, StorageUnavailable
from rollbook.services.devices import DevicePlan, Paired
from rollbook.testing import RED
from rollbook.web.access import permissions_of_endpoint
from rollbook.web.app import create_app
from rollbook.web.asgi import create_asgi
from rollbook.web.kiosk.texts import kiosk_texts
from rollbook.web.parts import WebOptions
from web.school import Site, sign_in
from web.test_routes import address, routes

COOKIE = "rollbook-kiosk"
SCRIPT = {"X-Kiosk": "1"}


class Tablet:
    """A kiosk's browser, without a camera."""

    def __init__(self, site: Site, web_app: Flask, options: WebOptions) -> None:
        self.site = site
        pairing = site.parts.devices.add(
            DevicePlan("Door", group_ids=(site.group.group_id,)), "administrator 0"
        )
        paired = site.parts.devices.pair(pairing.code, place="here")
        assert isinstance(paired, Paired)
        self.device: Device = paired.device
        self.key = paired.key
        self._app = create_asgi(site.parts, options, web_app)
        self.cookies = {COOKIE: self.key}

    def call(self, method: str, what: str, **request: Any) -> httpx.Response:
        """Call the ASGI application as a browser would."""

        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(self._app)
            brought = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
            request["headers"] = {"Cookie": brought, **request.get("headers", SCRIPT)}
            async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as http:
                return await http.request(method, f"/kiosk/{what}", **request)

        return asyncio.run(send())

    def frame(self, body: bytes | None = None) -> httpx.Response:
        return self.call("POST", "frame", content=jpeg(RED) if body is None else body)

    def ask(self, what: str, **fields: str) -> httpx.Response:
        return self.call("POST", what, json=fields)

    def state(self) -> httpx.Response:
        return self.call("GET", "state")


@pytest.fixture
def tablet(site: Site, web_app: Flask, web_options: WebOptions) -> Tablet:
    save_colour_calibration(site.parts.settings.home)
    return Tablet(site, web_app, web_options)


def test_a_face_in_a_picture_is_marked(tablet: Tablet) -> None:
    enrol(tablet.site.parts, tablet.site.ada.subject_id, RED)
    said = []
    for _ in range(3):
        answer = tablet.frame()
        assert answer.status_code == 200 and answer.headers["cache-control"] == "no-store"
        said.append(answer.json()["faces"][0])
        tablet.site.clock.advance(0.125)
    assert [one["notice"] for one in said] == ["looking", "looking", "marked"]
    assert said[-1]["name"] == "Ada Lovelace" and "subject" not in str(answer.json())
    assert answer.json()["session"]["title"] == "Mathematics"
    assert len(tablet.site.parts.register.marks(tablet.site.session.session_id)) == 1


def test_the_state_tells_what_the_page_shows(tablet: Tablet) -> None:
    state = tablet.state().json()
    assert state["device"] == {
        "name": "Door",
        "room": "",
        "direction": "both",
        "needs_pin": False,
    }
    assert (state["session"]["group"], state["choices"], state["faces"]) == ("5b", [], [])


@pytest.mark.parametrize("key", ["", "wrong", "x" * 5000])
def test_without_the_key_nothing_is_answered(tablet: Tablet, key: str) -> None:
    tablet.cookies = {COOKIE: key}
    assert tablet.frame().status_code == 401
    assert tablet.ask("find", letters="ada").status_code == 401
    assert tablet.state().status_code == 401


def test_a_revoked_kiosk_gets_no_further_answer(tablet: Tablet) -> None:
    assert tablet.frame().status_code == 200
    tablet.site.parts.devices.revoke(tablet.device.device_id, "administrator 0")
    answer = tablet.frame()
    assert (answer.status_code, answer.json()) == (401, {"reason": "revoked"})


def test_a_signed_in_person_is_no_kiosk(tablet: Tablet, site: Site) -> None:
    tablet.cookies = {"rollbook": sign_in(site, "alice")}
    assert tablet.frame().status_code == 401


def test_another_sites_page_cannot_speak_for_the_kiosk(tablet: Tablet) -> None:
    for answer in (
        tablet.call("POST", "frame", content=jpeg(RED), headers={}),
        tablet.call("POST", "find", json={"letters": "ada"}, headers={}),
        tablet.call("GET", "state", headers={}),
    ):
        assert answer.status_code == 403


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 422),
        (b"GIF89a", 422),
        (b"\xff\xd8\xff\xd9", 422),
        (jpeg(RED)[:900], 422),
        (b"\xff\xd8" + b"\0" * 1_000_001, 413),
    ],
)
def test_what_is_no_small_picture_is_refused(tablet: Tablet, body: bytes, status: int) -> None:
    assert tablet.frame(body).status_code == status


def test_a_picture_that_claims_to_be_huge_is_not_opened(tablet: Tablet) -> None:
    small = bytearray(jpeg(RED))
    at = small.index(b"\xff\xc0")
    small[at + 5 : at + 9] = b"\xff\xff\xff\xff"
    assert tablet.frame(bytes(small)).status_code == 422


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'"text"', b"\xff", b'{"letters": 5}'])
def test_questions_that_are_none_do_no_harm(tablet: Tablet, body: bytes) -> None:
    for what in ("find", "pin", "code"):
        answer = tablet.call("POST", what, content=body)
        assert answer.status_code in {200, 422}


def test_names_are_found_and_a_pin_marks(tablet: Tablet) -> None:
    ada = tablet.site.ada.subject_id
    tablet.site.parts.pins.set(ada, "270316", "subject 0")
    found = tablet.ask("find", letters="al").json()
    assert {person["name"] for person in found["people"]} == {"Ada Lovelace", "Alan Turing"}
    assert tablet.ask("find", letters="ed").json()["people"] == [], "nobody of another group"
    assert tablet.ask("pin", subject=ada, pin="1").json()["notice"] == "pin_wrong"
    said = tablet.ask("pin", subject=ada, pin="270316").json()
    assert (said["notice"], said["mark"]) == ("marked", True)
    other = tablet.site.others[0].subject_id
    assert tablet.ask("pin", subject=other, pin="270316").json()["notice"] == "not_on_roster"


def test_a_code_that_the_browser_read_marks(tablet: Tablet) -> None:
    ada = tablet.site.ada.subject_id
    text = tablet.site.parts.own_codes.phone(ada).text
    assert tablet.ask("code", text=text).json()["code"]["notice"] == "marked"


def test_brute_force_at_the_door_is_told_to_wait(tablet: Tablet) -> None:
    ada = tablet.site.ada.subject_id
    tablet.site.parts.pins.set(ada, "270316", "subject 0")
    said = [tablet.ask("pin", subject=ada, pin=f"{n:04}").json() for n in range(40)]
    assert {one["notice"] for one in said} == {"pin_wrong", "wait"}
    assert sum(one["notice"] == "pin_wrong" for one in said) <= 4
    assert tablet.ask("pin", subject=ada, pin="270316").json()["notice"] == "wait"


@pytest.mark.parametrize(
    ("error", "status", "body"),
    [
        (Busy("Busy."), 503, {"busy": True, "retry_ms": 200}),
        (StorageUnavailable("Full."), 503, {"reason": "storage", "retry_ms": 1000}),
    ],
)
def test_a_server_that_cannot_answer_now_says_when_to_come_again(
    tablet: Tablet, error: Exception, status: int, body: dict[str, Any]
) -> None:
    def fail(*arguments: object, **more: object) -> None:
        raise error

    tablet.site.parts.kiosk_desk.see = fail  # type: ignore[assignment, method-assign]
    answer = tablet.frame()
    assert (answer.status_code, answer.json()) == (status, body)


def test_a_kiosks_key_opens_no_page_and_no_address_of_the_site(
    tablet: Tablet, site: Site, web_app: Flask
) -> None:
    """Even if its cookie were sent everywhere, which its path forbids."""
    client = web_app.test_client()
    client.set_cookie(COOKIE, tablet.key, path="/")
    wrong = []
    for rule, method in routes(web_app):
        if not permissions_of_endpoint(web_app, rule.endpoint):
            continue
        answer = client.open(address(web_app, rule, site), method=method)
        if answer.status_code not in {401, 403, 404}:
            wrong.append((method, rule.rule, answer.status_code))
    assert wrong == []


def test_pairing_gives_a_key_that_no_script_and_no_other_page_sees(
    site: Site, client_of: Callable[[str | None], FlaskClient]
) -> None:
    pairing = site.parts.devices.add(DevicePlan("Door"), "administrator 0")
    client = client_of(None)
    assert client.get("/kiosk").location.endswith("/kiosk/pair")
    assert client.post("/kiosk/pair", data={"code": "WRONG"}).status_code == 422
    answer = client.post("/kiosk/pair", data={"code": pairing.code})
    cookie = next(c for c in answer.headers.getlist("Set-Cookie") if c.startswith(COOKIE))
    for part in ("HttpOnly", "SameSite=Strict", "Path=/kiosk"):
        assert part in cookie
    page = client.get("/kiosk")
    assert page.status_code == 200 and b"kiosk.js" in page.data and b"Lovelace" not in page.data
    assert client.post("/kiosk/pair", data={"code": pairing.code}).status_code == 422
    assert client.post("/kiosk/leave").status_code == 303
    assert client.get("/kiosk").status_code == 302


def test_by_https_the_cookie_travels_by_https_alone(site: Site) -> None:
    app = create_app(site.parts, WebOptions(secure=True, testing=True, csrf=False, limits=False))
    pairing = site.parts.devices.add(DevicePlan("Door"), "administrator 0")
    answer = app.test_client().post("/kiosk/pair", data={"code": pairing.code})
    cookie = answer.headers["Set-Cookie"]
    assert "__Secure-rollbook-kiosk" in " ".join(answer.headers.getlist("Set-Cookie"))
    assert "Secure" in cookie


def test_the_pages_script_knows_every_word_that_an_answer_may_hold(web_app: Flask) -> None:
    with web_app.test_request_context():
        texts = kiosk_texts()
    assert set(texts["notice"]) == {notice.value for notice in Notice}
    assert {doubt.value for doubt in Doubt} | set(IGNORED_CODES.values()) <= set(texts["reason"])
    assert json.dumps(texts)


# --- what administrators see ---------------------------------------------------------------


def test_an_administrator_adds_changes_and_revokes_a_kiosk(
    site: Site, client_of: Callable[[str | None], FlaskClient]
) -> None:
    client = client_of("alice")
    form = {"name": "Tablet", "room": "Hall", "which": "some", "direction": "in"}
    assert b"at least one group" in client.post("/devices/new", data=form).data
    form["groups"] = site.group.group_id
    page = client.post("/devices/new", data=form)
    (device,) = site.parts.devices.all()
    assert device.group_ids == (site.group.group_id,) and b"<img" in page.data
    assert b"waits for its code" in client.get("/devices").data
    url = f"/devices/{device.device_id}"
    assert client.post(url, data={"name": "", "which": "all"}).status_code == 422
    assert client.post(url, data={"name": "Gate", "which": "all", "needs_pin": "yes"}).location
    assert site.parts.devices.get(device.device_id).needs_pin
    assert b"Gate" in client.get(url).data
    assert client.post(f"{url}/code").status_code == 200
    client.post(f"{url}/revoke")
    assert b"revoked" in client.get("/devices").data
    client.post(f"{url}/remove")
    assert client.get(url).status_code == 404


def test_how_kiosks_greet_is_chosen_once_for_all(
    site: Site, client_of: Callable[[str | None], FlaskClient]
) -> None:
    client = client_of("alice")
    assert client.post("/devices/greeting", data={"greeting": "first"}).status_code == 303
    assert site.parts.kiosk_greeting.of(site.ada.subject_id) == "Ada"
    assert client.post("/devices/greeting", data={"greeting": "loud"}).status_code == 400


HALF_A_CHARACTER = chr(0xD800)


@pytest.mark.parametrize("what", ["code", "find", "pin"])
def test_nonsense_in_a_question_is_refused_and_breaks_nothing(tablet: Tablet, what: str) -> None:
    deep = tablet.call("POST", what, content=b"[" * 4000)
    assert deep.status_code == 422 and deep.json() == {"reason": "json"}
    subject_id = tablet.site.ada.subject_id
    tablet.site.parts.pins.set(subject_id, "493817", "test")
    odd = dict.fromkeys(("text", "letters", "claim", "pin"), HALF_A_CHARACTER * 3)
    if what == "pin":
        del odd["claim"]
    body = json.dumps({**odd, "subject": subject_id}).encode()
    assert tablet.call("POST", what, content=body).status_code == 200


def test_what_nobody_foresaw_is_logged_without_what_was_sent(
    tablet: Tablet, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    secret = "".join(["4938", "17"])

    def broken(*_: object) -> None:
        raise LookupError(secret)

    monkeypatch.setattr(tablet.site.parts.kiosk_desk, "read", broken)
    answer = tablet.ask("code", text="x")
    assert answer.status_code == 500 and answer.json()["reason"] == "failed"
    assert "LookupError" in caplog.text and secret not in caplog.text
