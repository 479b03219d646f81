"""Cards to be cut out: every code on them can be read again."""

from __future__ import annotations

from datetime import UTC, datetime
from io import BytesIO

import cv2
import numpy as np
import segno
from pypdf import PdfReader

from rollbook.domain.codes import card_text, new_lookup, new_secret
from rollbook.reports.cards import CardWords, PrintedCard, cards_pdf

MADE = datetime(2026, 3, 2, 8, tzinfo=UTC)
WORDS = CardWords("Hill School", "Show it to the camera at the door. If it is lost, say so.")


def pages(cards: list[PrintedCard]) -> list[str]:
    reader = PdfReader(BytesIO(cards_pdf(cards, WORDS, MADE)))
    return [page.extract_text() for page in reader.pages]


def test_ten_cards_stand_on_a_page() -> None:
    cards = [
        PrintedCard(f"Person {n:02}", card_text(new_lookup(), new_secret())) for n in range(11)
    ]
    first, second = pages(cards)
    assert "Person 09" in first and "Person 10" not in first and "Person 10" in second
    assert first.count("Hill School") == 10


def test_names_in_any_script_and_of_any_length_fit() -> None:
    names = ["渡辺 さくら", "מרים כהן", "O'Neil 🙂", "Wolfeschlegelsteinhausenbergerdorff " * 4]
    assert len(pages([PrintedCard(name, "RB1:C:A:B") for name in names])) == 1


def test_no_cards_are_an_empty_page() -> None:
    assert pages([]) == [""]


def test_a_card_hides_its_code_from_logs() -> None:
    assert "RB1" not in repr(PrintedCard("Ada", "RB1:C:A:B"))


def test_the_code_is_small_enough_for_a_weak_camera() -> None:
    text = card_text(new_lookup(), new_secret())
    code = segno.make(text, error="m", micro=False)
    assert code.version <= 4
    matrix = np.array([list(row) for row in code.matrix_iter(scale=3, border=4)], np.uint8)
    read, _, _ = cv2.QRCodeDetector().detectAndDecode(np.where(matrix, 0, 255).astype(np.uint8))
    assert read == text
