"""Codes on cards and phones, as a kiosk's camera shows them."""

from __future__ import annotations

import io
from datetime import timedelta

import cv2
import numpy as np
import pytest
import segno

from rollbook.domain.codes import card_text, new_lookup, new_secret, phone_text
from rollbook.domain.faces import Pixels
from rollbook.testing import START, picture
from rollbook.vision.qr import CodeReader


def shown(text: str, module: int, turned: float = 0.0) -> Pixels:
    """Return a picture of 640x480 with the code, `module` pixels a module, turned by degrees."""
    out = io.BytesIO()
    segno.make(text, error="m", micro=False).save(out, kind="png", scale=module, border=4)
    code = cv2.imdecode(np.frombuffer(out.getvalue(), dtype=np.uint8), cv2.IMREAD_COLOR)
    assert code is not None
    pixels = picture(colour=(200, 200, 200))
    pixels[60 : 60 + code.shape[0], 150 : 150 + code.shape[1]] = code
    turn = cv2.getRotationMatrix2D((320, 240), turned, 1.0)
    return np.asarray(cv2.warpAffine(pixels, turn, (640, 480), borderValue=(200, 200, 200)))


@pytest.mark.parametrize(("module", "turned"), [(6, 0.0), (4, 0.0), (4, 7.0), (5, 180.0)])
def test_every_code_is_read_whatever_it_says(module: int, turned: float) -> None:
    read = CodeReader()
    texts = [card_text(new_lookup(), new_secret()) for _ in range(40)]
    texts += [
        phone_text(new_lookup(), new_secret(), START + timedelta(minutes=n)) for n in range(20)
    ]
    assert [text for text in texts if read(shown(text, module, turned)) != text] == []


def test_a_picture_without_a_code_says_nothing() -> None:
    read = CodeReader()
    noise = np.random.default_rng(1).integers(0, 255, (480, 640, 3), dtype=np.uint8)
    assert read(picture()) is None
    assert read(noise) is None
