"""The drill of docs/backup.md, played as it is written."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from test_lost_key_drill import words_on

PAGE = Path(__file__).resolve().parent.parent / "docs" / "backup.md"
pytestmark = [
    pytest.mark.slow,  # starts a dozen commands
    pytest.mark.skipif(sys.platform == "win32", reason="the list is written for sh"),
]


def commands() -> list[str]:
    text = PAGE.read_text(encoding="utf-8")
    drill = text[text.index("<!-- drill -->") : text.index("<!-- end of drill -->")]
    return [line for line in drill.splitlines() if line.startswith(("rollbook", "rm"))]


def test_the_list_of_the_document_brings_a_school_back(tmp_path: Path) -> None:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    listed: list[str] = []
    for command in commands():
        if "recover" in command:  # what the person does by hand
            (tmp_path / "typed.txt").write_text(words_on(tmp_path / "sheet.pdf"), encoding="utf-8")
        done = subprocess.run(
            ["sh", "-c", command],
            cwd=tmp_path,
            env={**os.environ, "PATH": path},
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        if command.endswith("person list"):
            listed.append(done.stdout)
    assert len(listed) == 2 and listed[0] == listed[1]
    assert listed[0].count("INV-") == 30
    assert list(tmp_path.iterdir()) == []
