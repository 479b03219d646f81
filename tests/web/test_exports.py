"""The page of exports: a month of one's groups as a file."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from pypdf import PdfReader

from rollbook.domain.manifests import check_manifest, read_manifest
from rollbook.domain.month import Month
from rollbook.domain.register import EntryKind
from rollbook.domain.report_plans import ReportPlan
from rollbook.domain.task_ports import Task, TaskState
from rollbook.services import export_jobs
from rollbook.services.export import READ
from rollbook.services.export_jobs import ExportOrder
from rollbook.services.tasks import TaskControl
from rollbook.storage.passphrase_files import MAGIC, open_file
from rollbook.storage.signing import is_signed
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
    assert b"Ada Lovelace" not in answer.data
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
    assert lying and all(b"Ada Lovelace" not in data for data in lying)


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


def test_a_signed_file_comes_as_a_zip_that_anybody_can_check(
    site: Site, client_of: ClientOf
) -> None:
    answer = client_of("bob").post("/exports", data=order(sign="yes"))
    assert answer.mimetype == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        file, manifest = archive.namelist()
        data, text = archive.read(file), archive.read(manifest)
    assert (file, manifest) == ("Attendance_2026-03.csv", "Attendance_2026-03.csv.manifest.json")
    found = {file: (len(data), hashlib.sha256(data).digest())}
    assert check_manifest(
        read_manifest(text), found, is_signed, site.parts.anchors.public_key()
    ).holds


def test_a_recipient_gets_a_file_for_their_passphrase(client_of: ClientOf) -> None:
    words = "four words without sense"
    bob = client_of("bob")
    answer = bob.post("/exports", data=order(passphrase=words, passphrase_again=words))
    assert answer.data.startswith(MAGIC) and b"Ada Lovelace" not in answer.data
    opened = b"".join(open_file(io.BytesIO(answer.data.removeprefix(MAGIC)), words))
    assert "Ada Lovelace" in opened.decode("utf-8-sig")
    for again, told in (("other words", "not the same"), (words[:5], "not the same")):
        wrong = bob.post("/exports", data=order(passphrase=words, passphrase_again=again))
        assert wrong.status_code == 400 and told in wrong.text and words not in wrong.text
    short = bob.post("/exports", data=order(passphrase="abc", passphrase_again="abc"))
    assert short.status_code == 400 and "at least" in short.text


def test_a_passphrase_is_not_kept_while_a_large_file_is_made(
    site: Site, client_of: ClientOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export_jobs, "MANY", 2)
    words, bob = "four words without sense", client_of("bob")
    bob.post("/exports", data=order(passphrase=words, passphrase_again=words))
    (task,) = site.parts.export_desk.of(site.users["bob"].user_id)
    assert words not in str(task.spec) and task.spec["lock"]
    assert site.parts.tasks.run_one()
    (task,) = site.parts.export_desk.of(site.users["bob"].user_id)
    assert task.spec["lock"] is None and (task.done, task.total) == (100, 100)
    got = bob.get(f"/exports/files/{task.task_id}")
    opened = b"".join(open_file(io.BytesIO(got.data.removeprefix(MAGIC)), words))
    assert "Ada Lovelace" in opened.decode("utf-8-sig")
    got.close()


def test_terms_other_days_and_one_person_can_be_chosen(site: Site, client_of: ClientOf) -> None:
    bob = client_of("bob")
    term = site.parts.calendars.add_term("Spring", date(2026, 2, 1), date(2026, 6, 30), "office")
    assert "Spring" in bob.get("/exports").text
    answer = bob.post("/exports", data=order(month=f"term {term.term_id}", person="Ada Lovelace"))
    assert "Attendance_2026-02-01_2026-06-30.csv" in answer.headers["Content-Disposition"]
    text = answer.data.decode("utf-8-sig")
    assert "Ada Lovelace" in text and "Alan Turing" not in text
    days = order(first_day="2026-03-02", last_day="2026-03-02", what="hours")
    hours = bob.post("/exports", data=days)
    assert "Hours_2026-03-02_2026-03-02.csv" in hours.headers["Content-Disposition"]
    for field in (
        {"first_day": "2026-03-02"},
        {"first_day": "2026-03-03", "last_day": "2026-03-02"},
    ):
        assert bob.post("/exports", data=order(**field)).status_code == 400
    # somebody of another class is as unknown as nobody
    for name in ("Edsger Dijkstra", "Nobody At All"):
        refused = bob.post("/exports", data=order(person=name))
        assert refused.status_code == 400 and "nobody called that in these groups" in refused.text


def due(site: Site) -> list[Task]:
    """Let a night go by and make what it brings; return Bob's files."""
    site.clock.at += timedelta(days=1)
    site.parts.due.run_due()
    while site.parts.tasks.run_one():
        pass
    return site.parts.export_desk.of(site.users["bob"].user_id)


def test_a_report_comes_by_itself_once_for_its_days(site: Site, client_of: ClientOf) -> None:
    site.parts.due.run_due()
    bob = client_of("bob")
    assert bob.post("/exports/plans", data={"rhythm": "daily", "format": "csv"}).status_code == 302
    page = bob.get("/exports").text
    assert "Daily, of the day before" in page and "All groups of mine" in page
    (task,) = due(site)
    assert task.spec["month"] == "2026-03-02_2026-03-02" and task.spec["scheduled"]
    site.clock.at += timedelta(hours=1)
    site.parts.due.run_due()
    assert len(site.parts.export_desk.of(task.user_id)) == 1
    found = site.parts.export_desk.fetch(task.task_id, task.user_id, {site.group.group_id})
    with found.stream as stream:
        text = stream.read().decode("utf-8-sig")
    assert "Ada Lovelace" in text and "Edsger" not in text
    with site.parts.uow() as uow:
        entry = uow.register.entries([EntryKind.EXPORT])[0]
    assert entry.body["by"] == f"faculty {task.user_id}"


