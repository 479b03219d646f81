"""Cameras and kiosks leave a face that is near somebody for a person to decide, once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kiosk_bench import KioskBench
from rollbook.domain.attendance import Status
from rollbook.domain.identification import Doubt
from rollbook.domain.review import CAMERA
from rollbook.testing import BLUE, RED, YELLOW


@pytest.fixture
def bench(book: Path) -> Iterator[KioskBench]:
    made = KioskBench(book)
    yield made
    made.parts.engines.close()
    made.parts.database.close()


def test_a_face_near_somebody_is_left_once_with_its_candidates(bench: KioskBench) -> None:
    bench.watch(YELLOW, pictures=40)
    ((session, (item,)),) = bench.parts.reviewing.waiting()
    assert session.session_id == bench.session.session_id
    assert (item.source, item.camera_id) == (CAMERA, bench.device.device_id)
    assert item.doubt is Doubt.AMBIGUOUS and len(item.candidates) == 2
    assert bench.marks() == []


def test_a_face_like_nobody_is_not_left(bench: KioskBench) -> None:
    bench.watch(BLUE, pictures=20)
    assert bench.parts.reviewing.waiting() == []


def test_who_is_recognised_a_moment_later_leaves_nothing_to_decide(bench: KioskBench) -> None:
    bench.watch(YELLOW, pictures=20)
    assert len(bench.parts.reviewing.waiting()) == 1
    bench.watch(RED, pictures=8)
    ((_, (item,)),) = bench.parts.reviewing.waiting()
    others = [s for s, _ in item.likely if s != bench.id_of("Ada Lovelace")]
    assert others, "the face may be somebody else, who is still missing"


def test_a_decision_about_a_face_of_a_kiosk_marks(bench: KioskBench) -> None:
    bench.watch(YELLOW, pictures=20)
    ((_, (item,)),) = bench.parts.reviewing.waiting()
    subject_id = item.candidates[0][0]
    bench.parts.reviewing.it_was(item.review_id, subject_id, "faculty x")
    records = {
        r.subject_id: r.status for r in bench.parts.register.records(bench.session.session_id)
    }
    assert records[subject_id] is Status.PRESENT
