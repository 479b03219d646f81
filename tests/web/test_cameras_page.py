"""The cameras' pages: Alice changes them, Bob looks in his class, Charlie sees other ones."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import cv2
import pytest
from flask.testing import FlaskClient

from rollbook.domain.attendance import Direction, Method
from rollbook.domain.camera_ports import SiteCamera
from rollbook.domain.identification import Calibration, ProbeKind
from rollbook.domain.subjects import Consent, Reference, new_id
from rollbook.services.galleries import Galleries
from rollbook.testing import COLOUR_SPACE, RED, face_at, paint, picture, template_of
from web.school import Site

Browser = Callable[[str | None], FlaskClient]
SECRET = "rtsp://ada:secret@192.0.2.9/live"


def add(browser: FlaskClient, **fields: object) -> str:
    """Add a camera by the form; return its address."""
    form = {"name": "Front door", "source": SECRET, "direction": "in", "enabled": "yes", **fields}
    answer = browser.post("/cameras/new", data=form)
    assert answer.status_code == 302, answer.text
    return str(answer.location)


def keep(site: Site, source: Path, *groups: str) -> SiteCamera:
    """Keep a camera whose pictures are in a folder, as no form lets anybody do."""
    camera = SiteCamera(new_id(), "folder", str(source), "folder", group_ids=frozenset(groups))
    with site.parts.uow() as uow:
        uow.cameras.add(camera)
        uow.commit()
    return camera


def events(site: Site) -> list[str]:
    with site.parts.uow() as uow:
        return [str(entry.body.get("event")) for entry in uow.register.entries()]


@pytest.fixture
def door(tmp_path: Path) -> Path:
    """Return a folder of pictures in which somebody red stands at the door."""
    folder = tmp_path / "door"
    folder.mkdir()
    for index in range(40):
        scene = picture(320, 240)
        paint(scene, face_at(100 + index % 3, 80, 64), RED, grain=18)
        cv2.imwrite(str(folder / f"{index:03}.png"), scene)
    return folder


def test_an_administrator_adds_changes_switches_and_removes(site: Site, client_of: Browser) -> None:
    alice = client_of("alice")
    assert "There is no camera yet" in alice.get("/cameras").text
    url = add(alice, groups=site.group.group_id, room="Hall")
    page = alice.get(url).text
    assert "Front door" in page and "5b" in page and "Hall" in page
    assert "rtsp://192.0.2.9/live" in page and "secret" not in page
    form = alice.get(f"{url}/edit").text
    assert "secret" not in form and "checked" in form
    changed = alice.post(f"{url}/edit", data={"name": "Gate", "source": "", "direction": "out"})
    assert changed.status_code == 302
    with site.parts.uow() as uow:
        (camera,) = uow.cameras.all()
    assert (camera.name, camera.source, camera.direction) == ("Gate", SECRET, Direction.OUT)
    assert camera.group_ids == frozenset() and not camera.enabled
    alice.post(f"{url}/switch", data={"on": "yes"})
    assert "This server runs no cameras" in alice.get(url).text
    assert alice.post(f"{url}/remove").location.endswith("/cameras")
    assert alice.get(url).status_code == 404
    assert {"camera added", "camera changed", "camera switched on", "camera removed"} <= set(
        events(site)
    )


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"name": " "}, "name has 1 to"),
        ({"source": ""}, "Say where the pictures come from"),
        ({"source": "/etc/passwd"}, "webcam&#39;s number"),
        ({"source": "file:///etc/passwd"}, "webcam&#39;s number"),
        ({"source": "udp://192.0.2.9"}, "webcam&#39;s number"),
    ],
)
def test_what_cannot_be_used_is_said_beside_the_field(
    client_of: Browser, fields: dict[str, str], said: str
) -> None:
    form = {"name": "Door", "source": "0", **fields}
    answer = client_of("alice").post("/cameras/new", data=form)
    assert answer.status_code == 422
    assert said in answer.text and 'aria-invalid="true"' in answer.text


def test_a_group_that_is_not_there_is_refused(client_of: Browser) -> None:
    form = {"name": "Door", "source": "0", "groups": new_id()}
    assert client_of("alice").post("/cameras/new", data=form).status_code == 404


def test_bob_sees_cameras_of_his_class_and_charlie_does_not(site: Site, client_of: Browser) -> None:
    url = add(client_of("alice"), groups=site.group.group_id)
    assert "Front door" in client_of("bob").get("/cameras").text
    assert client_of("bob").get(url).status_code == 200
    assert client_of("bob").post(f"{url}/edit", data={"name": "x"}).status_code == 403
    assert client_of("bob").post(f"{url}/remove").status_code == 403
    assert "Front door" not in client_of("charlie").get("/cameras").text
    for path in (url, f"{url}/picture"):
        assert client_of("charlie").get(path).status_code == 404
    for nobody in ("dora", "ada"):
        assert client_of(nobody).get("/cameras").status_code == 403
        assert client_of(nobody).get(f"{url}/picture").status_code == 403


def test_a_look_gives_one_picture_and_is_written_down(
    site: Site, client_of: Browser, door: Path
) -> None:
    camera = keep(site, door, site.group.group_id)
    url = f"/cameras/{camera.camera_id}"
    assert f"{url}/picture" not in client_of("bob").get(url).text
    assert f"{url}/picture" in client_of("bob").get(f"{url}?look=1").text
    answer = client_of("bob").get(f"{url}/picture")
    assert (answer.status_code, answer.mimetype) == (200, "image/jpeg")
    assert "no-store" in answer.headers["Cache-Control"] and answer.data[:2] == b"\xff\xd8"
    with site.parts.uow() as uow:
        entry = uow.register.entries()[0]
    assert entry.body["event"] == "looked through a camera"
    assert entry.body["by"] == f"faculty {site.users['bob'].user_id}"


def test_a_camera_of_all_groups_is_looked_through_by_those_who_see_all(
    site: Site, client_of: Browser, door: Path
) -> None:
    url = f"/cameras/{keep(site, door).camera_id}"
    assert "for those who see all of its groups" in client_of("bob").get(url).text
    assert client_of("bob").get(f"{url}/picture").status_code == 404
    assert client_of("alice").get(f"{url}/picture").status_code == 200


def test_where_faces_are_off_nobody_looks(site: Site, client_of: Browser, door: Path) -> None:
    url = f"/cameras/{keep(site, door).camera_id}"
    with site.parts.uow() as uow:
        uow.site.set("faces_enabled", False)
        uow.commit()
    assert "does without faces" in client_of("alice").get(f"{url}?look=1").text
    assert client_of("alice").get(f"{url}/picture").status_code == 409
    assert "looked through a camera" not in events(site)


def test_a_camera_without_pictures_is_told_and_not_waited_for_long(
    site: Site, client_of: Browser, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    url = f"/cameras/{keep(site, tmp_path / 'empty').camera_id}"
    assert client_of("alice").get(f"{url}/picture").status_code in {400, 503}


def enrol_ada(site: Site) -> None:
    with site.parts.uow() as uow:
        subject_id, now = site.ada.subject_id, site.clock.now()
        uow.consents.add(Consent(new_id(), subject_id, "2026-1", "Ada", now))
        template = template_of(RED)
        uow.references.add(Reference(new_id(), subject_id, template, 80, "front", "x", now))
        uow.commit()


@pytest.mark.slow
def test_a_camera_marks_who_comes_while_the_lesson_runs(
    site: Site, client_of: Browser, door: Path
) -> None:
    enrol_ada(site)
    alike = Calibration(COLOUR_SPACE, ProbeKind.TRACK, (0, -10, 0), (0.0, 1.0), 0.1, "invented")
    site.parts.__dict__["galleries"] = Galleries(
        site.parts.uow,
        site.clock,
        COLOUR_SPACE,
        {ProbeKind.TRACK: alike},
        0.001,
        lambda owners, rows, space: frozenset(),
    )
    site.parts.__dict__["for_thread"] = lambda threads: site.parts  # its calibration is invented
    camera = keep(site, door, site.group.group_id)
    watch, pause, alice = site.parts.camera_watch, threading.Event(), client_of("alice")
    watch.start()
    try:
        url, tries = f"/cameras/{camera.camera_id}", 0
        while "It gave its last picture" not in alice.get(url).text:
            pause.wait(0.05)
            tries += 1
            assert tries < 400, alice.get(url).text
    finally:
        watch.stop()
    (mark,) = site.parts.register.marks(site.session.session_id)
    assert (mark.subject_id, mark.method) == (site.ada.subject_id, Method.FACE)
    assert mark.camera_id == "folder"
