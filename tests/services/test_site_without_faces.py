"""Where a site uses no faces: none is looked for, and codes and PINs mark as ever."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
import segno

from kiosk_bench import ADMIN, KioskBench
from rollbook.domain.attendance import Method
from rollbook.domain.kiosk_answers import Notice, Said
from rollbook.errors import FacesOff
from rollbook.testing import RED
from rollbook.vision.images import encode_jpeg


@pytest.fixture
def bench(book: Path) -> Iterator[KioskBench]:
    made = KioskBench(book)
    made.parts.site.change(ADMIN, faces_enabled=False)
    yield made
    made.close()


def picture_of(text: str) -> bytes:
    """Return a picture of a code that somebody holds."""
    out = io.BytesIO()
    segno.make(text, error="m").save(out, kind="png", scale=6, border=4)
    code = cv2.imdecode(np.frombuffer(out.getvalue(), dtype=np.uint8), cv2.IMREAD_COLOR)
    assert code is not None
    pixels = np.full((480, 640, 3), 200, dtype=np.uint8)
    pixels[60 : 60 + code.shape[0], 150 : 150 + code.shape[1]] = code
    return encode_jpeg(pixels, 90)


def test_a_kiosk_sees_nobody_and_says_so(bench: KioskBench) -> None:
    answers = [bench.see(RED) for _ in range(8)]
    assert all(answer.faces == () and answer.nobody_enrolled for answer in answers)
    assert bench.marks() == []


def test_a_card_still_marks_its_person(bench: KioskBench) -> None:
    card = bench.parts.own_codes.cards([bench.id_of("Grace Hopper")], ADMIN)[0].text
    answer = bench.desk.see(bench.device, picture_of(card))
    assert answer.code == Said(Notice.MARKED, "Grace Hopper")
    assert [mark.method for mark in bench.marks()] == [Method.QR]


def test_switching_off_reaches_a_running_kiosk_and_on_again_too(book: Path) -> None:
    bench = KioskBench(book)
    bench.watch(RED, pictures=2)
    bench.parts.site.change(ADMIN, faces_enabled=False)
    for _ in range(80):  # ten seconds
        answer = bench.see(RED)
    assert answer.faces == ()
    bench.parts.site.change(ADMIN, faces_enabled=True)
    for _ in range(8):
        answer = bench.see(RED)
    assert len(answer.faces) == 1
    bench.close()


def test_no_photograph_and_no_sample_is_computed(bench: KioskBench) -> None:
    with pytest.raises(FacesOff):
        bench.parts.galleries.for_session(bench.session)
    with pytest.raises(FacesOff):
        bench.parts.encoder.run()
