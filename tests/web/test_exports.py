"""The page of exports: a month of one's groups as a file."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from rollbook.domain.register import EntryKind
from rollbook.services import export_jobs
from web.school import Site

ClientOf = Callable[[str | None], FlaskClient]


def order(**more: object) -> dict[str, object]:
    return {"month": "2026-03", "format": "csv", "which": "all", **more}


@pytest.mark.parametrize(
    ("kind", "start"), [("csv", b"\xef\xbb\xbf"), ("pdf", b"%PDF"), ("xlsx", b"PK")]
)
def test_a_teacher_exports_the_own_groups(
    kind: str, start: bytes, site: Site, client_of: ClientOf
) -> None:
    answer = client_of("bob").post("/exports", data=order(format=kind))
    assert answer.data.startswith(start)
    assert f"Attendance_2026-03.{kind}" in answer.headers["Content-Disposition"]
    with site.parts.uow() as uow:
        (entry,) = uow.register.entries([EntryKind.EXPORT])
    assert entry.body["group_ids"] == [site.group.group_id]
    assert entry.body["by"] == f"faculty {site.users['bob'].user_id}"


def test_nobody_exports_another_group(site: Site, client_of: ClientOf) -> None:
    charlie = client_of("charlie")
    assert "<bdi>5b</bdi>" not in charlie.get("/exports").text
    foreign = order(which="some", groups=[site.group.group_id])
    refused = charlie.post("/exports", data=foreign)
    assert refused.status_code == 400
    assert "at least one group" in refused.text
    own = charlie.post("/exports", data=order()).data.decode("utf-8-sig")
    assert "Edsger Dijkstra" in own and "Ada Lovelace" not in own


def test_who_has_no_group_gets_nothing(site: Site, client_of: ClientOf) -> None:
    with site.parts.uow() as uow:
        yesterday = site.parts.today() - timedelta(days=1)
        uow.staff.leave(site.group.group_id, site.users["bob"].user_id, yesterday)
        uow.commit()
    bob = client_of("bob")
    assert "no group of yours" in bob.get("/exports").text
    assert bob.post("/exports", data=order()).status_code == 400


def test_an_encrypted_file_opens_here_alone(site: Site, client_of: ClientOf) -> None:
    answer = client_of("alice").post("/exports", data=order(encrypt="yes"))
    assert answer.headers["Content-Disposition"].endswith("Attendance_2026-03.csv.enc")
    assert b"Ada" not in answer.data
    assert "Ada Lovelace" in site.parts.exporter.unseal(answer.data).decode("utf-8-sig")


@pytest.mark.parametrize("month", ["", "2026-13", "x", "0000-01", "2026-3", "9" * 5000])
def test_an_odd_month_is_told(month: str, client_of: ClientOf) -> None:
    answer = client_of("alice").post("/exports", data=order(month=month))
    assert answer.status_code == 400
    assert "is not a month" in answer.text


def test_a_sign_in_that_is_old_is_asked_for_again(site: Site, client_of: ClientOf) -> None:
    alice = client_of("alice")
    assert alice.get("/exports").status_code == 200
    site.clock.at += timedelta(hours=1)
    assert "/confirm" in alice.get("/exports").location
    assert "/confirm" in alice.post("/exports", data=order()).location
    with site.parts.uow() as uow:
        assert uow.register.entries([EntryKind.EXPORT]) == []


def test_a_large_export_is_made_in_the_background(
    site: Site, client_of: ClientOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export_jobs, "MANY", 2)
    bob, alice = client_of("bob"), client_of("alice")
    assert bob.post("/exports", data=order()).location == "/exports"
    assert "is being made" in bob.get("/exports").text
    assert bob.get("/exports/progress").get_json()["over"] is False
    assert site.parts.tasks.run_one()
    assert bob.get("/exports/progress").get_json()["over"] is True
    (task,) = site.parts.export_desk.of(site.users["bob"].user_id)
    path = f"/exports/files/{task.task_id}"
    assert path in bob.get("/exports").text
    got = bob.get(path)
    assert "Ada Lovelace" in got.data.decode("utf-8-sig")
    assert "no-store" in got.headers["Cache-Control"]
    got.close()
    # the file is for who asked for it alone
    assert path not in alice.get("/exports").text
    assert alice.get(path).status_code == 404
    assert client_of("charlie").get(path).status_code == 404
    lying = [file.read_bytes() for file in site.parts.settings.home.rglob("*.sealed")]
    assert lying and all(b"Ada" not in data for data in lying)


def test_a_file_of_a_group_that_is_no_longer_ones_own_is_not_given_out(
    site: Site, client_of: ClientOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export_jobs, "MANY", 2)
    bob = client_of("bob")
    bob.post("/exports", data=order())
    assert site.parts.tasks.run_one()
    (task,) = site.parts.export_desk.of(site.users["bob"].user_id)
    with site.parts.uow() as uow:
        yesterday = site.parts.today() - timedelta(days=1)
        uow.staff.leave(site.group.group_id, site.users["bob"].user_id, yesterday)
        uow.commit()
    assert bob.get(f"/exports/files/{task.task_id}").status_code == 404
