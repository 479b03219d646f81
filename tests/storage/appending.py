"""Appends entries to the register, one a transaction: a process for a test of many at once.

python appending.py URL KEYS COUNT: says "ready", waits for a line, appends, prints the numbers.
"""

from __future__ import annotations

import sys
from pathlib import Path

from rollbook.domain.register import EntryKind, NewEntry
from rollbook.storage.database import Database


def main(url: str, keys: str, count: str) -> None:
    database = Database.open(url, keys_dir=Path(keys))
    print("ready", flush=True)
    sys.stdin.readline()
    for _ in range(int(count)):
        with database.uow() as uow:
            number = uow.register.append(NewEntry(EntryKind.SETTING, {"event": "x"})).number
            uow.commit()
        print(number, flush=True)
    database.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
