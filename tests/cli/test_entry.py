"""The program from outside: what a terminal, a pipe or a script of another program meets."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import IO

import pytest

from rollbook import __main__ as entry


def program(home: Path, *arguments: str | bytes, out: int | IO[bytes] = subprocess.PIPE) -> Done:
    command: Sequence[str | bytes] = [sys.executable, "-m", "rollbook", "--home", str(home)]
    done = subprocess.run([*command, *arguments], stdout=out, stderr=subprocess.PIPE, check=False)
    return Done(done.returncode, done.stderr.decode())


class Done:
    def __init__(self, code: int, said: str) -> None:
        self.code, self.said = code, said


@pytest.mark.skipif(os.name == "nt", reason="arguments are always Unicode there")
@pytest.mark.parametrize("arguments", [("person", "show"), ("session", "open")])
def test_bytes_that_are_no_text_are_refused_with_a_sentence(
    book: Path, arguments: tuple[str, ...]
) -> None:
    done = program(book, *arguments, b"bad\xff")
    assert done.code == 1
    assert done.said.strip() == "Something typed holds signs that are no text. Type it anew."


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("arguments", [("group", "list"), ("group", "list", "--json")])
def test_a_full_disk_behind_the_output_is_said_in_a_sentence(
    book: Path, arguments: tuple[str, ...]
) -> None:
    with open("/dev/full", "wb") as full:
        done = program(book, *arguments, out=full)
    assert done.code == 1
    assert "Traceback" not in done.said
    assert "No space left on device" in done.said


def test_ctrl_c_while_the_program_is_loaded_shows_no_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("rollbook.cli.main.app", interrupted)
    with pytest.raises(SystemExit) as ended:
        entry.main()
    assert ended.value.code == 1
    assert capsys.readouterr().err == "Stopped. What was reported as done is kept.\n"


def test_the_module_is_the_program(tmp_path: Path) -> None:
    assert program(tmp_path, "--version").code == 0
    assert program(tmp_path, "--nonsense").code == 2
