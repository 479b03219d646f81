"""SIGKILL at random moments: nothing acknowledged is lost, and nothing is there by half."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from torture.all_scenarios import SCENARIOS
from torture.frame import Outcome, Plan, child_environment

PATIENCE = 60.0  # seconds that a process may take until its first word
MORE = 3  # kills, each twice as late, while none has come after an acknowledgement
ROUNDS = 3.0  # of the work within which the kill comes: most reach an acknowledgement


def run(plan: Plan) -> Outcome:
    """Share the kills out among the scenarios, and check the home after each."""
    outcome = Outcome()
    if os.name == "nt":
        outcome.left_out.append("kills: Windows has no SIGKILL")
        return outcome
    names = [name for name in SCENARIOS if plan.wants(name)]
    for place, name in enumerate(names):
        count = plan.kills // len(names) + (place < plan.kills % len(names))
        outcome.add(_kill_often(name, count, plan))
        print(f"killed while {name}: {count}", file=sys.stderr)
    return outcome


def _kill_often(name: str, count: int, plan: Plan) -> Outcome:
    outcome, chance, scenario = Outcome(), plan.chance(name), SCENARIOS[name]
    home = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=plan.folder)) / "home"
    scenario.prepare(home)
    scenario.again(home)
    longest = max(scenario.longest, ROUNDS * _one_round(name, home)) if count else 0.0
    moments = [(number + chance.random()) / count * longest for number in range(count)]
    chance.shuffle(moments)  # spread over the whole time, however few they are
    checked = f"{name}: acknowledgements checked"
    later = [longest * 2**doubled for doubled in range(1, MORE + 1)] if count else []
    for number, moment in enumerate(moments + later):
        if number >= count and outcome.counts.get(checked):
            break  # else the machine is slower than when the work was timed
        scenario.again(home)
        told = _killed(name, home, moment)
        outcome.count(f"moments killed while {name}")
        outcome.count(checked, len(list(filter(_acknowledged, told))))
        if not _acknowledged(told[-1]):
            outcome.count(f"{name}: begun and not told done")
        outcome.faults += [f"{name} {number}: {one}" for one in scenario.check(home, told)]
    return outcome


def _acknowledged(line: str) -> bool:
    return not line.startswith("begun")


def _one_round(name: str, home: Path) -> float:
    """Return the seconds from the first word to the first acknowledgement, on this machine now."""
    with _worker(name, home) as process:
        assert process.stdout is not None
        watchdog = threading.Timer(PATIENCE, process.kill)
        watchdog.start()
        line = process.stdout.readline()
        begun = time.monotonic()
        while line and not _acknowledged(line):
            line = process.stdout.readline()
        took = time.monotonic() - begun
        process.kill()
        watchdog.cancel()
    if not line:
        raise RuntimeError(f"{name} came to no end within {PATIENCE} s")
    return took


def _worker(name: str, home: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "torture.worker", name, str(home)],
        stdout=subprocess.PIPE,
        text=True,
        env=child_environment(),
    )


def _killed(name: str, home: Path, after: float) -> list[str]:
    """Start a worker, kill it so many seconds after its first word; return what it had told."""
    process = _worker(name, home)
    assert process.stdout is not None
    watchdog = threading.Timer(PATIENCE, process.kill)
    watchdog.start()
    first = process.stdout.readline()
    threading.Timer(after, process.kill).start()
    rest = process.stdout.read()
    watchdog.cancel()
    process.wait()
    process.stdout.close()
    if not first or process.returncode != -9:
        raise RuntimeError(f"the process of {name} ended by itself ({process.returncode})")
    whole = (first + rest).split("\n")[:-1]  # a line that was cut was not told
    return [line for line in whole if line]
