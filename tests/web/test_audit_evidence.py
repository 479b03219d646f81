"""The auditor's page of proofs: witness, anchors and the site's key."""

from __future__ import annotations

import io
import json
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from rollbook.domain.anchors import fingerprint, read_anchor, read_public_key
from rollbook.domain.register import EntryKind, NewEntry
from web.school import Site

ClientOf = Callable[[str | None], FlaskClient]
PAGE = "/audit/evidence"


def upload(client: FlaskClient, data: bytes) -> tuple[int, str]:
    answer = client.post("/audit/anchor/check", data={"anchor": (io.BytesIO(data), "a.json")})
    return answer.status_code, answer.text


def events(site: Site) -> list[object]:
    with site.parts.uow() as uow:
        return [entry.body["event"] for entry in uow.register.entries([EntryKind.TRUST])]


def cut(site: Site, count: int) -> None:
    """Put the database back to where it was some entries ago, with its head."""
    database = site.parts.database
    with database.engine.begin() as connection:
        number = connection.execute(text("SELECT number FROM heads")).scalar_one() - count
        kept = {"number": number}
        found = text("SELECT link FROM ledger WHERE number = :number")
        link = connection.execute(found, kept).scalar_one()
        mac = database.ring.register.digest(b"head:%d:" % number + link)
        connection.execute(text("DELETE FROM ledger WHERE number > :number"), kept)
        head = {**kept, "link": link, "mac": mac}
        connection.execute(text("UPDATE heads SET number=:number, link=:link, mac=:mac"), head)


def test_the_page_tells_how_the_register_stands(site: Site, client_of: ClientOf) -> None:
    dora = client_of("dora")
    said = dora.get(PAGE).text
    assert "as the witness beside the keys says" in said
    assert "The whole register was not checked yet" in said
    assert "No entry is in an anchor so far" in said
    key = site.parts.anchors.public_key()
    assert fingerprint(key) in said
    assert read_public_key(dora.get("/audit/site-key.pem").data) == key
    dora.post("/audit/check")
    assert site.parts.tasks.run_one()
    assert "found nothing wrong" in dora.get(PAGE).text


def test_an_anchor_is_taken_away_and_compared_later(site: Site, client_of: ClientOf) -> None:
    dora = client_of("dora")
    answer = dora.post("/audit/anchor")
    assert answer.headers["Content-Disposition"].startswith("attachment; filename=anchor-")
    anchor = read_anchor(answer.data)
    status, said = upload(dora, answer.data)
    assert (status, "The register fits this anchor" in said) == (200, True)
    assert f"up to number {anchor.number} are those" in said
    assert f"Entry {anchor.number + 1} came later" in said
    assert events(site)[:2] == ["anchor checked", "anchor made"]
    assert f"covers the entries up to {anchor.number}" in dora.get(PAGE).text
    told = dora.get("/audit").text
    assert f"made an anchor of the register with {anchor.number} entries" in told


@pytest.mark.parametrize("data", [b"{}", b"\xff\x00", b"[" * 4_000, b"x" * 9_000, b"\x89PNG"])
def test_a_hostile_file_is_refused_in_words(data: bytes, site: Site, client_of: ClientOf) -> None:
    status, said = upload(client_of("dora"), data)
    assert (status, "This is not an anchor of Rollbook" in said) == (422, True)
    status, said = upload(client_of("dora"), b"")
    assert (status, "Please choose a file" in said) == (422, True)
    assert "anchor checked" not in events(site)


def test_a_forged_anchor_is_told(site: Site, client_of: ClientOf) -> None:
    dora = client_of("dora")
    told = json.loads(dora.post("/audit/anchor").data)
    status, said = upload(dora, json.dumps({**told, "entries": 1}).encode())
    assert (status, "does not fit this anchor" in said) == (200, True)
    assert "Its signature" not in said and "does not hold" in said


def test_a_register_that_was_cut_is_told_and_takes_no_entries(
    site: Site, client_of: ClientOf
) -> None:
    dora = client_of("dora")
    with site.parts.uow() as uow:
        for _ in range(3):
            uow.register.append(NewEntry(EntryKind.SETTING, {"event": "x"}))
        uow.commit()
    anchor = dora.post("/audit/anchor").data
    cut(site, 3)
    said = dora.get(PAGE).text
    assert "the database was cut, or an old copy was put in its place" in said
    status, said = upload(dora, anchor)
    assert (status, "the register was cut" in said) == (200, True)
    refused = dora.post("/audit/anchor")
    assert refused.status_code == 500
    assert "Nothing can be written until it is put right" in refused.text
    dora.post("/audit/check")
    assert site.parts.tasks.run_one()
    said = dora.get("/audit/check").text
    assert "The register does not hold" in said and "but it had" in said


def test_a_changed_head_is_told(site: Site, client_of: ClientOf) -> None:
    dora = client_of("dora")
    anchor = dora.post("/audit/anchor").data
    with site.parts.database.engine.begin() as connection:
        connection.execute(text("UPDATE heads SET number = number - 1"))
    assert "The head of the register was changed" in dora.get(PAGE).text
    assert upload(dora, anchor)[0] == 422


def test_only_those_who_may_read_it(site: Site, client_of: ClientOf) -> None:
    for login in ("bob", "ada"):
        client = client_of(login)
        assert client.get(PAGE).status_code == 403
        assert client.get("/audit/site-key.pem").status_code == 403
        assert client.post("/audit/anchor").status_code == 403
        assert upload(client, b"{}")[0] == 403
