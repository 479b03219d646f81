"""The lost-key drill of docs/keys.md, played as it is written."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from pypdf import PdfReader

PAGE = Path(__file__).resolve().parent.parent / "docs" / "keys.md"
pytestmark = [
    pytest.mark.slow,  # starts a dozen commands
    pytest.mark.skipif(sys.platform == "win32", reason="the list is written for sh"),
]


def commands() -> list[str]:
    """Return the commands of the list in the document, in its order."""
    text = PAGE.read_text(encoding="utf-8")
    drill = text[text.index("<!-- drill -->") : text.index("<!-- end of drill -->")]
    blocks = re.findall(r"```sh\n(.*?)```", drill, flags=re.DOTALL)
    return [line.strip() for block in blocks for line in block.splitlines() if line.strip()]


def words_on(sheet: Path) -> str:
    """Return the words as somebody reads them off a sheet, with their numbers."""
    text = PdfReader(sheet).pages[0].extract_text()
    lines = text[text.index("in this order") :].splitlines()
    found = [line.strip() for line in lines if re.fullmatch(r"\s*\d+ [a-z]+\s*", line)]
    assert len(found) == 33
    return "\n".join(found)


def type_words(folder: Path, command: str) -> None:
    """Write the text files that a command reads: that is what the person does by hand."""
    for name in re.findall(r"[\w-]+\.txt", command):
        file, share = folder / name, re.search(r"share-(\d)", name)
        printed = f"shares/rollbook-share-{share[1]}-of-5.pdf" if share else "sheet.pdf"
        if not file.exists():
            file.write_text(words_on(folder / printed), encoding="utf-8")


def test_the_list_of_the_document_brings_a_lost_key_back(tmp_path: Path) -> None:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {**os.environ, "PATH": path, "ROLLBOOK_HOME": str(tmp_path / "site")}
    listed: list[str] = []
    for command in commands():
        if "recover" in command:
            type_words(tmp_path, command)
        done = subprocess.run(
            ["sh", "-c", command],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
        )
        said = done.stdout + done.stderr
        assert done.returncode == (1 if "# refused" in command else 0), f"{command}: {said}"
        assert "Traceback" not in said
        if command == "rollbook person list":
            listed.append(done.stdout)
        if command == "rollbook keys where":
            assert "Its recovery sheet was made on" in said
    assert len(listed) == 3 and len(set(listed)) == 1  # all people, each time
    assert listed[0].count("INV-") == 30
    assert list(tmp_path.iterdir()) == []
