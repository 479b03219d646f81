"""Where a program and a browser are started: in a room without a way out, or just here.

In the room (`torture/room.py`) everything that would leave the machine is heard. Where there can
be none, what is shown can still be looked at.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from e2e.running import CHROMIUM, SWITCHES
from torture import room
from torture.frame import child_environment

PATIENCE = 60.0  # seconds until a room is set up


@dataclass
class Place:
    """Runs programs, and tells in the end what left it."""

    folder: Path
    prefix: tuple[str, ...] = ()
    heard: dict[str, int] | None = None  # known once the place is closed; None where nobody listens

    def words(self, *program: str, cwd: Path | None = None) -> list[str]:
        """Return the words that run a program in this place; who enters a room is at its root."""
        there = ("env", "-C", str(cwd)) if cwd and self.prefix else ()
        return [*self.prefix, *there, *program]

    @contextmanager
    def chromium(self, *switches: str) -> Iterator[Browser]:
        """Run Chromium in this place; it talks to the test by pipes."""
        start = self.folder / "chromium"
        start.write_text(f'#!/bin/sh\nexec {" ".join(self.words(CHROMIUM))} "$@"\n')
        start.chmod(0o755)
        with sync_playwright() as playwright:
            chosen = [*SWITCHES, *switches]
            browser = playwright.chromium.launch(executable_path=str(start), args=chosen)
            yield browser
            browser.close()


@contextmanager
def quiet_place(folder: Path) -> Iterator[Place]:
    """Make a place to run things in; what was heard is known after the block."""
    folder.mkdir(parents=True, exist_ok=True)
    if room.why_not():
        yield Place(folder)
        return
    told = folder / "heard"
    ready = folder / "ready"
    held = ("sh", "-c", f"echo $$ > '{ready}.new'; mv '{ready}.new' '{ready}'; exec cat")
    with subprocess.Popen(
        room.words(told, *held), stdin=subprocess.PIPE, env=dict(child_environment())
    ) as process:  # its end is the end of what it reads
        inside = _written(ready, process)
        place = Place(folder, ("nsenter", "--net", "--mount", "--target", inside))
        yield place
    said = json.loads(told.read_text(encoding="utf-8"))
    assert said["hears"] and not said["missed"], said
    place.heard = said["heard"]


def _written(file: Path, process: subprocess.Popen[bytes]) -> str:
    """Return what the room writes once it is set up: the id of a process in it."""
    until = time.monotonic() + PATIENCE
    while not file.exists():
        assert process.poll() is None and time.monotonic() < until, "there was no room"
        time.sleep(0.05)
    return file.read_text(encoding="utf-8").strip()
