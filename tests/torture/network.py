"""A hostile network: every route is tried by those who may not, in the ways that the web knows."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask
from flask.testing import FlaskClient
from httpx import ASGITransport, AsyncClient
from werkzeug.routing import Rule

from rollbook.domain.access import Actor, Role
from rollbook.domain.register import EntryKind
from rollbook.domain.tokens import PREFIX, Scope
from rollbook.services.devices import DevicePlan, Paired
from rollbook.web.access import permissions_of_endpoint
from rollbook.web.app import create_app
from rollbook.web.asgi import create_asgi
from rollbook.web.kiosk.cookie import cookie_name
from rollbook.web.parts import WebOptions
from torture.frame import Outcome, Plan, new_home
from web.accounts import give_password, sign_in_by_form
from web.full_school import make_full_site
from web.pages import ROLES, address, may, routes
from web.school import Site, sign_in

ELSEWHERE = "evil.invalid"
NEXT = ("next", "url", "target", "return", "return_to", "redirect", "continue", "back")
LEADS = (f"https://{ELSEWHERE}/", f"//{ELSEWHERE}/", f"/\\{ELSEWHERE}", f"https:{ELSEWHERE}")
HOSTS = (ELSEWHERE, f"localhost.{ELSEWHERE}", f"{ELSEWHERE}:8000", "localhost@x.y")
REFUSED = {302, 303, 400, 401, 403, 404, 405, 409, 415, 422, 429}
GUESSES = 12
STEP = 1  # every route; the tests' slice takes every so manieth
KIOSK = {
    "/kiosk/state": "GET",
    "/kiosk/frame": "POST",
    "/kiosk/code": "POST",
    "/kiosk/find": "POST",
    "/kiosk/pin": "POST",
}


def run(plan: Plan) -> Outcome:
    """Try each attack on a full school."""
    outcome = Outcome()
    site = make_full_site(new_home(plan.folder / "home"))
    open_app = create_app(site.parts, WebOptions(csrf=False, limits=False))
    closed_app = create_app(site.parts, WebOptions(limits=False))
    foreign_forms(site, closed_app, outcome)
    for attack in (
        fixation,
        brute_force,
        caches,
        ids_of_others,
        above_ones_role,
        host_header,
        stolen_kiosk_key,
        revoked_token,
        streams,
    ):
        attack(site, open_app, outcome)
    open_redirect(site, open_app, outcome)  # last: what its forms ask for is done
    site.parts.engines.close()
    site.parts.database.close()
    return outcome


def tried(app: Flask) -> list[tuple[Rule, str]]:
    """Return the routes that are tried, each with its method."""
    return list(routes(app))[::STEP]


def browser(app: Flask, site: Site, login: str | None) -> FlaskClient:
    client = app.test_client()
    if login is not None:
        client.set_cookie("rollbook", sign_in(site, login))
    return client


def told_of(site: Site, event: str, why: str | None = None) -> int:
    """Return how many entries of the register tell of this."""
    with site.parts.uow() as uow:
        told = uow.register.since(0, [EntryKind.ACCESS], 100_000)
    return sum(1 for one in told if one.body["event"] == event and one.body.get("why") == why)


@contextmanager
def in_the_audit(site: Site, outcome: Outcome, attack: str, why: str) -> Iterator[None]:
    """Expect that what the block tries is told in the register; an hour later it is told anew."""
    site.clock.advance(3600)
    before = told_of(site, "refused", why)
    yield
    told = told_of(site, "refused", why) - before
    outcome.count(f"entries of the audit about {attack}", told)
    outcome.expect(told > 0, f"{attack}: nothing is in the audit")


def caches(site: Site, app: Flask, outcome: Outcome) -> None:
    """No private answer may be kept by anything on the way, whoever asks."""
    for login in ROLES:
        client = browser(app, site, login)
        for rule, method in tried(app):
            if method != "GET" or rule.endpoint == "static":
                continue
            answer = client.get(address(app, rule, site), buffered=True)
            outcome.count("answers whose caching was checked")
            kept = answer.headers.get("Cache-Control", "")
            outcome.expect("no-store" in kept, f"caches: {rule.rule} for {login}: {kept!r}")


def ids_of_others(site: Site, app: Flask, outcome: Outcome) -> None:
    """Charlie teaches another class: every id of 5b is for him as if it were not there."""
    client = browser(app, site, "charlie")
    scoped = {"session_id", "group_id", "subject_id", "review_id", "request_id", "series_id"}
    with in_the_audit(site, outcome, "ids of others", "id"):
        for rule, method in tried(app):
            if not rule.arguments & scoped:
                continue
            answer = client.open(address(app, rule, site), method=method, data={})
            outcome.count("addresses with ids of others")
            fine = answer.status_code in REFUSED and site.ada.name not in answer.text
            outcome.expect(fine, f"ids: {method} {rule.rule} answers {answer.status_code}")


def above_ones_role(site: Site, app: Flask, outcome: Outcome) -> None:
    """Nobody may do what is not for their role."""
    with in_the_audit(site, outcome, "routes above one's role", "role"):
        for login in ("bob", "dora", "ada"):
            outcome.add(_above_ones_role(site, app, login))


def _above_ones_role(site: Site, app: Flask, login: str) -> Outcome:
    outcome, client = Outcome(), browser(app, site, login)
    for rule, method in tried(app):
        wanted = permissions_of_endpoint(app, rule.endpoint) or frozenset()
        if not may(site, login, wanted):
            status = client.open(address(app, rule, site), method=method, data={}).status_code
            outcome.count("routes above one's role")
            outcome.expect(status in {401, 403, 404}, f"role: {login} {rule.rule}: {status}")
    return outcome


def host_header(site: Site, app: Flask, outcome: Outcome) -> None:
    """A page of somebody else must not reach the server under its own name."""
    client = browser(app, site, "alice")
    for path in ("/", "/login", "/people", "/api/v1/people"):
        with in_the_audit(site, outcome, "foreign hosts", "host"):
            for host in HOSTS:
                answer = client.get(path, headers={"Host": host})
                outcome.count("foreign hosts")
                outcome.expect(answer.status_code == 400, f"host {host}: {answer.status_code}")
        forwarded = client.get(path, headers={"X-Forwarded-Host": ELSEWHERE})
        outcome.expect(ELSEWHERE not in str(forwarded.headers), f"host: {path} believes a header")


def open_redirect(site: Site, app: Flask, outcome: Outcome) -> None:
    """No address leads to another site, whatever parameter is tried."""
    for login in ("alice", None):
        client = browser(app, site, login)
        for rule, method in tried(app):
            for lead in LEADS:
                said = dict.fromkeys(NEXT, lead)
                path = address(app, rule, site)
                form = None if method == "GET" else said
                answer = client.open(path, method=method, query_string=said, data=form)
                outcome.count("redirects tried")
                target = answer.headers.get("Location", "")
                led = re.match(r"(https?:)?[/\\]{2}(?!localhost)|https?:[^/]", target)
                outcome.expect(not led, f"redirect: {method} {rule.rule} leads to {target}")
                if method != "GET":
                    break
            if login == "alice" and method != "GET":
                client = browser(app, site, login)  # it may have signed itself out


def stolen_kiosk_key(site: Site, app: Flask, outcome: Outcome) -> None:
    """The key of a tablet opens the kiosk's own addresses, and nothing once it is revoked."""
    code = site.parts.devices.add(DevicePlan("Stolen"), "test")
    paired = site.parts.devices.pair(code.code, place="127.0.0.1")
    assert isinstance(paired, Paired)
    client = app.test_client()
    for name in (cookie_name(WebOptions()), "rollbook"):
        client.set_cookie(name, paired.key)
    for rule, method in tried(app):
        if permissions_of_endpoint(app, rule.endpoint):
            status = client.open(address(app, rule, site), method=method).status_code
            outcome.count("routes with a stolen kiosk key")
            outcome.expect(status in REFUSED, f"kiosk key: {rule.rule} answers {status}")
    site.parts.devices.revoke(code.device.device_id, "test")
    with in_the_audit(site, outcome, "a revoked kiosk key", "key"):
        for path, method in KIOSK.items():
            status = asked(site, app, method, path, {cookie_name(WebOptions()): paired.key})
            outcome.count("kiosk's addresses with a revoked key")
            outcome.expect(status == 401, f"revoked kiosk key: {path} answers {status}")


