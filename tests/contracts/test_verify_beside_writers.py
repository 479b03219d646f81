"""A check of the register raises no false alarm while other processes change what it compares."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from rollbook.services.register import verified
from rollbook.storage.database import Database

TESTS = Path(__file__).resolve().parent.parent
WRITERS = ("7a", "7b")
CHECKS = 25


def writer(database: Database, keys_dir: Path, name: str) -> subprocess.Popen[str]:
    script = TESTS / "contracts" / "changing.py"
    url = database.engine.url.render_as_string(hide_password=False)
    return subprocess.Popen(
        [sys.executable, str(script), url, str(keys_dir), name],
        env={"PYTHONPATH": str(TESTS)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.mark.slow
def test_a_check_beside_writers_finds_no_fault(database: Database, keys_dir: Path) -> None:
    """Seen: an account that was changed while its row was read looked as if it had been put back,
    and entries that were written while a check began looked as if they had been cut off."""
    writers = [writer(database, keys_dir, name) for name in WRITERS]
    try:
        for one in writers:
            assert one.stdout is not None and one.stdout.readline() == "ready\n"
        for _ in range(CHECKS):
            with database.uow() as uow:
                found = verified(uow)
            assert found.faults == ()
            assert found.standing is not None and not found.standing.refuses
        changes = [int(one.communicate(timeout=60)[0]) for one in writers]
    finally:
        for one in writers:
            one.kill()
            one.wait()
    assert all(changes), "each wrote while it was checked"
