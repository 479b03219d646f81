"""The pages of the bulk import."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.test import encode_multipart

from intake import LEVELS
from rollbook.domain.task_ports import TaskState
from rollbook.services.enrol import Enroller
from rollbook.services.people_import import PeopleImport
from rollbook.services.pooled import PooledSampler
from rollbook.testing import BLUE, GREEN, RED
from rollbook.vision.images import PICTURE_SUFFIXES
from web.desk import Desk, png
from web.school import Site


@pytest.fixture
def desk(site: Site, client_of: Callable[[str | None], FlaskClient]) -> Desk:
    made, parts = Desk(site, client_of), site.parts

    def enroller(check: Callable[[], None]) -> Enroller:
        run = lambda work: parts.engines.run(lambda app: work(app.sampler))  # noqa: E731
        sampler = PooledSampler(run, check)
        return Enroller(parts.uow, site.clock, sampler, lambda people: LEVELS, parts.today)

    parts.people_import = PeopleImport(
        parts.uow,
        site.clock,
        parts.work_files,
        enroller,
        parts.read_portrait,
        parts.today,
        PICTURE_SUFFIXES,
    )
    return made


def archive(files: Mapping[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as packed:
        for name, data in files.items():
            packed.writestr(name, data)
    return made.getvalue()


def upload(client: FlaskClient, **files: tuple[str, bytes]) -> Any:
    given = {name: FileStorage(io.BytesIO(data), called) for name, (called, data) in files.items()}
    boundary, body = encode_multipart(MultiDict(given))
    kind = f"multipart/form-data; boundary={boundary}"
    return client.post("/people/import", data=body, content_type=kind)


THREE = {"Ada Lovelace/1.png": png(RED), "Zoë/1.png": png(GREEN), "Zoë/2.png": b"broken"}
TERMS = {"text_id": "2026-1", "given_by": "the guardians"}


def text(client: FlaskClient, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


@pytest.mark.parametrize("login", ["bob", "dora", "ada"])
def test_only_administrators_import(desk: Desk, login: str) -> None:
    client = desk.client_of(login)
    assert client.get("/people/import").status_code == 403
    assert upload(client, archive=("a.zip", archive(THREE))).status_code == 403


def test_an_archive_is_shown_asked_about_and_taken_in(desk: Desk) -> None:
    answer = upload(desk.alice, archive=("a.zip", archive(THREE)))
    assert answer.status_code == 303
    page = text(desk.alice, answer.location)
    assert "Zoë" in page and "Ada Lovelace" in page
    assert len(names(desk)) == 5
    start = f"{answer.location}/start"
    refused = desk.alice.post(start, data={})
    assert refused.status_code == 400
    assert "Say which text was agreed to" in refused.get_data(as_text=True)
    form = {**TERMS, "group_id": desk.site.other_group.group_id}
    assert desk.alice.post(start, data=form).status_code == 303
    assert desk.alice.post(start, data=form).status_code == 303  # a second click does no harm
    page = text(desk.alice, answer.location)
    assert "waiting" in page and "http-equiv" in page
    state = desk.alice.get(f"{answer.location}/state").get_json()
    assert (state["busy"], state["done"], state["total"]) == (True, 0, 2)
    assert desk.site.parts.tasks.run_one()
    page = text(desk.alice, answer.location)
    assert "2 people were added" in page and "Zoë/2.png" in page
    assert "Zoë" in names(desk)
    assert "6a" in text(desk.alice, "/people?q=zoe")
    table = desk.alice.get(f"{answer.location}/refused.csv")
    assert table.data.startswith(b"\xef\xbb\xbf") and "Zoë/2.png".encode() in table.data
    assert list((desk.site.parts.settings.home / "work").iterdir()) == []


def names(desk: Desk) -> list[str]:
    with desk.site.parts.uow() as uow:
        return list(uow.subjects.names().values())


def test_a_table_alone_needs_no_consent(desk: Desk) -> None:
    answer = upload(desk.alice, table=("list.csv", "name,group\nZoë,9z\n=1+1,9z\n".encode()))
    assert desk.alice.post(f"{answer.location}/start", data={}).status_code == 303
    desk.site.parts.tasks.run_one()
    assert {"Zoë", "=1+1"} <= set(names(desk))


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({}, "Choose a ZIP archive"),
        ({"archive": ("a.zip", b"no zip")}, "not a ZIP archive"),
        ({"table": ("a.csv", b"x;y\n1;2\n")}, "first line must name the columns"),
        ({"archive": ("a.zip", archive({"readme.md": b"x"}))}, "nobody in it"),
    ],
)
def test_what_cannot_be_used_is_refused_at_once(
    desk: Desk, files: dict[str, tuple[str, bytes]], said: str
) -> None:
    answer = upload(desk.alice, **files)
    assert answer.status_code == 400
    assert said in answer.get_data(as_text=True)
    work = desk.site.parts.settings.home / "work"
    assert not work.exists() or list(work.iterdir()) == []


def test_a_draft_is_discarded_with_its_files(desk: Desk) -> None:
    answer = upload(desk.alice, archive=("a.zip", archive(THREE)))
    assert desk.alice.post(f"{answer.location}/discard").status_code == 303
    assert desk.alice.get(answer.location).status_code == 404
    assert list((desk.site.parts.settings.home / "work").iterdir()) == []


def test_an_import_is_stopped_before_it_begins_and_goes_on(desk: Desk) -> None:
    answer = upload(desk.alice, archive=("a.zip", archive({"Zoë/1.png": png(BLUE)})))
    desk.alice.post(f"{answer.location}/start", data=TERMS)
    assert desk.alice.post(f"{answer.location}/discard").status_code == 303
    assert desk.alice.post(f"{answer.location}/stop").status_code == 303
    assert not desk.site.parts.tasks.run_one()
    assert "Go on" in text(desk.alice, answer.location)
    assert desk.alice.post(f"{answer.location}/resume").status_code == 303
    assert desk.site.parts.tasks.run_one()
    assert "Zoë" in names(desk)


def test_the_report_says_whom_a_refused_face_looks_like(desk: Desk) -> None:
    desk.agree(desk.site.ada.subject_id)
    desk.send(desk.bob, desk.site.ada.subject_id, ("a.png", png(RED)))
    files = {"Zoë/1.png": png(RED, 1), "../x.png": b"x"}
    answer = upload(desk.alice, archive=("a.zip", archive(files)))
    desk.alice.post(f"{answer.location}/start", data=TERMS)
    desk.site.parts.tasks.run_one()
    page = text(desk.alice, answer.location)
    assert "It looks like Ada Lovelace" in page
    assert "Its path leads out of the archive" in page


def test_a_cell_of_the_report_is_no_formula(desk: Desk) -> None:
    answer = upload(desk.alice, archive=("a.zip", archive({"=cmd()/1.png": b"broken"})))
    desk.alice.post(f"{answer.location}/start", data=TERMS)
    desk.site.parts.tasks.run_one()
    table = desk.alice.get(f"{answer.location}/refused.csv").get_data(as_text=True)
    assert "'=cmd()/1.png" in table


def test_what_nobody_began_is_tidied_away(desk: Desk) -> None:
    answer = upload(desk.alice, archive=("a.zip", archive(THREE)))
    imports, parts = desk.site.parts.people_import, desk.site.parts
    imports.tidy()
    assert desk.alice.get(answer.location).status_code == 200
    desk.site.clock.advance(3 * 24 * 3600)
    imports.tidy()
    with parts.uow() as uow:
        assert uow.tasks.all() == []
    assert list((parts.settings.home / "work").iterdir()) == []


def test_no_name_of_an_upload_lies_readable_in_the_home(desk: Desk) -> None:
    upload(desk.alice, archive=("Class of Ada.zip", archive(THREE)))
    with desk.site.parts.uow() as uow:
        (task,) = uow.tasks.all([TaskState.DRAFT])
    assert "Ada" not in str(replace(task, spec={}))
    for file in desk.site.parts.settings.home.rglob("*"):
        assert "Ada" not in file.name
        if file.is_file():
            assert b"Lovelace" not in file.read_bytes()
