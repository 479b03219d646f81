"""The program keeps its memory out of files when it dies."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

CODE = """
import os, resource
import rollbook.__main__ as program
import rollbook.cli.main as commands
hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))
commands.main = os.abort
program.main()
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such limit")
@pytest.mark.slow
def test_the_program_leaves_no_crash_dump(tmp_path: Path) -> None:
    died = subprocess.run([sys.executable, "-c", CODE], cwd=tmp_path, check=False)
    assert died.returncode == -6
    assert list(tmp_path.iterdir()) == []
    without = CODE.replace("program.main()", "os.abort()")
    subprocess.run([sys.executable, "-c", without], cwd=tmp_path, check=False)
    if writes_core_files():
        assert list(tmp_path.iterdir()), "this machine writes none in any case"


def writes_core_files() -> bool:
    """Whether a crash would leave one here; a test before may have taken this process the right."""
    import resource

    pattern = Path("/proc/sys/kernel/core_pattern")
    allowed = resource.getrlimit(resource.RLIMIT_CORE)[1] != 0
    return allowed and pattern.exists() and pattern.read_text().strip() == "core"
