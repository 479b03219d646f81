"""What every row of the torture shares: how long, from which seed, and what was counted."""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from rollbook.storage.database import Database

TESTS = Path(__file__).resolve().parent.parent
PROJECT = TESTS.parent


@dataclass(frozen=True)
class Plan:
    """How long the rows run, and where."""

    folder: Path  # empty; each row makes folders of its own in it
    seed: int = 1
    kills: int = 200  # moments, over all scenarios together
    seconds: float = 600.0  # of each kind of hostile input
    scenarios: frozenset[str] = frozenset()  # of a row; empty: all
    short: bool = False  # a slice for the tests

    def chance(self, what: str) -> random.Random:
        """Return the row's own source of randomness: the same for the same seed."""
        return random.Random(f"{self.seed} {what}")

    def wants(self, name: str) -> bool:
        return not self.scenarios or name in self.scenarios


@dataclass
class Outcome:
    """What a row tried, and what did not hold."""

    counts: dict[str, int] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)  # with the reason

    def count(self, what: str, by: int = 1) -> None:
        self.counts[what] = self.counts.get(what, 0) + by

    def expect(self, held: bool, fault: str) -> None:
        if not held:
            self.faults.append(fault)

    def add(self, other: Outcome) -> None:
        for what, number in other.counts.items():
            self.count(what, number)
        self.faults += other.faults
        self.left_out += other.left_out

    def require(self, *counted: str) -> None:
        """Raise AssertionError when something did not hold, or one of these was not tried."""
        assert not self.faults, "\n".join(self.faults)
        missing = [what for what in counted if not self.counts.get(what)]
        assert not missing, f"not tried: {missing}"


Row = Callable[[Plan], Outcome]


def new_home(folder: Path) -> Path:
    """Make a home with keys and an empty database."""
    Database.open(url_of(folder), keys_dir=folder / "keys", create=True).close()
    return folder


def url_of(home: Path) -> str:
    return f"sqlite:///{(home / 'rollbook.db').as_posix()}"


def open_home(home: Path, patience: float = 10.0) -> Database:
    return Database.open(url_of(home), keys_dir=home / "keys", patience=patience)


def child_environment(**more: str) -> Mapping[str, str]:
    """Return the environment of a process of ours: the tests can be imported, no settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ROLLBOOK_")}
    return {**kept, "PYTHONPATH": os.pathsep.join([str(TESTS), *filter(None, sys.path)]), **more}


def program(home: Path, *words: str) -> list[str]:
    """Return the words that run `rollbook` on this home."""
    return [sys.executable, "-m", "rollbook", "--home", str(home), *words]
