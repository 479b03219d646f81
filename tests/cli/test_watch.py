"""`rollbook watch` through the front door: a folder of pictures in, sealed marks out."""

from __future__ import annotations

import json
import re
import webbrowser
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import cv2
import pytest
from typer.testing import CliRunner

from rollbook import testing as t
from rollbook.bootstrap import App, build
from rollbook.cli import common
from rollbook.cli.main import app as program
from rollbook.domain.attendance import MarkKind, Session
from rollbook.domain.identification import Calibration, ProbeKind
from rollbook.domain.subjects import (
    Consent,
    Group,
    Membership,
    Reference,
    Subject,
    new_id,
)
from rollbook.errors import SessionClosed
from rollbook.services.galleries import Galleries
from rollbook.settings import Settings
from rollbook.vision.engine import Engine

NAMES = {"Ada Lovelace": t.RED, "Grace [bold] Hopper": t.GREEN}
ALIKE = Calibration(t.COLOUR_SPACE, ProbeKind.TRACK, (0, -10, 0), (0.0, 1.0), 0.1, "invented")


@pytest.fixture
def site(book: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[App]:
    """Return an installation whose networks see colours, with two people and no session."""
    opened = build(Settings(home=book))
    engine = Engine(t.ColourDetector([t.RED, t.GREEN, t.BLUE]), t.ColourEmbedder())
    galleries = Galleries(
        opened.uow,
        opened.clock,
        t.COLOUR_SPACE,
        {ProbeKind.TRACK: ALIKE},
        0.001,
        lambda owners, rows, space: frozenset(),
    )
    opened.__dict__.update(engine=engine, galleries=galleries)
    monkeypatch.setattr(common, "open_app", lambda **options: opened)
    yield opened
    opened.database.close()


def enrol(app: App, group: Group, name: str, colour: t.Colour) -> str:
    person, now = Subject(new_id(), name), app.clock.now()
    with app.uow() as uow:
        uow.subjects.add(person)
        uow.groups.join(Membership(group.group_id, person.subject_id, date(2020, 1, 1)))
        uow.consents.add(Consent(new_id(), person.subject_id, "2026-1", name, now))
        template = t.template_of(colour)
        uow.references.add(Reference(new_id(), person.subject_id, template, 80, "front", name, now))
        uow.commit()
    return person.subject_id


@pytest.fixture
def lesson(site: App) -> Session:
    """Return a session that began a minute ago, of a group with both people."""
    group = Group(new_id(), "7a")
    with site.uow() as uow:
        uow.groups.add(group)
        uow.commit()
    for name, colour in NAMES.items():
        enrol(site, group, name, colour)
    began = datetime.now(UTC) - timedelta(minutes=1)
    return site.register.open_session(
        group.group_id, began, began + timedelta(minutes=45), business_date=began.date()
    )


def pictures(folder: Path, *people: t.Colour, count: int = 12) -> Path:
    folder.mkdir()
    for index in range(count):
        scene = t.picture(320, 240)
        for place, colour in enumerate(people):
            t.paint(scene, t.face_at(30 + 90 * place + index, 80, 64), colour, grain=18)
        cv2.imwrite(str(folder / f"{index:03}.png"), scene)
    return folder


def run(*arguments: str) -> Any:
    return CliRunner().invoke(program, ["watch", *arguments])


def test_whoever_is_recognised_is_marked_and_told_with_the_reason(
    site: App, lesson: Session, tmp_path: Path
) -> None:
    folder = pictures(tmp_path / "door", t.RED, t.GREEN, t.BLUE)
    done = run(str(folder), "--session", lesson.session_id, "--camera-name", "front door")
    assert done.exit_code == 0, done.output
    assert re.search(r"Ada Lovelace arrived \(score 1\.000, threshold 0\.\d+, margin", done.output)
    assert "Grace [bold] Hopper arrived" in done.output
    assert "2 marks, 2 people recognised, 1 faces stayed unknown" in done.output
    marks = site.register.marks(lesson.session_id)
    assert {mark.kind for mark in marks} == {MarkKind.ARRIVED}
    assert {mark.camera_id for mark in marks} == {"front door"}
    assert {mark.evidence.frames for mark in marks if mark.evidence} == {3}
    with site.uow() as uow:  # the stranger; of the camera's name and the folder nothing is kept
        counts = uow.tallies.between(lesson.business_date, lesson.business_date)
    assert counts == {(lesson.business_date, "watch", "below_threshold"): 1}


def test_json_is_one_object_with_people_and_speed(
    site: App, lesson: Session, tmp_path: Path
) -> None:
    folder = pictures(tmp_path / "door", t.RED)
    done = run(str(folder), "--session", lesson.session_id[:8], "--json")
    answer = json.loads(done.stdout)
    assert [one["person"] for one in answer["marked"]] == ["Ada Lovelace"]
    assert (answer["frames"], answer["marks"], answer["end"]) == (12, 1, "source ended")
    assert answer["median_ms"] <= answer["p95_ms"]


def test_a_second_watch_of_the_same_pictures_marks_nobody_again(
    site: App, lesson: Session, tmp_path: Path
) -> None:
    folder = pictures(tmp_path / "door", t.RED)
    run(str(folder), "--session", lesson.session_id)
    done = run(str(folder), "--session", lesson.session_id)
    assert "Ada Lovelace: already marked" in done.output
    assert len(site.register.marks(lesson.session_id)) == 1


def test_pictures_of_an_earlier_hour_are_marked_at_their_time(
    site: App, lesson: Session, tmp_path: Path
) -> None:
    folder = pictures(tmp_path / "door", t.RED)
    wall = (lesson.starts_at + timedelta(minutes=5)).astimezone(site.zone)
    if wall.date() != lesson.business_date:
        pytest.skip("run within minutes of midnight")
    run(str(folder), "--session", lesson.session_id, "--at", f"{wall:%H:%M}")
    (mark,) = site.register.marks(lesson.session_id)
    assert abs(mark.at - lesson.starts_at - timedelta(minutes=5)) < timedelta(minutes=1)


def test_an_out_camera_marks_a_departure(site: App, lesson: Session, tmp_path: Path) -> None:
    folder = pictures(tmp_path / "door", t.RED)
    run(str(folder), "--session", lesson.session_id)
    run(str(folder), "--session", lesson.session_id, "--direction", "out")
    kinds = [mark.kind for mark in site.register.marks(lesson.session_id)]
    assert kinds == [MarkKind.ARRIVED, MarkKind.LEFT]


def test_a_closed_session_takes_no_marks(site: App, lesson: Session, tmp_path: Path) -> None:
    site.register.close_session(lesson.session_id)
    done = run(str(pictures(tmp_path / "door", t.RED)), "--session", lesson.session_id)
    assert done.exit_code == 1
    assert "closed" in done.output
    assert site.register.marks(lesson.session_id) == []


def test_a_running_watch_learns_of_changes_and_of_the_sessions_end(
    site: App, lesson: Session
) -> None:
    known = site.galleries.for_session(lesson)
    assert site._newer_gallery(lesson, known) is None
    enrol(site, Group(lesson.group_id, "7a"), "Edsger Dijkstra", t.BLUE)
    newer = site._newer_gallery(lesson, known)
    assert newer is not None
    assert len(newer.gallery) == 3
    site.register.close_session(lesson.session_id)
    with pytest.raises(SessionClosed):
        site._newer_gallery(lesson, newer)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere.mp4"], "There is no file or folder"),
        (["gopher://10.0.0.5/x"], "Streams of this kind are not read"),
        ([".", "--at", "quarter past"], "is not a time"),
    ],
)
def test_what_cannot_be_watched_is_refused_in_a_sentence(
    site: App, lesson: Session, arguments: list[str], said: str
) -> None:
    done = run(*arguments, "--session", lesson.session_id)
    assert done.exit_code == 1
    assert said in done.output


