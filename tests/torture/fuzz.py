"""Hostile files: every reader of what others send, fed with damaged and invented input.

Each reader runs in a process of its own with a bounded memory, so that a crash is seen as one. A
hang, an unforeseen exception, too much memory, or a file outside of its folder is a fault. Half of
the time the input is mutated blindly; the other half atheris follows the code's branches, where it
is installed, and schemathesis the description of the interface.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from torture.frame import Outcome, Plan, child_environment

READERS = ("image", "zip", "csv", "ics", "restore", "api")
STARTING = 180.0  # seconds beside the time of trying


def run(plan: Plan) -> Outcome:
    """Feed each reader for so many seconds."""
    outcome = Outcome()
    for name in READERS:
        if plan.wants(name):
            outcome.add(_fed(name, plan))
    return outcome


def _fed(name: str, plan: Plan) -> Outcome:
    outcome = Outcome()
    place = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=plan.folder))
    (place / "tmp").mkdir()
    words = [sys.executable, "-m", "torture.fuzz_reader", name, str(plan.seconds), str(plan.seed)]
    with (place / "said").open("wb") as said:
        try:
            code = subprocess.run(
                [*words, str(place / "counts.json")],
                cwd=place,
                stdout=said,
                stderr=said,
                env=dict(child_environment(TMPDIR=str(place / "tmp"))),
                timeout=plan.seconds * 2 + STARTING,
                check=False,
            ).returncode
        except subprocess.TimeoutExpired:
            code = -1
    counts = place / "counts.json"
    told = json.loads(counts.read_text()) if counts.exists() else {}
    outcome.count(f"{name}: inputs tried", told.get("tried", 0))
    for engine, number in told.get("by", {}).items():
        outcome.count(f"{name}: of them by {engine}", number)
    outcome.count(f"{name}: of them accepted", told.get("accepted", 0))
    outcome.count(f"{name}: slowest, ms", told.get("slowest", 0))
    outcome.count(f"{name}: memory, MiB", told.get("memory", 0))
    outcome.faults += [f"{name}: {fault}" for fault in told.get("faults", [])]
    reached = re.findall(r"DONE\s+cov: (\d+)", (place / "said").read_text(errors="replace"))
    if reached:
        outcome.count(f"{name}: edges of the code that atheris reached", int(reached[-1]))
    if code != 0:
        tail = (place / "said").read_text(encoding="utf-8", errors="replace")[-600:]
        outcome.faults.append(f"{name}: the process ended with {code}: {tail}")
    known = {"tmp", "said", "counts.json", "home", "last-input", ".hypothesis"}
    strange = [path.name for path in place.iterdir() if path.name not in known]
    outcome.faults += [f"{name}: a file outside of its folder: {one}" for one in strange]
    return outcome