def test_who_may_not_have_a_report_any_more_gets_none(site: Site, client_of: ClientOf) -> None:
    site.parts.due.run_due()
    bob, user_id = client_of("bob"), site.users["bob"].user_id
    bob.post("/exports/plans", data={"rhythm": "daily", "format": "csv"})
    foreign = {"rhythm": "daily", "format": "csv", "group": site.other_group.group_id}
    assert bob.post("/exports/plans", data=foreign).status_code == 404
    assert len(site.parts.report_plans.of(user_id)) == 1
    with site.parts.uow() as uow:
        uow.staff.leave(site.group.group_id, user_id, site.parts.today())
        uow.commit()
    assert due(site) == []


def test_a_report_is_ended_by_its_owner_alone(site: Site, client_of: ClientOf) -> None:
    bob, charlie = client_of("bob"), client_of("charlie")
    bob.post("/exports/plans", data={"rhythm": "monthly", "format": "pdf", "what": "hours"})
    (plan,) = site.parts.report_plans.of(site.users["bob"].user_id)
    assert charlie.post(f"/exports/plans/{plan.plan_id}/end").status_code == 404
    assert bob.post(f"/exports/plans/{plan.plan_id}/end").status_code == 302
    assert site.parts.report_plans.of(site.users["bob"].user_id) == []


@pytest.mark.parametrize("kind", ["csv", "xlsx", "pdf"])
def test_a_file_is_stopped_while_it_is_made_and_nothing_is_handed_out(
    kind: str, site: Site, client_of: ClientOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export_jobs, "MANY", 2)
    alice, user_id = client_of("alice"), site.users["alice"].user_id
    alice.post("/exports", data=order(format=kind))
    (task,) = site.parts.export_desk.of(user_id)
    told, save = [], TaskControl.save

    def saved(control: TaskControl, done: int, *more: Any) -> None:
        told.append(done)
        if done > export_jobs.MADE * READ[kind] // 100:  # it is read, and being made
            stopped = alice.post(f"/exports/files/{task.task_id}/stop", follow_redirects=True)
            assert "Nothing was handed out" in stopped.text
        save(control, done, *more)

    monkeypatch.setattr(TaskControl, "save", saved)
    assert site.parts.tasks.run_one()
    (task,) = site.parts.export_desk.of(user_id)
    assert task.state is TaskState.STOPPED and told == sorted(set(told))
    assert task.done < export_jobs.MADE
    assert not list(site.parts.settings.home.rglob("*.sealed"))
    with site.parts.uow() as uow:
        assert uow.register.entries([EntryKind.EXPORT]) == []
    monkeypatch.setattr(TaskControl, "save", save)
    assert site.parts.tasks.resume(task.task_id) and site.parts.tasks.run_one()
    (task,) = site.parts.export_desk.of(user_id)
    assert task.state is TaskState.DONE


def test_nobody_stops_the_file_of_somebody_else(
    site: Site, client_of: ClientOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export_jobs, "MANY", 2)
    client_of("bob").post("/exports", data=order())
    (task,) = site.parts.export_desk.of(site.users["bob"].user_id)
    client_of("alice").post(f"/exports/files/{task.task_id}/stop")
    (task,) = site.parts.export_desk.of(site.users["bob"].user_id)
    assert task.state is TaskState.WAITING


def said(data: bytes) -> str:
    return " ".join(PdfReader(io.BytesIO(data)).pages[0].extract_text().split())


def test_a_report_speaks_the_language_of_the_page_or_the_one_that_is_chosen(
    site: Site, client_of: ClientOf
) -> None:
    bob = client_of("bob")
    assert "attendance" in said(bob.post("/exports", data=order(format="pdf")).data)
    chosen = bob.post("/exports", data=order(format="pdf", language="de")).data
    assert "Anwesenheitsbuch Hill School" in said(chosen)
    bob.post("/language", data={"language": "de", "next": "/exports"})
    assert '<option value="de" selected>Deutsch' in bob.get("/exports").text
    assert "Anwesenheitsbuch" in said(bob.post("/exports", data=order(format="pdf")).data)
    odd = bob.post("/exports", data=order(format="pdf", language="xx")).data
    assert "Attendance register" in said(odd)  # the site's


def test_a_report_that_comes_by_itself_speaks_the_language_of_who_asked(
    site: Site, client_of: ClientOf
) -> None:
    site.parts.due.run_due()
    bob = client_of("bob")
    bob.post("/language", data={"language": "de", "next": "/exports"})
    bob.post("/exports/plans", data={"rhythm": "daily", "format": "pdf"})
    assert "PDF · Deutsch" in bob.get("/exports").text
    (task,) = due(site)
    found = site.parts.export_desk.fetch(task.task_id, task.user_id, None)
    with found.stream as stream:
        assert "Anwesenheitsbuch" in said(stream.read())


def test_a_plan_of_an_older_version_has_the_language_of_the_site(site: Site) -> None:
    site.parts.site.change("test", language="de")
    kept = {"plan_id": "a" * 32, "user_id": "u", "rhythm": "daily", "file_format": "pdf"}
    assert ReportPlan.of(kept).language == ""
    made = site.parts.export_desk.export(
        ExportOrder(Month(2026, 3), "pdf", [site.group], False, "u", "test")
    )
    assert "Anwesenheitsbuch" in said(made.data)
