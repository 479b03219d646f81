"""A process that crashes leaves nothing of its memory behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from rollbook.hardening import take_variable

SECRET = "planted-" + "secret-in-memory"
# joined at run time: the text of the program itself must not hold it
CRASH = """
import os, signal, resource, sys
_, hard = resource.getrlimit(resource.RLIMIT_CORE)
resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))
{first}
secret = "-".join(["planted", "secret", "in", "memory"]) * 10
{then}
"""
DIES = "os.kill(os.getpid(), signal.SIGSEGV)"
CHILD = (
    "import subprocess; subprocess.run([sys.executable, '-c', "
    '\'import os,signal; secret = "-".join(["planted", "secret", "in", "memory"]) * 10;'
    " os.kill(os.getpid(), signal.SIGSEGV)'])"
)
HARD = "from rollbook.hardening import harden; harden()"
linux = pytest.mark.skipif(sys.platform != "linux", reason="core files as Linux writes them")


def crash(folder: Path, first: str, then: str) -> tuple[int, bytes]:
    """Run a program that dies; return its code, and all that lies about afterwards and was said."""
    done = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-c", CRASH.format(first=first, then=then)],
        cwd=folder,
        capture_output=True,
        timeout=120,
    )
    left = b"".join(file.read_bytes() for file in folder.rglob("*") if file.is_file())
    return done.returncode, left + done.stdout + done.stderr


def cores_are_written_here() -> bool:
    import resource

    pattern = Path("/proc/sys/kernel/core_pattern").read_text().strip()
    return pattern.startswith("core") and resource.getrlimit(resource.RLIMIT_CORE)[1] != 0


@linux
def test_a_crash_leaves_no_core_file_and_nothing_of_a_secret(tmp_path: Path) -> None:
    code, left = crash(tmp_path, HARD, DIES)
    assert code == -signal.SIGSEGV
    assert b"Segmentation fault" in left  # faulthandler spoke
    assert SECRET.encode() not in left
    assert list(tmp_path.iterdir()) == []


@linux
def test_a_child_that_crashes_leaves_none_either(tmp_path: Path) -> None:
    code, left = crash(tmp_path, HARD, CHILD)
    assert code == 0
    assert SECRET.encode() not in left
    assert list(tmp_path.iterdir()) == []


@linux
@pytest.mark.slow
def test_without_it_the_secret_would_lie_in_a_file(tmp_path: Path) -> None:
    if not cores_are_written_here():
        pytest.skip("this machine hands core files to a program, or writes none")
    _, left = crash(tmp_path, "", DIES)
    assert SECRET.encode() in left


@linux
def test_the_command_and_a_capture_process_are_hardened() -> None:
    shown = "; print(__import__('ctypes').CDLL(None).prctl(3, 0, 0, 0, 0))"  # PR_GET_DUMPABLE
    shown += "; print(__import__('resource').getrlimit(4)[0])"  # RLIMIT_CORE
    command = "import sys; sys.argv = ['rollbook', '--version']\nfrom rollbook.__main__ import main"
    command += "\ntry: main()\nexcept SystemExit: pass\n" + shown[2:]
    capture = "import io, sys, json; sys.stdin = io.StringIO('')\n"
    capture += "from rollbook.vision.capture_child import main\n"
    capture += "try: main()\nexcept json.JSONDecodeError: pass\n" + shown[2:]
    for program in (command, capture):
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
        assert done.stdout.split()[-2:] == ["0", "0"], done.stderr


def test_a_variable_is_taken_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROLLBOOK_PLANTED", SECRET)
    assert take_variable("ROLLBOOK_PLANTED") == SECRET
    assert "ROLLBOOK_PLANTED" not in os.environ
    assert take_variable("ROLLBOOK_PLANTED") is None
