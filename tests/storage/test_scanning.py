"""The scan finds what lies in a file, in any of the ways in which programs write it."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import numpy as np
import pytest
from cryptography.fernet import Fernet
from hypothesis import given
from hypothesis import strategies as st

from rollbook.domain.erasing import SHORTEST_WORD
from rollbook.storage.scanning import scan_files, searchable, token_mark
from rollbook.storage.vault import seal

KEY = Fernet(Fernet.generate_key())
TEXT = st.text(min_size=8, max_size=30).filter(lambda text: len(text.strip()) >= 8)


def scanned(data: bytes, *words: str, tokens: frozenset[str] = frozenset()) -> tuple[str, ...]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "file"
        file.write_bytes(data)
        return scan_files([file], words, tokens).found.get("file", ())


@given(TEXT, st.binary(max_size=200), st.binary(max_size=200))
def test_a_word_is_found_wherever_and_however_it_is_written(
    word: str, before: bytes, after: bytes
) -> None:
    if any(0xD800 <= ord(character) <= 0xDFFF for character in word):
        return
    forms = [word.encode(), word.encode("utf-16-le"), word.encode("utf-16-be")]
    forms.append(json.dumps(word)[1:-1].encode())
    for form in forms:
        framed = before + b'"' + form + b'"' + after
        assert scanned(framed, word) == ("word",)


@given(st.binary(max_size=100), st.binary(max_size=300))
def test_a_sealed_payload_is_known_again_by_its_digest_alone(before: bytes, text: bytes) -> None:
    token, other = (seal(KEY, text, "profile", "1" * 32) for _ in range(2))
    mark = token_mark(token)
    assert mark is not None and mark.encode() not in token
    tokens = frozenset({mark})
    assert scanned(before + token, tokens=tokens) == ("sealed payload",)
    assert scanned(before + token[:60], tokens=tokens) == ("sealed payload",), "also a part of it"
    assert scanned(before + other, tokens=tokens) == ()


def test_what_is_no_sealed_payload_has_no_mark() -> None:
    assert token_mark(b"") is None and token_mark(bytes(100)) is None
    assert token_mark(Fernet(Fernet.generate_key()).encrypt(b"x")) is None, "it tells its time"


def test_a_template_is_found_by_its_numbers(tmp_path: Path) -> None:
    template = np.random.default_rng(1).normal(size=128).astype("<f4").tobytes()
    (tmp_path / "there").write_bytes(bytes(5000) + template + bytes(10))
    (tmp_path / "not").write_bytes(bytes(9000))
    found = scan_files(sorted(tmp_path.iterdir()), [], frozenset(), [template])
    assert (found.files, dict(found.found)) == (2, {"there": ("template",)})


def test_short_words_are_left_out_and_inside_code_they_do_not_count() -> None:
    assert searchable(["Ada", "Quentin", "Quentin"]) == ["Quentin"]
    assert len("Quentin") >= SHORTEST_WORD
    assert scanned(b"..abcQuentinxyz..", "Quentin") == (), "the middle of coded text"
    assert scanned(b" Quentin,", "Quentin") == ("word",)
    assert scanned(b"Quentin", "Quentin") == ("word",)


@pytest.mark.parametrize("size", [0, 1])
def test_empty_and_missing_files_are_no_trouble(tmp_path: Path, size: int) -> None:
    (tmp_path / "small").write_bytes(bytes(size))
    found = scan_files([tmp_path / "small", tmp_path / "gone"], ["Quentin"], frozenset())
    assert (found.files, found.size, dict(found.found)) == (1, size, {})
