"""SIGKILL at random moments: nothing acknowledged is lost, and nothing is there by half."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from torture.all_scenarios import SCENARIOS
from torture.frame import Outcome, Plan, child_environment
from torture.scenarios import Scenario

PATIENCE = 60.0  # seconds that a process may take until its first word


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
    return outcome


def _kill_often(name: str, count: int, plan: Plan) -> Outcome:
    outcome, chance, scenario = Outcome(), plan.chance(name), SCENARIOS[name]
    home = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=plan.folder)) / "home"
    scenario.prepare(home)
    for number in range(count):
        scenario.again(home)
        told = _killed(name, home, scenario, chance)
        outcome.count(f"moments killed while {name}")
        outcome.count("acknowledgements checked", len(told))
        if told[-1].startswith("begun"):
            outcome.count(f"of them with {name} begun and not told done")
        outcome.faults += [f"{name} {number}: {one}" for one in scenario.check(home, told)]
    return outcome


def _killed(name: str, home: Path, scenario: Scenario, chance: random.Random) -> list[str]:
    """Start a worker, kill it at a random moment of its work, and return what it had told."""
    process = subprocess.Popen(
        [sys.executable, "-m", "torture.worker", name, str(home)],
        stdout=subprocess.PIPE,
        text=True,
        env=child_environment(),
    )
    assert process.stdout is not None
    watchdog = threading.Timer(PATIENCE, process.kill)
    watchdog.start()
    first = process.stdout.readline()
    threading.Timer(chance.random() * scenario.longest, process.kill).start()
    rest = process.stdout.read()
    watchdog.cancel()
    process.wait()
    process.stdout.close()
    if not first or process.returncode != -9:
        raise RuntimeError(f"the process of {name} ended by itself ({process.returncode})")
    whole = (first + rest).split("\n")[:-1]  # a line that was cut was not told
    return [line for line in whole if line]
