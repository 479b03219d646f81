"""Class photographs: nothing is written before a teacher says who it is, and nothing stays."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from intake import TERMS, Intake, portrait, shade
from rollbook.bootstrap import App
from rollbook.domain.attendance import Method, Status
from rollbook.domain.identification import Calibration, ProbeKind
from rollbook.errors import Busy
from rollbook.services.engine_pool import EnginePool
from rollbook.services.enrol import Enrolee
from rollbook.services.pending_photos import PER_PERSON, PhotoShelf, ShownPhoto
from rollbook.services.photo import PhotoResult
from rollbook.services.samples import Picture
from rollbook.testing import (
    BLUE,
    COLOUR_SPACE,
    GREEN,
    RED,
    YELLOW,
    FixedClock,
    face_at,
    paint,
    picture,
)
from rollbook.vision.images import encode_jpeg
from web.desk import multipart
from web.school import Site

ClientOf = Callable[[str | None], FlaskClient]
CURVE = ((0.0, -6.0, 0.0), (0.0, 1.0), 0.05, "invented")


def calibrations() -> dict[ProbeKind, Calibration]:
    return {kind: Calibration(COLOUR_SPACE, kind, *CURVE) for kind in ProbeKind}


class Classroom:
    """Ada is red and Alan green; Grace did not agree. Blue is a stranger, and yellow
    resembles Alan a little."""

    def __init__(self, site: Site, client: FlaskClient) -> None:
        self.site, self.client = site, client
        self.url = f"/sessions/{site.session.session_id}/photo"
        intake = Intake(site.parts.uow)
        for person, colour in zip(site.people, (RED, GREEN), strict=False):
            consent = TERMS.consent_of(person.subject_id, site.clock.now())
            shots = [
                Picture(f"{person.name} {n}", f"{n}", portrait(shade(colour, n))) for n in (0, 5)
            ]
            intake.enroller.enrol(Enrolee(person, consent, is_new=False), shots)
        site.parts.engines.close()
        site.parts.engines = EnginePool(self.worker, workers=1)

    def worker(self) -> App:
        app = self.site.parts.for_thread()
        app.calibrations = calibrations()
        app._look_alikes = lambda *_: frozenset()  # type: ignore[method-assign]
        return app

    def send(self, *files: bytes, **fields: str) -> TestResponse:
        sent = [(f"{number}.jpg", data) for number, data in enumerate(files)]
        return self.client.post(self.url, **multipart(sent, "photos", **fields))

    def sent(self, *files: bytes) -> str:
        """Return the address of the review."""
        answer = self.send(*files)
        assert answer.status_code == 303, answer.text
        return str(answer.location)

    def confirm(self, address: str, **form: str) -> str:
        return self.client.post(address, data=form, follow_redirects=True).text

    def marks(self) -> list[tuple[str, Method, Status | None]]:
        names = {person.subject_id: person.name for person in self.site.people}
        marks = self.site.parts.register.marks(self.site.session.session_id)
        return [(names[m.subject_id], m.method, m.status) for m in marks]


def photograph(*colours: Any) -> bytes:
    pixels = picture()
    for index, colour in enumerate(colours):
        paint(pixels, face_at(40 + 150 * index, 150, 100), colour, grain=20)
    return encode_jpeg(pixels, 100)


@pytest.fixture
def room(site: Site, client_of: ClientOf) -> Classroom:
    return Classroom(site, client_of("bob"))


def test_names_are_proposed_and_nothing_is_written(room: Classroom) -> None:
    page = room.client.get(room.sent(photograph(RED, BLUE))).text
    assert "2 faces were found" in page and "recognised" in page and "unknown" in page
    assert "Mark these by hand" in page and "Grace Hopper" in page.split("Mark these by hand")[1]
    assert page.count("<rect") == 2 and "style=" not in page
    assert room.marks() == []


def test_an_unsure_face_is_a_question_that_may_wait(room: Classroom) -> None:
    address = room.sent(photograph(YELLOW))
    assert "Is this Alan Turing?" in room.client.get(address).text
    page = room.confirm(address, **{"face_0-1": "later"})
    assert "1 face waits" in page and room.marks() == []
    assert "face 1" in room.client.get("/review").text


def test_confirmed_and_assigned_faces_become_marks_and_the_photograph_is_gone(
    room: Classroom,
) -> None:
    address = room.sent(photograph(RED, YELLOW))
    ada, _alan, grace = (person.subject_id for person in room.site.people)
    assert room.client.get(f"{address}/0.jpg").mimetype == "image/jpeg"
    page = room.confirm(address, **{"face_0-1": ada, "face_0-2": grace})
    assert "2 people were marked" in page
    assert room.marks() == [
        ("Ada Lovelace", Method.PHOTO, None),
        ("Grace Hopper", Method.HAND, None),
    ]
    mark = room.site.parts.register.marks(room.site.session.session_id)[0]
    assert mark.evidence is not None and mark.by == f"faculty {room.site.users['bob'].user_id}"
    assert room.client.get(f"{address}/0.jpg").status_code == 404
    assert len(room.site.parts.photo_shelf) == 0


def test_a_second_submit_writes_nothing(room: Classroom) -> None:
    address = room.sent(photograph(RED))
    form = {"face_0-1": room.site.ada.subject_id}
    room.confirm(address, **form)
    assert "are gone" in room.confirm(address, **form)
    again = room.sent(photograph(RED))
    assert "already marked" in room.confirm(again, **form)
    assert len(room.marks()) == 1


def test_a_wrong_name_is_corrected_by_the_teacher(room: Classroom) -> None:
    address = room.sent(photograph(RED))
    room.confirm(address, **{"face_0-1": room.site.people[1].subject_id})
    assert room.marks() == [("Alan Turing", Method.HAND, None)]


def test_what_cannot_be_meant_is_asked_again_with_the_choices_kept(room: Classroom) -> None:
    address = room.sent(photograph(RED, GREEN))
    ada = room.site.ada.subject_id
    answer = room.client.post(address, data={"face_0-1": ada, "face_0-2": ada})
    assert answer.status_code == 400 and "two faces of one photograph" in answer.text
    chosen = re.findall(r'value="([0-9a-z]+)" selected', answer.text)
    assert chosen == [ada, ada] and room.marks() == []
    stranger = room.site.others[0].subject_id
    assert room.client.post(address, data={"face_0-1": stranger}).status_code == 400


def test_photographs_are_dropped_on_request(room: Classroom) -> None:
    address = room.sent(photograph(RED), photograph(GREEN))
    assert "Nothing was written" in room.confirm(address, drop="yes")
    assert room.marks() == [] and len(room.site.parts.photo_shelf) == 0


def test_nobody_else_sees_the_photograph(room: Classroom, client_of: ClientOf) -> None:
    address = room.sent(photograph(RED))
    for login in ("alice", "charlie", "dora", "ada"):
        assert client_of(login).get(f"{address}/0.jpg").status_code in {403, 404}
    other = address.replace(room.site.session.session_id, room.site.other_session.session_id)
    assert room.client.get(other).status_code == 404
    assert room.client.get(f"{address}/7.jpg").status_code == 404


def test_nothing_is_written_to_the_disk_in_clear(room: Classroom) -> None:
    photo = photograph(RED)
    room.sent(photo)
    home = room.site.parts.settings.home
    assert all(photo[200:400] not in f.read_bytes() for f in home.rglob("*") if f.is_file())


def test_it_is_forgotten_after_a_while(room: Classroom) -> None:
    address = room.sent(photograph(RED))
    room.site.clock.advance(16 * 60)
    assert room.client.get(address).status_code == 303
    assert room.client.get(f"{address}/0.jpg").status_code == 404


@pytest.mark.parametrize(
    ("files", "fields"),
    [
        ((), {}),
        ((b"no picture",), {}),
        ((b"x",) * 7, {}),
        ((b"",), {}),
        ((b"x",), {"taken": "25:00"}),
        ((b"x",), {"taken": "03:00"}),
    ],
)
def test_what_cannot_be_used_is_said(
    room: Classroom, files: tuple[bytes, ...], fields: dict[str, str]
) -> None:
    answer = room.send(*files, **fields)
    assert answer.status_code == 400 and 'role="alert"' in answer.text


def test_a_busy_recognition_is_said_kindly(
    room: Classroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full:
        def run(self, work: object) -> None:
            raise Busy("busy")

        def close(self) -> None: ...

    room.site.parts.engines.close()
    room.site.parts.engines = Full()  # type: ignore[assignment]
    answer = room.send(photograph(RED))
    assert answer.status_code == 503 and "Send yours again" in answer.text


def test_a_closed_session_takes_no_photograph(room: Classroom) -> None:
    room.site.parts.register.close_session(room.site.session.session_id)
    assert "takes no photographs" in room.client.get(room.url).text
    assert room.send(photograph(RED)).status_code == 400


def test_the_shelf_keeps_few_and_only_for_a_while() -> None:
    clock = FixedClock()
    shelf = PhotoShelf(clock)
    empty = PhotoResult((), (), (), 0.5, 0.1, 0.4)
    shown = [ShownPhoto(b"jpeg", 1, 1)]
    assert shelf.get("none", "bob", "s") is None
    kept = [shelf.put("bob", "s", empty, shown, clock.now()) for _ in range(PER_PERSON + 2)]
    assert len(shelf) == PER_PERSON
    assert shelf.get(kept[0].token, "bob", "s") is None
    assert shelf.get(kept[-1].token, "bob", "s") is kept[-1]
    assert shelf.get(kept[-1].token, "alice", "s") is None
    assert shelf.get(kept[-1].token, "bob", "t") is None
    clock.at += timedelta(minutes=15)
    assert shelf.get(kept[-1].token, "bob", "s") is None and len(shelf) == 0
    shelf.close()


def test_photographs_as_large_as_telephones_make_them_are_taken(room: Classroom) -> None:
    """What is appended to a JPEG is not looked at: it stands for a large picture."""
    large = photograph(RED) + bytes(6 * 1024 * 1024)
    address = room.sent(large, large, large)
    assert "3 faces were found" in room.client.get(address).text
    home = room.site.parts.settings.home
    assert not list((home / "work").glob("*.sealed")), "what was sealed meanwhile is deleted"
