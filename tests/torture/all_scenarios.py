"""Every scenario that is killed, by name."""

from __future__ import annotations

from torture.scenarios import Closing, Marking, Migrating, Scenario
from torture.trust_scenarios import BackingUp, Erasing, Rotating

SCENARIOS: dict[str, Scenario] = {
    "marking": Marking(),
    "closing": Closing(),
    "rotating": Rotating(),
    "erasing": Erasing(),
    "backing up": BackingUp(),
    "migrating": Migrating(),
}