def revoked_token(site: Site, app: Flask, outcome: Outcome) -> None:
    """A program's token that was revoked, and one that never was, open nothing."""
    alice = Actor(site.users["alice"].user_id, ROLES["alice"] or Role.SUBJECT)
    made = site.parts.tokens.make(alice, "stolen", [Scope.PEOPLE_READ], 7)
    site.parts.tokens.revoke(made.token.token_id, alice, whose=None)
    client = app.test_client()
    with in_the_audit(site, outcome, "revoked tokens", "key"):
        for rule, method in tried(app):
            private = permissions_of_endpoint(app, rule.endpoint)
            if not private or not rule.rule.startswith("/api/"):
                continue  # the interface's description is for everybody
            for text in (made.text, f"{PREFIX}never"):
                said = {"Authorization": f"Bearer {text}"}
                path = address(app, rule, site)
                status = client.open(path, method=method, headers=said).status_code
                outcome.count("routes with a token that is worth nothing")
                outcome.expect(status == 401, f"token: {method} {rule.rule} answers {status}")


def streams(site: Site, app: Flask, outcome: Outcome) -> None:
    """Boards, kiosks' questions and cameras' pictures give nothing to who is not signed in."""
    paths = {f"/sessions/{site.session.session_id}/board/stream": "GET", "/board/stream": "GET"}
    with in_the_audit(site, outcome, "streams without a session", "session"):
        for path in paths:
            for cookie in ({}, {"rollbook": "invented"}):
                status = asked(site, app, "GET", path, cookie)
                outcome.count("streams without a session")
                outcome.expect(status == 401, f"stream: {path} answers {status}")
    with in_the_audit(site, outcome, "streams of others", "id"):
        path = f"/sessions/{site.session.session_id}/board/stream"
        status = asked(site, app, "GET", path, {"rollbook": sign_in(site, "charlie")})
        outcome.count("streams of others")
        outcome.expect(status == 404, f"stream of others answers {status}")
    with in_the_audit(site, outcome, "kiosk's addresses without a key", "key"):
        for path, method in KIOSK.items():
            status = asked(site, app, method, path, {"rollbook": sign_in(site, "alice")})
            outcome.count("kiosk's addresses without a key")
            outcome.expect(status == 401, f"kiosk without a key: {path} answers {status}")
    client = app.test_client()
    for camera_id in site.ids["camera_id"]:
        status = client.get(f"/cameras/{camera_id}/picture").status_code
        outcome.count("cameras' pictures without a session")
        outcome.expect(status in REFUSED, f"picture of a camera answers {status}")


