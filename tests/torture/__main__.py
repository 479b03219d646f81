"""The long attacks, as one command: `make torture`, or `python -m torture --only kills`."""

from __future__ import annotations

import argparse
import importlib
import json
import secrets
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from torture.frame import Outcome, Plan

ROWS = {
    "kills": "SIGKILL at random moments",
    "thief": "A thief without the key",
    "writer": "A thief who can write",
    "faults": "The world fails",
    "fuzz": "Hostile files",
    "network": "A hostile network",
    "outbound": "Nothing leaves the machine",
}


def main() -> int:
    chosen = _arguments()
    seed = secrets.randbelow(2**31) if chosen.seed is None else chosen.seed
    print(f"seed {seed}; the same again: --seed {seed}", file=sys.stderr)
    told, failed = [], False
    for name in chosen.only or ROWS:
        with tempfile.TemporaryDirectory(prefix="torture-") as folder:
            only = frozenset(chosen.scenario)
            plan = Plan(Path(folder), seed, chosen.kills, chosen.seconds, only)
            begun = time.monotonic()
            outcome: Outcome = importlib.import_module(f"torture.{name}").run(plan)
        took = round(time.monotonic() - begun, 1)
        told.append({"row": name, "seconds": took, **vars(outcome)})
        failed = failed or bool(outcome.faults)
        _show(name, took, outcome)
    if chosen.json:
        chosen.json.write_text(json.dumps({"seed": seed, "rows": told}, indent=2), "utf-8")
    return int(failed)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="torture", description=__doc__)
    parser.add_argument("--only", action="append", choices=ROWS, help="run this row; repeatable")
    parser.add_argument("--scenario", action="append", default=[], help="of a row, only this one")
    parser.add_argument("--kills", type=int, default=200, help="moments in all (200)")
    parser.add_argument(
        "--seconds", type=float, default=600, help="for each kind of hostile input (600)"
    )
    parser.add_argument("--seed", type=int, help="of an earlier run, to repeat it")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the counts there as well")
    return parser.parse_args()


def _show(name: str, took: float, outcome: Outcome) -> None:
    console = Console(width=110)
    table = Table(title=f"{ROWS[name]} ({took} s)", title_justify="left", box=None)
    table.add_column("what")
    table.add_column("count", justify="right")
    for what, count in outcome.counts.items():
        table.add_row(what, str(count))
    table.add_row("did not hold", str(len(outcome.faults)))
    console.print(table)
    for line in outcome.faults[:50]:
        console.print(f"  NOT HELD {line}", markup=False, highlight=False)
    for line in outcome.left_out:
        console.print(f"  left out {line}", markup=False, highlight=False)


if __name__ == "__main__":
    sys.exit(main())
