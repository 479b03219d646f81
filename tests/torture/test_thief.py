"""Nothing personal can be read in what a thief carries away without the key."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest

from torture import thief
from torture.frame import Plan
from torture.searching import files_in, leaks, of_digits, of_template, of_text


@pytest.mark.slow
def test_a_thief_without_the_key_reads_nothing(tmp_path: Path) -> None:
    thief.run(Plan(tmp_path, short=True)).require(
        "pages visited",
        "planted values",
        "files searched",
        "sealed values compared",
        "backups searched",
        "key bundles searched",
    )


def test_the_search_finds_what_lies_open(tmp_path: Path) -> None:
    values = np.linspace(-1, 1, 128, dtype=np.float32)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("one.txt", "渡辺 さくらこ " * 9)
    (tmp_path / "packed").write_bytes(b"junk" + packed.getvalue())
    (tmp_path / "numbers").write_bytes(b"x" + values.tobytes())
    (tmp_path / "text").write_text(f"[{', '.join(map(repr, values.tolist()))}]")
    (tmp_path / "wide").write_bytes("Größenwahn".encode("utf-16-le") + b' "482913"')
    secrets = {
        "names": of_text("渡辺 さくらこ") | of_text("Größenwahn"),
        "templates": of_template(values),
        "PINs": of_digits("482913"),
    }
    assert set(leaks(files_in(tmp_path), secrets)) == {
        "names in packed",
        "templates in numbers",
        "templates in text",
        "names in wide",
        "PINs in wide",
    }