def asked(site: Site, app: Flask, method: str, path: str, cookies: dict[str, str]) -> int:
    """Ask the whole application, streams and all, and return the status."""
    cookie = "; ".join(f"{name}={value}" for name, value in cookies.items())
    headers = {"Cookie": cookie, "X-Kiosk": "1", "Host": "localhost"}

    async def ask() -> int:
        transport = ASGITransport(create_asgi(site.parts, WebOptions(limits=False), app))
        async with AsyncClient(transport=transport, base_url="http://localhost") as client:
            return (await client.request(method, path, headers=headers)).status_code

    return asyncio.run(ask())


def foreign_forms(site: Site, app: Flask, outcome: Outcome) -> None:
    """A form that carries no token of this session changes nothing."""
    client = browser(app, site, "alice")
    site.clock.advance(3600)
    with site.parts.uow() as uow:
        before, _ = uow.register.head()
    for rule, method in tried(app):
        if method == "GET" or rule.rule.startswith("/api/"):
            continue
        answer = client.open(address(app, rule, site), method=method, data={"name": "Eve"})
        outcome.count("forms without a token")
        outcome.expect(answer.status_code >= 400, f"CSRF: {rule.rule} answers {answer.status_code}")
    with site.parts.uow() as uow:
        since = uow.register.since(before, list(EntryKind), 100_000)
    told = [one for one in since if one.body.get("why") == "form"]
    outcome.count("entries of the audit about forms without a token", len(told))
    outcome.expect(bool(told), "CSRF: nothing is in the audit")
    outcome.expect(len(told) == len(since), "CSRF: something was changed")


def fixation(site: Site, app: Flask, outcome: Outcome) -> None:
    """A session that somebody else knows before signing in is worth nothing after."""
    give_password(site, "bob")
    victim = app.test_client()
    victim.set_cookie("rollbook", "chosen-by-somebody-else")
    victim.get("/login")
    known = victim.get_cookie("rollbook")
    sign_in_by_form(victim, "bob")
    now = victim.get_cookie("rollbook")
    outcome.count("sessions fixed", 2)
    outcome.expect(now is not None and now.value != getattr(known, "value", ""), "fixation: kept")
    for value in ("chosen-by-somebody-else", getattr(known, "value", "")):
        thief = app.test_client()
        thief.set_cookie("rollbook", value)
        outcome.expect(thief.get("/people").status_code in {302, 401}, "fixation: the thief is in")


def brute_force(site: Site, app: Flask, outcome: Outcome) -> None:
    """Guessing has to wait, also with the right password, and is in the audit."""
    give_password(site, "charlie")
    before = told_of(site, "sign-in failed")
    client = app.test_client()
    for _ in range(GUESSES):
        sign_in_by_form(client, "charlie", "a wrong password")
        outcome.count("passwords guessed")
    right = sign_in_by_form(client, "charlie")
    outcome.expect(right.status_code != 302, "brute force: the right password is taken at once")
    told = told_of(site, "sign-in failed") - before
    outcome.count("entries of the audit about guessed passwords", told)
    outcome.expect(0 < told <= GUESSES, f"brute force: {told} entries in the audit")
