"""Nothing leaves the machine: the whole tour in rooms without a way out, with somebody listening.

Server, browser and command line are each in a room of their own (`room.py`), so that what is heard
can be told apart. Chromium asks its makers for updates and more by itself, whatever is shown; that
is switched off for all tests (`e2e/running.py`), and no page is helped by that.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from torture import room
from torture.frame import PROJECT, Outcome, Plan, child_environment
from torture.tour import PROBE

MANY, FEW = 10_000, 3  # pages of each account
CAMERA = "camera.invalid"  # of the school that is looked at: its administrator said to look there
HOUR = 3600.0
SOME_FAILED = 1  # how pytest ends then
ENDED = r"(\d+) (passed|failed|skipped)"
# Every page is looked at by `pages`; here it is what people do on them.
BROWSER_TESTS = (
    "test_whole_day",
    "test_kiosk_browser",
    "test_people_browser",
    "test_accounts",
    "test_session_at_work",
    "test_timetable_browser",
)


def run(plan: Plan) -> Outcome:
    """Take each tour and listen."""
    outcome = Outcome()
    missing = room.why_not()
    if missing:
        outcome.left_out.append(missing)
        return outcome
    for name, tour in TOURS.items():
        if plan.wants(name):
            folder = plan.folder / name
            folder.mkdir()
            tour(folder, FEW if plan.short else MANY, outcome)
    return outcome


def _start(folder: Path, name: str, *program: str) -> subprocess.Popen[bytes]:
    with (folder / f"{name}.said").open("wb") as said:
        return subprocess.Popen(
            room.words(folder / f"{name}.heard", *program),
            cwd=PROJECT,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            env=dict(child_environment()),
        )


def _tour(what: str, folder: Path, most: int) -> tuple[str, ...]:
    return (sys.executable, "-m", "torture.tour", what, str(folder), str(most))


def _ended(
    folder: Path,
    name: str,
    process: subprocess.Popen[bytes],
    outcome: Outcome,
    codes: tuple[int, ...] = (0,),
) -> None:
    """Wait for a room; what was heard in it is a fault, and so is a room that hears nothing."""
    process.wait(HOUR)
    said = (folder / f"{name}.said").read_text(encoding="utf-8", errors="replace")
    file = folder / f"{name}.heard"
    if not file.exists():
        outcome.faults.append(f"{name}: there was no room: {said[-500:]}")
        return
    told = json.loads(file.read_text(encoding="utf-8"))
    outcome.expect(told["code"] in codes, f"{name}: ended with {told['code']}: {said[-2500:]}")
    outcome.expect(told["hears"], f"{name}: the listener hears nothing")
    outcome.expect(not told["missed"], f"{name}: {told['missed']} packets were not heard")
    outcome.count("rooms listened in")
    heard = told["heard"].items()
    if _of(CAMERA, heard):
        outcome.count(f"look-ups of the site's own camera by {name}", _of(CAMERA, heard))
    tried = {one: number for one, number in heard if not one.endswith((PROBE, CAMERA))}
    outcome.count(f"attempts outwards of {name}", sum(tried.values()))
    outcome.faults += [f"{name}: {number} × {one}" for one, number in sorted(tried.items())]
    if name == "browser":
        outcome.expect(_of(PROBE, heard) > 0, "browser: its own look-up was not heard")


def _of(name: str, heard: Iterable[tuple[str, int]]) -> int:
    return sum(number for one, number in heard if one.endswith(f" for {name}"))


def pages(folder: Path, most: int, outcome: Outcome) -> None:
    """Every page as everybody."""
    server = _start(folder, "server", *_tour("serve", folder, most))
    browser = _start(folder, "browser", *_tour("look", folder, most))
    _ended(folder, "browser", browser, outcome)
    (folder / "over").touch()
    _ended(folder, "server", server, outcome)
    told = _told(folder / "looked", {"pages": 0, "requests": 0, "elsewhere": []})
    outcome.count("pages looked at without a network", told["pages"])
    outcome.count("requests of pages", told["requests"])
    outcome.faults += [f"a page asks for {one}" for one in sorted(set(told["elsewhere"]))]


def terminal(folder: Path, most: int, outcome: Outcome) -> None:
    """The command line, and the start of the server."""
    _ended(folder, "terminal", _start(folder, "terminal", *_tour("type", folder, most)), outcome)
    for words, code, said in _told(folder / "typed", []):
        outcome.count("commands run without a network")
        allowed = (0, 1) if words.startswith("doctor") else (0,)
        outcome.expect(code in allowed, f"{words}: ends with {code}: {said}")


def doings(folder: Path, most: int, outcome: Outcome) -> None:
    """What people do in the browser, from the first start to the export, by the browser tests.

    Whether each of them holds is told by `make test`: some have to be quick, which is not asked
    here. A tour of which none holds was none.
    """
    chosen = BROWSER_TESTS[-1:] if most < MANY else BROWSER_TESTS
    files = [f"tests/e2e/{name}.py" for name in chosen]
    options = ["-q", "-m", "slow or not slow", "-p", "no:cacheprovider"]
    options.append(f"--basetemp={folder / 'tests'}")
    process = _start(folder, "doings", sys.executable, "-m", "pytest", *options, *files)
    _ended(folder, "doings", process, outcome, codes=(0, SOME_FAILED))
    said = (folder / "doings.said").read_text(encoding="utf-8", errors="replace")
    told = dict((what, int(number)) for number, what in re.findall(ENDED, said))
    for what, number in told.items():
        outcome.count(f"browser tests {what} without a network", number)
    outcome.expect(told.get("passed", 0) > 0, f"doings: nothing was done: {said[-1000:]}")


def _told(file: Path, nothing: Any) -> Any:
    return json.loads(file.read_text(encoding="utf-8")) if file.exists() else nothing


TOURS: dict[str, Callable[[Path, int, Outcome], None]] = {
    "pages": pages,
    "terminal": terminal,
    "doings": doings,
}
