"""What kiosks, photographs and cameras refuse ends in the database, as numbers about nobody."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import cv2
import pytest

from kiosk_bench import KioskBench, jpeg
from rollbook.domain.attendance import Direction
from rollbook.domain.camera_ports import SiteCamera
from rollbook.domain.subjects import new_id
from rollbook.domain.tallies import PHOTOGRAPHED, RETRY, Tally
from rollbook.testing import BLUE, RED, START, YELLOW, face_at, paint, picture

PIN = "270316"


@pytest.fixture
def bench(book: Path) -> Iterator[KioskBench]:
    made = KioskBench(book)
    yield made
    made.close()


def counted(bench: KioskBench) -> dict[tuple[str, str], int]:
    """Return (source, what) -> count of the session's day, which is the only one there is."""
    bench.parts.tallies.flush()
    day = bench.session.business_date
    with bench.parts.uow() as uow:
        found = uow.tallies.between(day - timedelta(days=999), day + timedelta(days=999))
    assert {tally.day for tally in found} <= {day}
    return {(tally.source, tally.what): count for tally, count in found.items()}


def test_who_is_recognised_counts_nothing(bench: KioskBench) -> None:
    bench.watch(RED)
    assert counted(bench) == {}


def test_a_kiosk_counts_a_stranger_once_and_then_retries(bench: KioskBench) -> None:
    bench.watch(BLUE, pictures=40)
    door = bench.device.device_id
    found = counted(bench)
    assert found.pop((door, "below_threshold")) == 1
    assert set(found) == {(door, RETRY)}
    bench.clock.advance(130)  # the kiosk is forgotten, and the face is another one
    bench.watch(BLUE)
    assert counted(bench)[door, "below_threshold"] == 2


def test_a_kiosk_counts_wrong_pins(bench: KioskBench) -> None:
    ada, grace = bench.id_of("Ada Lovelace"), bench.id_of("Grace Hopper")
    bench.desk.mark_by_pin(bench.device, grace, PIN)
    bench.parts.pins.set(ada, PIN, "staff")
    bench.desk.mark_by_pin(bench.device, ada, PIN)
    assert len(bench.marks()) == 1
    for _ in range(8):
        bench.desk.mark_by_pin(bench.device, ada, "270317")
    found = counted(bench)
    door = bench.device.device_id
    assert found.pop((door, "pin_missing")) == 1
    assert set(found) == {(door, "pin_wrong"), (door, "wait")} and sum(found.values()) == 8


def test_a_kiosk_counts_the_wrong_pin_after_a_face(book: Path) -> None:
    bench = KioskBench(book, needs_pin=True)
    bench.parts.pins.set(bench.id_of("Ada Lovelace"), PIN, "staff")
    (said,) = bench.watch(RED)
    bench.desk.finish(bench.device, said.claim, "270317")
    bench.desk.finish(bench.device, said.claim, PIN)
    assert len(bench.marks()) == 1
    assert counted(bench) == {(bench.device.device_id, "pin_wrong"): 1}
    bench.close()


def test_a_kiosk_counts_codes_of_nobody_and_used_ones(bench: KioskBench) -> None:
    other, _ = bench.add_device("Hall")
    text = bench.parts.own_codes.phone(bench.id_of("Grace Hopper")).text
    for _ in range(3):
        bench.desk.read(bench.device, "https://example.org")  # held still: one code
    bench.desk.read(bench.device, text)
    bench.desk.read(other, text)
    assert counted(bench) == {
        (bench.device.device_id, "code_unknown"): 1,
        (other.device_id, "code_used"): 1,
    }


def test_a_photograph_that_an_engine_looks_at_is_counted_with_all_else(bench: KioskBench) -> None:
    photo = jpeg(RED, BLUE, YELLOW)
    bench.parts.engines.run(lambda app: app.look_at_photos(bench.session, [photo]))
    assert counted(bench) == {(PHOTOGRAPHED, "below_threshold"): 1, (PHOTOGRAPHED, "ambiguous"): 1}


def test_a_camera_counts_under_its_random_id(bench: KioskBench, tmp_path: Path) -> None:
    folder = tmp_path / "Grace Hopper at the door"
    folder.mkdir()
    for index in range(12):
        scene = picture(320, 240)
        paint(scene, face_at(100 + index, 80, 64), BLUE, grain=18)
        cv2.imwrite(str(folder / f"{index:03}.png"), scene)
    camera = SiteCamera(new_id(), "Door", str(folder), "folder", direction=Direction.BOTH)
    bench.parts.run_camera(
        camera,
        bench.session,
        tell=lambda event: None,
        show=lambda frame, result: None,
        stop=lambda: False,
    )
    assert counted(bench) == {(camera.camera_id, "below_threshold"): 1}
    day, kept = START.date(), bench.parts.database.engine
    with bench.parts.uow() as uow:
        (tally,) = uow.tallies.between(day, day)
    assert tally == Tally(bench.session.business_date, camera.camera_id, "below_threshold")
    with kept.connect() as connection:
        rows = str(connection.exec_driver_sql("SELECT * FROM tallies").all())
    assert "Grace" not in rows and bench.id_of("Grace Hopper") not in rows