def test_an_unknown_session_is_refused(site: App, tmp_path: Path) -> None:
    done = run(str(pictures(tmp_path / "door")), "--session", "ffffffff")
    assert done.exit_code == 1


def test_the_password_of_a_stream_is_neither_said_nor_kept(site: App, lesson: Session) -> None:
    over = replace(lesson, ends_at=lesson.starts_at + timedelta(seconds=1))
    with site.uow() as uow:
        uow.sessions.update(over)
        uow.commit()
    done = run("rtsp://ada:hunter2@127.0.0.1:9/live", "--session", lesson.session_id)
    assert "The watch is over: session over." in done.output
    assert "127.0.0.1:9/live" in done.output
    assert "hunter2" not in done.output


def test_display_opens_the_page_and_where_there_is_no_browser_says_its_address(
    site: App, lesson: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    answers: list[bool] = [True, False]

    def open_browser(address: str) -> bool:
        opened.append(address)
        return answers.pop(0)

    monkeypatch.setattr(webbrowser, "open", open_browser)
    folder = pictures(tmp_path / "door", t.RED)
    first = run(str(folder), "--session", lesson.session_id, "--display")
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/open/[\w-]{43}", opened[0])
    assert opened[0] not in first.output
    second = run(str(folder), "--session", lesson.session_id, "--display")
    assert opened[1] in second.output
    assert opened[0] != opened[1]


def test_nobody_without_consent_is_compared(site: App, lesson: Session, tmp_path: Path) -> None:
    with site.uow() as uow:
        for person in uow.subjects.all():
            for consent in uow.consents.of(person.subject_id):
                uow.consents.update(replace(consent, withdrawn_at=site.clock.now()))
        uow.commit()
    run(str(pictures(tmp_path / "door", t.RED)), "--session", lesson.session_id)
    assert site.register.marks(lesson.session_id) == []
    assert site.engine.embedder.embedded == 0  # type: ignore[attr-defined]


def test_it_is_said_who_cannot_be_found_and_why_a_face_gets_no_name(
    site: App, lesson: Session, tmp_path: Path
) -> None:
    person = Subject(new_id(), "No Consent")
    with site.uow() as uow:
        uow.subjects.add(person)
        uow.groups.join(Membership(lesson.group_id, person.subject_id, date(2020, 1, 1)))
        uow.commit()
    folder = pictures(tmp_path / "door", t.BLUE)
    blank = t.picture(320, 240)
    t.paint(blank, t.face_at(200, 80, 18), t.RED)  # too small to be used
    for index in range(3):
        cv2.imwrite(str(folder / f"a{index}.png"), blank)
    done = run(str(folder), "--session", lesson.session_id)
    assert "2 of 3 people on the roster can be recognised. The others have not" in done.output
    assert done.output.count("Unknown: nobody known.") == 1
    assert done.output.count("The face is too small. Come closer to the camera.") == 1
    assert "15 of them with a face" in done.output


def test_frames_without_a_face_are_said(site: App, lesson: Session, tmp_path: Path) -> None:
    done = run(str(pictures(tmp_path / "door")), "--session", lesson.session_id)
    assert re.search(r"12 frames in .*; no face in any\.", done.output)
