"""How long the files of a large month take, and how much memory.

    PYTHONPATH=tests/reports python tests/load/reports_at_size.py --people 5010

The register is made up in memory: groups of 30, one lesson on each of the 22 weekdays of a month.
Reading it from a database comes on top. Each format runs in a process of its own.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import time
from dataclasses import replace

from months import APRIL, make_group, make_register, make_sessions, weekdays

from rollbook.domain.month import GroupMonth, MonthRegister
from rollbook.domain.subjects import Group
from rollbook.reports.formats import RENDERERS

SIZE = 30  # people of a group
UNIT = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss, in bytes


def school(people: int) -> MonthRegister:
    """Return a month of so many people, rounded down to whole groups."""
    return make_register(*(_group(number) for number in range(people // SIZE)))


def _group(number: int) -> GroupMonth:
    sessions = make_sessions(weekdays(APRIL), group_id=f"g{number}")
    made = make_group([f"Person {number} {n}" for n in range(SIZE)], sessions)
    people = tuple(
        replace(
            line,
            person=replace(line.person, subject_id=f"{number} {line.person.subject_id}"),
            cells=tuple(cell and replace(cell, subject_id=f"{number} {cell.subject_id}")
                        for cell in line.cells),
        )
        for line in made.people
    )  # fmt: skip
    return replace(made, group=Group(f"g{number}", f"Group {number}"), people=people)


def measure(file_format: str, people: int) -> None:
    """Make one file and say what it took."""
    register = school(people)
    wall, processor = time.perf_counter(), time.process_time()
    data = RENDERERS[file_format](register, "en", None)
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * UNIT / 2**20
    rows = sum(1 for _ in register.rows())
    print(
        f"{file_format}: {people} people, {rows} rows: {wall:.1f} s, {processor:.1f} s of a core, "
        f"{len(data) / 2**20:.1f} MiB, peak {peak:.0f} MiB of memory"
    )


def main() -> None:
    """Measure all formats, each alone."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=5_010)
    parser.add_argument("--format", choices=("csv", "xlsx", "pdf"))
    given = parser.parse_args()
    if given.format:
        measure(given.format, given.people)
        return
    for one in ("csv", "xlsx", "pdf"):
        command = [sys.executable, __file__, "--people", str(given.people), "--format", one]
        subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
