"""Every scenario that is killed, by name."""

from __future__ import annotations

from torture.backup_scenarios import BackingUp, Restoring
from torture.erasing_scenario import Erasing
from torture.rotating_scenario import Rotating
from torture.scenarios import Closing, Marking, Migrating, Scenario

SCENARIOS: dict[str, Scenario] = {
    "marking": Marking(),
    "closing": Closing(),
    "rotating": Rotating(),
    "erasing": Erasing(),
    "backing up": BackingUp(),
    "restoring": Restoring(),
    "migrating": Migrating(),
}
