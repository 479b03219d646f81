"""A withdrawn consent holds in every process within seconds, and nothing unknown is ever kept."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from intake import TERMS
from kiosk_bench import KioskBench, jpeg
from rollbook.bootstrap import build
from rollbook.domain.attendance import Direction
from rollbook.domain.gallery import Candidate
from rollbook.domain.identification import Doubt, OperatingPoint, ProbeKind, Unidentified
from rollbook.domain.kiosk_answers import Notice
from rollbook.services.devices import DevicePlan, Paired
from rollbook.services.enrol import Enrolee
from rollbook.services.samples import open_picture
from rollbook.services.watch_events import UnknownSeen, WatchEvent
from rollbook.settings import Settings
from rollbook.storage.tables import metadata
from rollbook.testing import BLUE, COLOUR_SPACE, RED
from rollbook.vision.addresses import parse_source

SECONDS = 5.0  # from the click to the first answer that does not know the person


@pytest.fixture
def bench(book: Path) -> Iterator[KioskBench]:
    made = KioskBench(book)
    yield made
    made.close()


def rows(bench: KioskBench) -> dict[str, set[tuple[object, ...]]]:
    """Return every row of every table."""
    with bench.parts.database.engine.connect() as connection:
        return {
            table.name: {tuple(row) for row in connection.execute(select(table))}
            for table in metadata.sorted_tables
        }


def test_nothing_is_kept_of_a_stranger_before_a_kiosk(bench: KioskBench) -> None:
    bench.see()  # whatever the first picture of a session writes
    before = rows(bench)
    said = bench.watch(BLUE, pictures=40)
    assert [one.notice for one in said] == [Notice.UNKNOWN]
    assert rows(bench) == before


def test_nothing_is_kept_of_a_stranger_before_a_camera(bench: KioskBench, tmp_path: Path) -> None:
    folder = tmp_path / "door"
    folder.mkdir()
    for number in range(12):
        (folder / f"{number:02}.jpg").write_bytes(jpeg(BLUE))
    before, told = rows(bench), list[WatchEvent]()
    watch = bench.parts.watch(
        bench.session,
        parse_source(str(folder)),
        camera_id="door",
        start=bench.clock.now(),
        direction=Direction.BOTH,
        every_frame=True,
        tell=told.append,
    )
    assert watch.run().marks == 0
    assert any(isinstance(event, UnknownSeen) for event in told)
    assert rows(bench) == before


def test_nothing_is_kept_of_a_stranger_on_a_photograph(bench: KioskBench) -> None:
    before = rows(bench)
    result, shown = bench.parts.look_at_photos(bench.session, [jpeg(BLUE)])
    assert len(result.faces) == 1 and shown
    every = frozenset((face.photo, face.number) for face in result.faces)
    bench.parts.photo_taker.confirm(bench.session, result, bench.clock.now())
    written = bench.parts.photo_marks.write(
        bench.session.session_id, result, {}, bench.clock.now(), "faculty x", later=every
    )
    assert (written.marks, written.reviews) == ((), 0)
    assert rows(bench) == before
    assert bench.parts.reviewing.waiting() == []


def test_a_face_that_was_recognised_is_not_marked_after_the_withdrawal(bench: KioskBench) -> None:
    """The kiosk asks for a PIN first; meanwhile the consent is withdrawn."""
    device, _ = bench.add_device("Gate", needs_pin=True)
    ada = bench.id_of("Ada Lovelace")
    bench.parts.pins.set(ada, "482915", "administrator 0")
    (said,) = bench.watch(RED, device=device)
    assert said.notice is Notice.PIN_NEEDED
    bench.parts.consenting.withdraw(ada)
    late = bench.desk.finish(device, said.claim, "482915")
    assert (late.notice, late.reason) == (Notice.NOT_MARKED, "no_consent")
    assert bench.marks() == []


def test_what_waits_for_a_person_is_forgotten_with_the_consent(bench: KioskBench) -> None:

    ada, alan = bench.id_of("Ada Lovelace"), bench.id_of("Alan Turing")
    point = OperatingPoint(0.9, 0.1, ProbeKind.TRACK, COLOUR_SPACE, 0.001, 2, "test")
    session_id, now = bench.session.session_id, bench.clock.now()
    for best, other in ((ada, alan), (alan, ada)):
        both = (Candidate(best, 0.8), Candidate(other, 0.75))
        doubt = Unidentified(Doubt.AMBIGUOUS, both, point)
        assert bench.parts.reviewing.leave(session_id, doubt, now, 0.5)
    bench.parts.consenting.withdraw(ada)
    ((_, items),) = bench.parts.reviewing.waiting()
    assert [item.candidates for item in items] == [((alan, 0.8),)]
    doubt = Unidentified(Doubt.AMBIGUOUS, (Candidate(ada, 0.8),), point)
    assert not bench.parts.reviewing.leave(session_id, doubt, now, 0.5)


def test_a_consent_that_runs_out_by_its_day_holds_no_longer_in_a_running_gallery(
    bench: KioskBench,
) -> None:
    bench.clock.at = bench.clock.at.replace(hour=23, minute=59, second=58)
    galleries, session = bench.parts.galleries, bench.session
    with bench.parts.uow() as uow:
        for consent in uow.consents.of(bench.id_of("Ada Lovelace")):
            last = bench.clock.at.date()
            uow.consents.update(replace(consent, retain_until=last))
        uow.commit()
    known = galleries.for_session(session)
    assert len(known.gallery) == 2
    assert galleries.newer(session, known) is None
    bench.clock.advance(3)
    newer = galleries.newer(session, known)
    assert newer is not None and len(newer.gallery) == 1


@pytest.mark.slow
@pytest.mark.faces
@pytest.mark.model
def test_another_process_does_not_know_the_person_within_seconds(
    new_home: Path, faces_dir: Path
) -> None:
    """With the real networks; the figure is printed for `docs/measurements.md`."""
    Path(new_home / "keys").mkdir(exist_ok=True)
    parts = build(Settings(home=new_home), create=True)
    picture = next((faces_dir / "lfw" / "Abba_Eban").glob("*.jpg"))
    person = parts.people.add("A Person", terms=TERMS)

    sample = open_picture(picture, "a.jpg", parts.read_portrait)
    assert parts.enroller.enrol(Enrolee(person), [sample]).added == 1
    group = parts.people.group_called("5b")
    parts.people.join(group.group_id, [person.subject_id])
    now = parts.clock.now()
    session = parts.register.open_session(
        group.group_id, now - timedelta(minutes=1), now + timedelta(hours=1),
        business_date=parts.today(),
    )  # fmt: skip
    pairing = parts.devices.add(DevicePlan("Door"), "administrator 0")
    paired = parts.devices.pair(pairing.code, place="here")
    assert isinstance(paired, Paired)
    script = Path(__file__).parent.parent / "withdrawal_process.py"
    words = [sys.executable, str(script), str(new_home), paired.key, str(picture)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "known\n"
        marks = len(parts.register.marks(session.session_id))
        time.sleep(1.3)  # anywhere between two looks at the gallery
        clicked = time.time()
        parts.consenting.withdraw(person.subject_id)
        word, at = other.stdout.readline().split()
    taken = float(at) - clicked
    print(f"not recognised any more after {taken:.2f} s")
    assert word == "unknown" and 0 < taken < SECONDS
    assert len(parts.register.marks(session.session_id)) == marks == 1
    parts.database.close()
