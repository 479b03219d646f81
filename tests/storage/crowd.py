"""Processes that mark at the same time; started by the tests with the home and what to do."""

from __future__ import annotations

import sys
from pathlib import Path

from builders import NOW
from rollbook.domain.attendance import Mark, Method
from rollbook.services.register import RegisterKeeper
from rollbook.storage.database import Database
from rollbook.testing import FixedClock


def main() -> None:
    url, keys, session_id = sys.argv[1:4]
    database = Database.open(url, keys_dir=Path(keys))
    keeper = RegisterKeeper(database.uow, FixedClock(NOW))
    print("ready", flush=True)
    sys.stdin.readline()
    for subject_id in sys.argv[4:]:
        outcome = keeper.sight(session_id, subject_id, NOW, Method.FACE)
        if isinstance(outcome, Mark):
            print(outcome.mark_id, flush=True)  # what is printed was reported to somebody


main()
