"""A school full of planted values, filled through the web application, that dies at work.

`python -m torture.planted HOME STEP` writes to stdout what must not be readable afterwards.
"""

from __future__ import annotations

import base64
import faulthandler
import io
import json
import logging
import os
import re
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient

from builders import quick_hasher
from rollbook.domain.attendance import Method
from rollbook.domain.month import Month
from rollbook.domain.register import EntryKind
from rollbook.domain.tokens import PREFIX
from rollbook.hardening import harden
from rollbook.services.export_jobs import ExportOrder
from rollbook.web.app import create_app
from rollbook.web.parts import WebOptions
from web.accounts import set_up_app, sign_in_by_form
from web.full_school import NAMES, make_full_site
from web.pages import ROLES, addresses
from web.school import DAY, MONDAY, Site, sign_in

PEOPLE = (
    "Anneliese Größenwahn",
    "渡辺 さくらこ",
    "يوسف الحدادين",
    "O'Nullivan \U0001f642 Straßburger",
)
EXTERNAL = "EXT-20406080"
CONTACT = "guardian@planted.invalid"
GUARDIAN = "Hermenegilda Vogelsang"
REASON = "broken collarbone after hockey"
PASSWORD = "purple lighthouse beyond midnight"
WRONG_PASSWORD = "orange lighthouse beyond midnight"
PIN = "482913"
LOGIN = "featherstonehaugh@planted.invalid"
ARRIVAL = MONDAY + timedelta(minutes=3, seconds=17, microseconds=123457)


def main() -> None:
    home, step = Path(sys.argv[1]), int(sys.argv[2])
    harden()  # as the program does when it starts
    faulthandler.enable()  # what a service manager would keep of a crash
    logging.basicConfig(filename="server.log", level=logging.DEBUG)
    site = make_full_site(home)
    site.parts.hasher = quick_hasher()
    app = create_app(site.parts, WebOptions(csrf=False, limits=False))
    clients = {login: _client(app, site, login) for login in ROLES}
    secrets = _plant(site, clients)
    visited = sum(_visit(app, site, login, client, step) for login, client in clients.items())
    exported = _export(site)
    site.parts.backups.back_up("test", lambda done, total: None)
    told = {"secrets": secrets, "pages": visited, "exported": exported} | _binary(site)
    print(json.dumps(told), flush=True)
    _die_at_work(site, clients["alice"])


def _client(app: Any, site: Site, login: str | None) -> FlaskClient:
    client: FlaskClient = app.test_client()
    if login is not None:
        client.set_cookie("rollbook", sign_in(site, login))
    return client


def _plant(site: Site, clients: dict[str | None, FlaskClient]) -> dict[str, list[str]]:
    """Send the values through pages and forms; return them by what they are."""
    alice = clients["alice"]
    for number, name in enumerate(PEOPLE):
        form = {
            "name": name,
            "external_id": f"{EXTERNAL}{number}",
            "group_id": site.group.group_id,
            "contacts": CONTACT,
            "agreed": "yes",
            "text_id": "2026-1",
            "given_by": GUARDIAN,
        }
        assert alice.post("/people/add", data=form).status_code == 303
    alice.post("/people/add", data={"name": "", "external_id": EXTERNAL + "x", "contacts": CONTACT})
    made = alice.post("/users/new", data={"login": LOGIN, "name": PEOPLE[0], "role": "faculty"})
    one_time = re.search(r"[A-Z2-9]{4}(?:-[A-Z2-9]{4})+", made.text)
    held, ada = site.session.session_id, site.ada.subject_id
    site.parts.register.sight(held, site.people[20].subject_id, ARRIVAL, Method.FACE)
    status = {"status": "excused", "reason": REASON}
    alice.post(f"/sessions/{held}/people/{ada}", data=status)
    clients["ada"].post("/me/pin", data={"pin": PIN, "again": PIN})
    site.parts.pins.check(ada, "482914", "door")
    from web.accounts import give_password

    give_password(site, "bob", PASSWORD)
    for secret in (PASSWORD, WRONG_PASSWORD):
        sign_in_by_form(clients[None], "bob", secret, "/people")
    clients[None].post("/logout")
    totp, recovery = set_up_app(site, "bob")
    token = _token(clients["alice"])
    paired = site.parts.devices.add(_plan(), "test")
    kiosk = site.parts.devices.pair(paired.code, place="127.0.0.1")
    return {
        "names": [*PEOPLE, GUARDIAN, *NAMES[:4]],
        "external ids": [EXTERNAL],
        "e-mails": [CONTACT, LOGIN],
        "reasons": [REASON, "The bus was late", "grandmother"],
        "statuses": ["excused", "left_early"],
        "times": [ARRIVAL.isoformat(), "08:03:17", "07:03:17"],
        "passwords": [PASSWORD, WRONG_PASSWORD],
        "authenticator": [totp, *recovery],
        "one-time codes": [one_time.group()] if one_time else [],
        "API tokens": [token, token.removeprefix(PREFIX)],
        "kiosk keys": [kiosk.key],  # type: ignore[union-attr]
    }


