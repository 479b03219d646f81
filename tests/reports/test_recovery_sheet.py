"""The site key on paper."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import pytest
from pypdf import PdfReader

from rollbook.reports.recovery_sheet import RecoverySheet, sheet_pdf

WORDS = [f"word{chr(97 + at // 26)}{chr(97 + at % 26)}" for at in range(33)]


@pytest.mark.parametrize(("needed", "of", "title"), [(1, 1, "sheet"), (3, 5, "share 2 of 5")])
def test_one_page_with_all_that_somebody_needs(needed: int, of: int, title: str) -> None:
    made_at = datetime(2026, 3, 2, 9, 5, tzinfo=UTC)
    sheet = RecoverySheet("学校 " * 40, "a1b2-c3d4-e5f6", made_at, 2, needed, of, WORDS)
    assert WORDS[0] not in repr(sheet)
    pages = PdfReader(io.BytesIO(sheet_pdf(sheet))).pages
    assert len(pages) == 1
    text = pages[0].extract_text()
    for part in (*WORDS, f"Recovery {title}", "a1b2-c3d4-e5f6", "2026-03-02", "keys recover"):
        assert part in text
    assert ("Any 3 of these 5" in text) is (of == 5)
