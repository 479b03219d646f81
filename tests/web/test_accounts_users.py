"""The list of accounts: Alice may, Charlie may not, and the last administrator stays."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from builders import quick_hasher
from rollbook.domain.access import Role
from web.accounts import give_password, read, set_up_app, sign_in_by_form
from web.school import Site

Browser = Callable[[str | None], FlaskClient]
CODE = re.compile(r'<code class="key">([A-Z0-9-]{14})</code>')


@pytest.fixture(autouse=True)
def _quick(site: Site) -> None:
    site.parts.hasher = quick_hasher()


@pytest.fixture
def alice(client_of: Browser) -> FlaskClient:
    return client_of("alice")


def address(site: Site, login: str, what: str = "") -> str:
    return f"/users/{site.users[login].user_id}{what}"


@pytest.mark.parametrize("login", ["bob", "charlie", "dora", "ada"])
def test_only_administrators_see_accounts(site: Site, client_of: Browser, login: str) -> None:
    client = client_of(login)
    assert client.get("/users").status_code == 403
    assert client.get(address(site, "ada")).status_code == 403
    assert client.post(address(site, "alice", "/code")).status_code == 403


def test_accounts_are_found_by_name_and_role(alice: FlaskClient) -> None:
    assert "charlie" in alice.get("/users").text
    assert "charlie" not in alice.get("/users?q=BOB").text
    staff = alice.get("/users?role=staff").text
    assert "charlie" in staff
    assert "Ada Lovelace" not in staff


def test_a_teacher_is_added_with_groups_and_signs_in_by_code(
    site: Site, alice: FlaskClient, client_of: Browser
) -> None:
    data = {"login": "ms.frizzle", "name": "Ms Frizzle", "role": "faculty"}
    data |= {"group": site.group.group_id, "since": "2026-03-01", "until": "2026-07-31"}
    answer = alice.post("/users/new", data=data)
    code = CODE.search(answer.text)
    assert code is not None
    with site.parts.uow() as uow:
        user = uow.users.by_login("ms.frizzle")
        assert user is not None
        staff = uow.staff.of_user(user.user_id)
    assert [(s.group_id, str(s.until)) for s in staff] == [(site.group.group_id, "2026-07-31")]
    assert sign_in_by_form(client_of(None), "ms.frizzle", code[1]).location == "/login/password"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"login": "bob"}, "taken"),
        ({"login": "  "}, "sign-in name is needed"),
        ({"role": "kiosk"}, "Choose what"),
        ({"role": "subject", "person": "Nobody"}, "nobody with this name"),
        ({"role": "subject", "person": "Ada Lovelace"}, "has an account already"),
        ({"since": "31.3.2026"}, "Write the date"),
        ({"since": "2026-03-31", "until": "2026-03-01", "group": "x"}, "last day"),
    ],
)
def test_what_cannot_be_added_is_said(
    site: Site, alice: FlaskClient, change: dict[str, str], field: str
) -> None:
    if change.get("group"):
        change = change | {"group": site.group.group_id}
    answer = alice.post("/users/new", data={"login": "new", "role": "faculty"} | change)
    assert answer.status_code == 400
    assert field in answer.text
    with site.parts.uow() as uow:
        assert uow.users.count() == 5


def test_the_last_administrator_stays(site: Site, alice: FlaskClient) -> None:
    disabled = alice.post(address(site, "alice", "/active"), data={"active": "no"})
    assert disabled.status_code == 400
    assert "last administrator" in disabled.text
    demoted = alice.post(address(site, "alice", "/role"), data={"role": "auditor"})
    assert demoted.status_code == 400
    assert read(site, "alice").role is Role.ADMINISTRATOR
    assert read(site, "alice").active


def test_disabling_ends_sessions_and_enabling_lets_in_again(
    site: Site, alice: FlaskClient, client_of: Browser
) -> None:
    give_password(site, "bob")
    bob = client_of("bob")
    alice.post(address(site, "bob", "/active"), data={"active": "no"})
    assert bob.get("/account").status_code == 302
    alice.post(address(site, "bob", "/active"), data={"active": "yes"})
    assert sign_in_by_form(client_of(None), "bob").status_code == 302


def test_a_new_role_holds_at_once(site: Site, alice: FlaskClient, client_of: Browser) -> None:
    bob = client_of("bob")
    data = {"role": "subject", "person": "Alan Turing"}
    alice.post(address(site, "bob", "/role"), data=data)
    assert bob.get("/account").status_code == 302
    assert read(site, "bob").subject_id == site.people[1].subject_id


def test_a_lost_phone_is_forgotten_with_the_code(site: Site, alice: FlaskClient) -> None:
    set_up_app(site, "bob")
    alice.post(address(site, "bob", "/code"))
    assert "totp" in read(site, "bob").secrets
    alice.post(address(site, "bob", "/code"), data={"forget": "yes"})
    assert "totp" not in read(site, "bob").secrets


def test_groups_are_added_and_ended(site: Site, alice: FlaskClient, client_of: Browser) -> None:
    other = site.other_group.group_id
    alice.post(address(site, "bob", "/groups"), data={"group": other, "since": "2026-03-01"})
    with site.parts.uow() as uow:
        assert len(uow.staff.of_user(site.users["bob"].user_id)) == 2
    alice.post(address(site, "bob", "/groups/end"), data={"group": other, "last": "2026-03-01"})
    with site.parts.uow() as uow:
        ended = [s.until for s in uow.staff.of_user(site.users["bob"].user_id) if s.until]
    assert [str(day) for day in ended] == ["2026-03-01"]
    wrong = {"group": "0" * 32, "since": "2026-03-01"}
    assert alice.post(address(site, "bob", "/groups"), data=wrong).status_code == 404


def test_renaming_and_signing_out_from_afar(
    site: Site, alice: FlaskClient, client_of: Browser
) -> None:
    bob = client_of("bob")
    alice.post(address(site, "bob", "/name"), data={"login": "robert", "name": "Robert"})
    assert "Robert" in bob.get("/account").text
    taken = alice.post(address(site, "bob", "/name"), data={"login": "alice", "name": ""})
    assert taken.status_code == 400
    alice.post(address(site, "bob", "/sessions/end"))
    assert bob.get("/account").status_code == 302


def test_a_whole_group_gets_accounts_and_slips(
    site: Site, alice: FlaskClient, client_of: Browser
) -> None:
    page = alice.get("/users/group").text
    assert "2 people without an account" in page  # of 5b; Ada has one
    answer = alice.post("/users/group", data={"group": site.group.group_id})
    codes = CODE.findall(answer.text)
    assert len(codes) == 2
    assert "alan.turing" in answer.text
    first = sign_in_by_form(client_of(None), "alan.turing", codes[0])
    assert first.location == "/login/password"
    again = alice.post("/users/group", data={"group": site.group.group_id})
    assert again.location == "/users/group"


def test_a_removed_person_does_not_hold_up_the_accounts_of_a_group(
    site: Site, client_of: Browser
) -> None:
    alice, gone = client_of("alice"), site.people[1]
    alice.post(f"/privacy/erase/{gone.subject_id}", data={"name": gone.name})
    assert gone.name not in alice.get("/people").text
    page = alice.get("/users/group")
    assert page.status_code == 200 and "1 person without an account" in page.text
    made = alice.post("/users/group", data={"group": site.group.group_id}).text
    assert "Grace Hopper" in made and gone.name not in made


def test_an_unknown_account_is_not_found(alice: FlaskClient) -> None:
    assert alice.get(f"/users/{'0' * 32}").status_code == 404
    assert alice.post(f"/users/{'0' * 32}/code").status_code == 404


def test_nothing_of_an_account_lies_in_clear_in_the_database(
    site: Site, alice: FlaskClient, book: Path, client_of: Browser
) -> None:
    login, name, mail = "gwendolyn-x", "Gwendolyn Fairweather", "gwendolyn@fairweather.example"
    data = {"login": login, "name": name, "role": "faculty"}
    code = CODE.search(alice.post("/users/new", data=data).text)
    assert code is not None
    alice.post("/users/new", data={"login": mail, "name": "", "role": "auditor"})
    browser = client_of(None)
    browser.get("/login", headers={"User-Agent": "GwendolynBrowser Firefox"})
    sign_in_by_form(browser, login, "gwendolyn typed this")
    sign_in_by_form(browser, login, code[1])
    new = "gwendolyn's own password"
    browser.post("/login/password", data={"new": new, "again": new})
    cookie = browser.get_cookie("rollbook")
    assert cookie is not None
    with site.parts.database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    held = b"".join(path.read_bytes() for path in book.glob("rollbook.db*"))
    for word in ("gwendolyn", "Gwendolyn", "fairweather", "argon2id", code[1], cookie.value):
        assert word.encode() not in held