def _plan() -> Any:
    from rollbook.services.devices import DevicePlan

    return DevicePlan("Entrance of Featherstone", "Hall")


def _token(client: FlaskClient) -> str:
    wanted = {"name": "Timetable", "scopes": ["people:read"], "days": "30"}
    client.post("/account/tokens", data=wanted)
    found = re.search(rf"{PREFIX}[\w-]+", client.get("/account/tokens").text)
    assert found, "no token was shown"
    return found.group()


def _visit(app: Any, site: Site, login: str | None, client: FlaskClient, step: int) -> int:
    """Open everything that this account may look at, or each so manieth, and what it may not."""
    visited = 0
    for address in addresses(app, site, login)[::step]:
        status = client.get(address, buffered=True).status_code
        assert status < 500 or status == 503, f"{address}: {status}"  # a camera that is not there
        visited += 1
    client.get(f"/people?q={PEOPLE[0]}")
    client.get(f"/people/{EXTERNAL}/nothing?name={GUARDIAN}")
    return visited


def _export(site: Site) -> int:
    """Write the month into the folder of exports: plain, as asked for, and sealed."""
    made = 0
    by, group = site.users["alice"].user_id, [site.group]
    for kind in ("csv", "xlsx", "pdf"):
        for encrypt in (False, True):
            order = ExportOrder(Month(DAY.year, DAY.month), kind, group, encrypt, by, by)
            file = site.parts.export_desk.export(order)
            folder = Path("sealed-exports" if encrypt else "exports")
            folder.mkdir(exist_ok=True)
            (folder / file.name).write_bytes(file.data)
            made += 1
    return made


def _binary(site: Site) -> dict[str, Any]:
    """Return pictures and templates that lie in the database, as base64."""
    with site.parts.uow() as uow:
        kept = uow.references.of(site.ada.subject_id)
        held = len(uow.register.entries([EntryKind.ACCESS]))
    crops = [one.crop.jpeg for one in kept if one.crop is not None]
    templates = [one.template.values.astype("<f4").tobytes() for one in kept]
    coded = {"crops": crops, "templates": templates}
    return {
        "entries of access": held,
        **{what: [base64.b64encode(one).decode() for one in ones] for what, ones in coded.items()},
    }


def _die_at_work(site: Site, client: FlaskClient) -> None:
    """Leave an upload half read, an unforeseen error in the log, and die without cleaning up."""
    upload = site.parts.work_files.create()
    upload.write((PEOPLE[0] + GUARDIAN).encode() * 30_000)

    def broken(*_: object) -> None:
        raise RuntimeError(f"{PEOPLE[0]} {PASSWORD}")

    site.parts.people.add = broken  # type: ignore[assignment,method-assign]
    client.post("/people/add", data={"name": PEOPLE[0], "group_id": site.group.group_id})
    body = io.BytesIO(PEOPLE[1].encode() * 1000)
    client.post("/people/import", data={"roster": (body, f"{PEOPLE[1]}.csv")})
    sys.stdout.flush()
    os.abort()


if __name__ == "__main__":
    main()
