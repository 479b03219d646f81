"""The process that is killed: `python -m torture.worker SCENARIO HOME`."""

from __future__ import annotations

import sys
from pathlib import Path

from torture.all_scenarios import SCENARIOS


def tell(line: str) -> None:
    print(line, flush=True)  # what was printed was acknowledged to somebody


if __name__ == "__main__":
    SCENARIOS[sys.argv[1]].work(Path(sys.argv[2]), tell)
