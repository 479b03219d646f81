"""Another process holds names, accounts and keys in memory, and drops them within seconds."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from rollbook.bootstrap import build
from rollbook.settings import Settings

pytestmark = pytest.mark.slow

NAME = "Zenobia Quartermaine"
SECONDS = 6.0
# as `rollbook up` does it: the clock of due work calls `forget_erased` every few seconds
WATCHING = """
import sys, time
from pathlib import Path
from rollbook.bootstrap import build
from rollbook.settings import Settings

app = build(Settings(home=Path(sys.argv[1])))
app.people_index.build()
with app.uow() as uow:
    uow.subjects.all()
while True:
    app.forget_erased()
    held = [known.subject.name for known in app.people_index.current().ordered]
    profiles = [one.name for one in app.database.memory.profiles._known.values()]
    print(len(held), len(profiles), len(app.database.ring._subjects), flush=True)
    time.sleep(0.5)
"""


def test_a_running_process_forgets_whom_another_one_has_erased(book: Path) -> None:
    app = build(Settings(home=book))
    person = app.people.add(NAME, "SID-4711")
    words = [sys.executable, "-c", WATCHING, str(book)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline().split() == ["1", "1", "1"], "it has opened the person"
        (receipt,) = app.erasing.erase([person.subject_id])
        until, held = time.monotonic() + SECONDS, ["?"]
        while held != ["0", "0", "0"] and time.monotonic() < until:
            held = other.stdout.readline().split()
        other.kill()
    assert held == ["0", "0", "0"], "names, profiles, keys"
    assert receipt.body["state"] == "complete", "it reads nothing for long"
