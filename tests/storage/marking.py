"""A process that marks with reasons, and adds people, until its input ends.

As a script: database, folder of keys, session, people. It tells each mark that was acknowledged.
"""

from __future__ import annotations

import itertools
import sys
import threading
import time
from pathlib import Path

from builders import NOW, make_subject
from rollbook.domain.attendance import Status
from rollbook.services.register import RegisterKeeper
from rollbook.storage.database import Database
from rollbook.testing import FixedClock

STATUSES = (Status.EXCUSED, Status.LATE, Status.ABSENT)
REASON = "broken collarbone"
PAUSE = 0.01  # seconds: a busy class


def main() -> None:
    url, keys, session_id, *subject_ids = sys.argv[1:]
    database = Database.open(url, keys_dir=Path(keys))
    keeper = RegisterKeeper(database.uow, FixedClock(NOW))
    over = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), over.set()), daemon=True).start()
    print("ready", flush=True)
    for number in itertools.count():
        if over.is_set():
            return
        subject_id, status = subject_ids[number % len(subject_ids)], STATUSES[number % 3]
        mark = keeper.mark_by_hand(session_id, subject_id, status, REASON, "teacher")
        print(mark.mark_id, flush=True)
        if number % 10 == 0:
            with database.uow() as uow:
                uow.subjects.add(make_subject(f"New {number}"))
                uow.commit()
        time.sleep(PAUSE)


if __name__ == "__main__":
    main()
