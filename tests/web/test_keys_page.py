"""The page of keys: what there is, and a task that exchanges them."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from rollbook.domain.receipts import ReceiptKind
from web.school import Site

ClientOf = Callable[[str | None], FlaskClient]


def test_only_administrators_see_and_exchange_keys(client_of: ClientOf) -> None:
    for who in ("bob", "dora"):
        assert client_of(who).get("/safety/keys").status_code == 403
        assert client_of(who).post("/safety/keys/rotate", data={"data": "yes"}).status_code == 403


def test_the_page_shows_what_there_is_and_no_key(client_of: ClientOf, site: Site) -> None:
    page = client_of("alice").get("/safety/keys").text
    assert "The register" in page and "never exchanged" in page
    (key,) = site.parts.database.keys.source.load()
    assert key.decode() not in page


def test_the_page_says_where_the_key_is_and_what_to_do_without_a_sheet(
    client_of: ClientOf, site: Site
) -> None:
    alice = client_of("alice")
    page = alice.get("/safety/keys").text
    assert "in a file beside the data" in page and "reads everything" in page
    assert "rollbook keys escrow --sheet" in page
    present = site.parts.key_safety().key_id
    site.parts.escrow.note("test", "0000-0000-0000")
    assert "is of a former site key" in alice.get("/safety/keys").text
    site.parts.escrow.note("test", present)
    page = alice.get("/safety/keys").text
    assert "rollbook keys escrow --sheet" not in page and present in page
    site.parts.escrow.note("test", present, needed=3, of=5)
    assert "5 shares, of which 3 are needed" in alice.get("/safety/keys").text


def test_the_page_says_who_else_can_read_the_key(client_of: ClientOf, site: Site) -> None:
    if os.name == "nt":
        pytest.skip("files have no modes here")
    folder = site.parts.settings.keys_dir
    folder.chmod(0o755)
    page = client_of("alice").get("/safety/keys", headers={"Accept-Language": "de"}).text
    assert f"chmod 700 {folder}" in page and "Others on this machine" not in page


def test_a_command_that_gives_the_key_is_asked_seldom_and_may_fail(
    client_of: ClientOf, site: Site, tmp_path: Path
) -> None:
    asked, key = tmp_path / "asked", site.parts.settings.keys_dir / "site.key"
    script = tmp_path / "give.py"
    text = f"open({str(asked)!r}, 'a').write('x'); print(open({str(key)!r}).read())"
    script.write_text(text, "utf-8")
    command = f'"{sys.executable}" "{script}"'
    settings = site.parts.settings.model_copy(update={"key_command": command})
    site.parts.settings = settings
    alice = client_of("alice")
    pages = [alice.get("/safety/keys").text for _ in range(3)]
    assert all("Check value" in page for page in pages)
    assert asked.read_text("utf-8") == "x", "the command may ask a server or a person"
    script.write_text("raise SystemExit(3)", "utf-8")
    site.parts.settings = settings.model_copy(update={"key_command": command + " now"})
    failed = alice.get("/safety/keys")
    assert failed.status_code == 200
    assert "ended with code 3" in failed.text and "would not start again" in failed.text
    assert "Keys of this site" in failed.text, "the rest of the page is there"


def test_keys_are_exchanged_by_a_task(client_of: ClientOf, site: Site) -> None:
    alice = client_of("alice")
    (before,) = site.parts.database.keys.source.load()
    form = {"data": "yes", "subjects": "yes", "site": "yes"}
    assert alice.post("/safety/keys/rotate", data=form).status_code == 303
    alice.post("/safety/keys/rotate", data=form)  # two clicks are one exchange
    assert alice.get("/safety/keys/state").get_json()["over"] is False
    assert "Keys are being exchanged" in alice.get("/safety/keys").text
    assert site.parts.tasks.run_one() and not site.parts.tasks.run_one()
    page = alice.get("/safety/keys").text
    assert "came to its end" in page and "Print a new recovery sheet" in page
    assert site.parts.database.keys.source.load() != [before]
    assert "were exchanged" in client_of("dora").get("/audit").text
    with site.parts.uow() as uow:
        (receipt,) = uow.receipts.all([ReceiptKind.ROTATION])
    assert receipt.body["parts"] == ["data", "subjects", "site"]


def test_an_exchange_is_stopped_and_goes_on(client_of: ClientOf, site: Site) -> None:
    alice = client_of("alice")
    alice.post("/safety/keys/rotate", data={"data": "yes"})
    assert "The exchange stops" in alice.post("/safety/keys/stop", follow_redirects=True).text
    assert not site.parts.tasks.run_one()
    assert "let it go on when you like" in alice.get("/safety/keys").text
    alice.post("/safety/keys/rotate", data={"resume": "yes"})
    assert site.parts.tasks.run_one()
    assert "came to its end" in alice.get("/safety/keys").text


def test_nothing_chosen_exchanges_nothing(client_of: ClientOf, site: Site) -> None:
    answer = client_of("alice").post("/safety/keys/rotate", data={}, follow_redirects=True)
    assert "Choose which keys" in answer.text and site.parts.key_rotation.latest() is None
