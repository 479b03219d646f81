"""A process that sends what is due until it is killed: `outbox_worker.py DATABASE KEYS`."""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rollbook.network.apprise_sender import AppriseSender
from rollbook.services import outbox
from rollbook.storage.database import Database
from timetables import BERLIN

LEASE = timedelta(seconds=2)  # what a killed worker held is taken up soon


class Clock:
    def now(self) -> datetime:
        return datetime.now(UTC)


def main() -> None:
    url, keys = sys.argv[1:3]
    outbox.retry_after = lambda attempts: timedelta(0)  # type: ignore[assignment]
    database = Database.open(url, keys_dir=Path(keys))
    worker = outbox.Outbox(database.uow, Clock(), AppriseSender(), lambda: BERLIN, None, LEASE)
    print("ready", flush=True)
    while True:
        if not worker.run():
            time.sleep(0.05)


if __name__ == "__main__":
    main()
