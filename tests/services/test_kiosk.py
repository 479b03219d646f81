"""A kiosk from picture to picture: who is greeted was marked before, and nobody twice."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from builders import make_class
from kiosk_bench import ADMIN, KioskBench, enrol, jpeg
from rollbook.domain.attendance import Direction, Ignored, Mark, MarkKind, Method
from rollbook.domain.kiosk_answers import Notice, Said
from rollbook.errors import Busy, StorageUnavailable, UnreadableImage
from rollbook.services.consenting import ConsentTerms
from rollbook.services.devices import DevicePlan
from rollbook.services.kiosk import KioskDesk
from rollbook.services.kiosk_live import AT_ONCE, CALM, LiveKiosk
from rollbook.services.kiosk_marks import KioskMarks
from rollbook.services.kiosk_sessions import KioskSessions
from rollbook.testing import BLUE, GREEN, RED


@pytest.fixture
def bench(book: Path) -> Iterator[KioskBench]:
    made = KioskBench(book)
    yield made
    made.close()


def test_a_known_face_is_marked_and_then_greeted(bench: KioskBench) -> None:
    first = bench.see(RED)
    assert [face.said.notice for face in first.faces] == [Notice.LOOKING]
    assert bench.marks() == []
    assert bench.watch(RED, pictures=2) == [Said(Notice.MARKED, "Ada Lovelace")]
    (mark,) = bench.marks()
    assert (mark.subject_id, mark.method) == (bench.id_of("Ada Lovelace"), Method.FACE)
    assert mark.camera_id == bench.device.device_id and mark.evidence is not None
    left, top, right, bottom = bench.see(RED).faces[0].box
    assert 0 < left < right < 1 and 0 < top < bottom < 1


def test_who_stays_is_marked_once_and_is_told_so_when_they_come_again(bench: KioskBench) -> None:
    bench.watch(RED, pictures=20)
    bench.watch(pictures=12)  # away
    assert bench.watch(RED) == [Said(Notice.ALREADY, "Ada Lovelace")]
    assert len(bench.marks()) == 1


def test_two_people_at_once_are_two_marks(bench: KioskBench) -> None:
    said = bench.watch(RED, GREEN)
    assert [one.name for one in said] == ["Ada Lovelace", "Alan Turing"]
    assert len(bench.marks()) == 2


def test_a_stranger_stays_unknown_and_is_told_why(bench: KioskBench) -> None:
    (said,) = bench.watch(BLUE, pictures=10)
    assert (said.notice, said.name, said.reason) == (Notice.UNKNOWN, "", "below_threshold")
    assert bench.marks() == []


def test_who_comes_late_is_told_so(bench: KioskBench) -> None:
    bench.clock.advance(11 * 60)
    assert bench.watch(RED) == [Said(Notice.LATE, "Ada Lovelace")]


def test_pictures_are_wanted_at_once_until_everybody_is_settled(bench: KioskBench) -> None:
    assert bench.see().next_ms == CALM
    wanted = [bench.see(RED).next_ms for _ in range(4)]
    assert wanted == [AT_ONCE, AT_ONCE, CALM, CALM]


def test_a_face_that_cannot_be_settled_does_not_hurry_for_ever(bench: KioskBench) -> None:
    tiny = [bench.desk.see(bench.device, jpeg(BLUE)).next_ms]
    for _ in range(60):
        bench.clock.advance(0.125)
        tiny.append(bench.desk.see(bench.device, jpeg(BLUE)).next_ms)
    assert tiny[0] == AT_ONCE and tiny[-1] == CALM


def test_a_withdrawn_consent_holds_within_seconds(bench: KioskBench) -> None:
    bench.watch(GREEN)
    bench.parts.consenting.withdraw(bench.id_of("Alan Turing"))
    bench.clock.advance(1)
    (said,) = bench.watch(GREEN, pictures=10)
    assert said.notice is not Notice.MARKED and said.name == ""


def test_somebody_who_is_enrolled_meanwhile_is_found(bench: KioskBench) -> None:
    bench.watch(BLUE)
    enrol(bench.parts, bench.id_of("Grace Hopper"), BLUE)
    bench.clock.advance(4)
    assert bench.watch(BLUE, pictures=12) == [Said(Notice.MARKED, "Grace Hopper")]


def test_a_site_may_greet_by_the_first_name_or_by_none(bench: KioskBench) -> None:
    for wish, name in (("first", "Ada"), ("none", "")):
        bench.parts.kiosk_greeting.choose(wish, ADMIN)
        bench.watch(pictures=12)
        assert bench.watch(RED)[0].name == name


def test_without_a_session_no_picture_is_looked_at(bench: KioskBench) -> None:
    bench.parts.register.close_session(bench.session.session_id)
    later = bench.open_session(bench.group.group_id, "Art", minutes=120)
    bench.clock.advance(2)
    answer = bench.see(RED)
    assert (answer.session, answer.faces, answer.choices) == (None, (), ())
    assert answer.next_session is not None
    assert answer.next_session.session_id == later.session_id
    assert bench.desk.state(bench.device).session is None


def test_a_session_that_is_closed_while_somebody_is_looked_at_takes_no_mark(
    bench: KioskBench,
) -> None:
    bench.see(RED)
    bench.parts.register.close_session(bench.session.session_id)
    for _ in range(6):
        bench.see(RED)
    assert bench.marks() == []


def test_of_several_sessions_one_is_chosen(bench: KioskBench) -> None:
    other = bench.open_session(bench.group.group_id, "Choir")
    bench.clock.advance(2)
    answer = bench.see(RED)
    assert answer.session is None
    assert {shown.title for shown in answer.choices} == {"Maths", "Choir"}
    for _ in range(4):
        answer = bench.see(RED, session_id=other.session_id)
    assert answer.session is not None and answer.session.title == "Choir"
    assert len(bench.parts.register.marks(other.session_id)) == 1 and bench.marks() == []


def test_a_kiosk_shows_no_session_of_another_group(bench: KioskBench) -> None:
    other, _ = make_class(bench.parts.uow, ["Edsger Dijkstra"], "6a")
    foreign = bench.open_session(other.group_id)
    elsewhere, _ = bench.add_device("Gym", group_ids=(other.group_id,))
    here, _ = bench.add_device("Hall", group_ids=(bench.group.group_id,))
    bench.clock.advance(2)
    assert bench.see(RED, device=here, session_id=foreign.session_id).session.title == "Maths"
    assert bench.watch(RED, device=elsewhere, pictures=10)[0].name == ""
    assert bench.marks() == []


def test_on_the_way_out_a_departure_is_written(bench: KioskBench) -> None:
    exit_, _ = bench.add_device("Exit", direction=Direction.OUT)
    assert bench.watch(RED, device=exit_)[0] == Said(
        Notice.NOT_MARKED, "Ada Lovelace", reason="not_in"
    )
    bench.watch(RED)
    bench.clock.advance(600)
    assert bench.watch(RED, device=exit_)[0] == Said(Notice.LEFT, "Ada Lovelace")
    assert [mark.kind for mark in bench.marks()] == [MarkKind.ARRIVED, MarkKind.LEFT]


def test_nobody_is_called_marked_while_the_database_cannot_be_written(
    bench: KioskBench,
) -> None:
    parts, broken = bench.parts, [True]

    def sometimes(*arguments: Any) -> Mark | Ignored:
        if broken[0]:
            raise StorageUnavailable("The disk is full.")
        return parts.register.sight(*arguments)

    marks = KioskMarks(
        parts.uow,
        bench.clock,
        sometimes,
        parts.own_codes,
        parts.pins,
        parts.kiosk_greeting.of,
    )
    sessions = KioskSessions(parts.uow, bench.clock, parts.today)
    bench.desk = KioskDesk(
        parts.uow, bench.clock, sessions, marks, parts.own_codes, parts.run_for_kiosk
    )
    assert bench.watch(RED, pictures=6) == [Said(Notice.SAVING)]
    seen_at = bench.clock.now()
    broken[0] = False
    assert bench.see(RED).faces[0].said == Said(Notice.MARKED, "Ada Lovelace")
    (mark,) = bench.marks()
    assert mark.at < seen_at, "the mark tells when they came, not when it could be written"


def test_a_picture_that_is_none_is_refused_and_the_kiosk_goes_on(bench: KioskBench) -> None:
    for bad in (b"", b"GIF89a", b"\xff\xd8\xff\xe0", jpeg(RED)[:700]):
        with pytest.raises(UnreadableImage):
            bench.desk.see(bench.device, bad)
    assert bench.watch(RED, pictures=4) == [Said(Notice.MARKED, "Ada Lovelace")]


def test_one_picture_of_a_kiosk_is_looked_at_at_a_time(bench: KioskBench) -> None:
    live, now = LiveKiosk(bench.session, bench.clock.now()), bench.clock.now()
    with live.turn(now), pytest.raises(Busy), live.turn(now):
        pass
    with live.turn(now):
        pass


def test_a_kiosk_that_nobody_uses_is_forgotten(bench: KioskBench) -> None:
    live, now = LiveKiosk(bench.session, bench.clock.now()), bench.clock.now()
    assert not live.is_forgotten(now + timedelta(seconds=110))
    assert live.is_forgotten(now + timedelta(seconds=130))
    bench.watch(RED, pictures=2)
    bench.clock.advance(130)
    bench.see(device=bench.add_device("Hall")[0])
    (said,) = [face.said for face in bench.see(RED).faces]
    assert said.notice is Notice.LOOKING, "it starts anew"


def test_two_kiosks_that_see_one_person_at_the_same_moment_write_one_mark(
    bench: KioskBench,
) -> None:
    devices = [bench.device, *(bench.add_device(f"Door {n}")[0] for n in range(3))]
    for device in devices:
        bench.desk.see(device, jpeg(RED))
        bench.desk.see(device, jpeg(RED))
    bench.clock.advance(0.2)
    for device in devices:
        bench.desk.see(device, jpeg(RED))
    bench.clock.advance(0.2)
    ready, said = threading.Barrier(len(devices)), list[Notice]()

    def look(index: int) -> None:
        ready.wait(10)
        answer = bench.desk.see(devices[index], jpeg(RED))
        said.append(answer.faces[0].said.notice)

    threads = [threading.Thread(target=look, args=(n,)) for n in range(len(devices))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(said) == [Notice.ALREADY] * 3 + [Notice.MARKED]
    assert len(bench.marks()) == 1


def test_what_a_kiosk_may_show_changes_at_once(bench: KioskBench) -> None:
    other, _ = make_class(bench.parts.uow, ["Edsger Dijkstra"], "6a")
    plan = DevicePlan("Door", group_ids=(other.group_id,))
    device = bench.parts.devices.change(bench.device.device_id, plan, ADMIN)
    assert bench.see(RED, device=device).session is None


def test_who_agreed_again_is_only_found_with_new_samples(bench: KioskBench) -> None:
    ada = bench.id_of("Ada Lovelace")
    bench.parts.consenting.withdraw(ada)
    bench.parts.consenting.record(ada, ConsentTerms("v1", "her mother"))
    assert bench.watch(RED, pictures=10)[0].name == ""


@pytest.mark.slow
def test_two_servers_whose_kiosks_see_one_person_write_one_mark(bench: KioskBench) -> None:
    keys = [bench.key, *(bench.add_device(f"Door {n}")[1] for n in range(2))]
    script = Path(__file__).parent.parent / "kiosk_process.py"
    home = str(bench.parts.settings.home)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(script.parent), *sys.path])}
    processes = [
        subprocess.Popen(
            [sys.executable, str(script), home, key],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        for key in keys
    ]
    for process in processes:
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
    moment = f"{time.time() + 0.2}\n"
    said = sorted(process.communicate(moment, timeout=60)[0].strip() for process in processes)
    assert said == ["already", "already", "marked"]
    assert len(bench.marks()) == 1
