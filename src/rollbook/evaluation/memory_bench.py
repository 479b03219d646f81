"""How much memory a program and all its processes hold while they run."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rollbook.errors import RollbookError

PROC = Path("/proc")
MEBIBYTE = 1024.0  # kibibytes


@dataclass(frozen=True, slots=True)
class MemoryFigures:
    """Proportional set size, MiB: pages that several processes share count in parts."""

    median_mib: float
    peak_mib: float
    processes: int  # the most at once
    samples: int


def measure_watch_memory(
    arguments: Sequence[str],
    *,
    environment: Mapping[str, str] | None = None,
    warm_up: float = 5.0,
    seconds: float = 10.0,
    interval: float = 0.25,
) -> MemoryFigures | None:
    """Run `rollbook` with these arguments and sample the memory of all its processes.

    Its start does not count; it is ended afterwards where it has not ended by itself. None where
    the system does not tell shared pages apart; only Linux does.

    Raises:
        RollbookError: it ended before anything was measured.
    """
    if not (PROC / "self" / "smaps_rollup").exists():
        return None
    command = [sys.executable, "-m", "rollbook", *arguments]
    quiet = subprocess.DEVNULL
    with subprocess.Popen(  # noqa: S603 - this interpreter and this program, no shell
        command, stdout=quiet, env=environment
    ) as program:
        try:
            time.sleep(warm_up)
            samples = _samples(program, seconds, interval)
        finally:
            program.terminate()
            code = program.wait(10)
    if not samples:
        raise RollbookError(f"The program ended with exit code {code} before it was measured.")
    return figures(samples)


def figures(samples: Sequence[tuple[float, int]]) -> MemoryFigures:
    """Return the figures of (MiB, processes) samples, of which there is at least one.

    >>> figures([(300.0, 3), (320.0, 3), (310.0, 3)])
    MemoryFigures(median_mib=310.0, peak_mib=320.0, processes=3, samples=3)
    """
    sizes = sorted(size for size, _ in samples)
    return MemoryFigures(
        median_mib=sizes[len(sizes) // 2],
        peak_mib=sizes[-1],
        processes=max(count for _, count in samples),
        samples=len(samples),
    )


def _samples(
    program: subprocess.Popen[bytes], seconds: float, interval: float
) -> list[tuple[float, int]]:
    samples: list[tuple[float, int]] = []
    until = time.monotonic() + seconds
    while time.monotonic() < until and program.poll() is None:
        sizes = [pss_mib(pid) for pid in family(program.pid)]
        samples.append((sum(sizes), len(sizes)))
        time.sleep(interval)
    return samples


def family(pid: int) -> list[int]:
    """Return the process and all that it started, directly or not."""
    parents: dict[int, list[int]] = {}
    for entry in PROC.iterdir():
        if entry.name.isdecimal() and (parent := _parent(entry)) is not None:
            parents.setdefault(parent, []).append(int(entry.name))
    found = [pid]
    for one in found:
        found.extend(parents.get(one, []))
    return found


def _parent(entry: Path) -> int | None:
    try:
        # the name in parentheses may hold anything, so only what follows it is split
        return int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    except (OSError, ValueError, IndexError):
        return None  # it ended meanwhile


def pss_mib(pid: int) -> float:
    """Return a process's proportional set size in MiB; 0 when it ended."""
    try:
        lines = (PROC / str(pid) / "smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    sizes = (line.split()[1] for line in lines if line.startswith("Pss:"))
    return int(next(sizes, "0")) / MEBIBYTE
