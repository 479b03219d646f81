"""A process that changes everything that `verify` compares, until its input ends.

As a script: database, folder of keys, and the name of its class and account. It says "ready", and
at the end how often it changed everything.
"""

from __future__ import annotations

import itertools
import sys
import threading
from datetime import timedelta
from pathlib import Path

from builders import DAY, NOW, make_class, quick_hasher
from rollbook.domain.access import Role
from rollbook.domain.attendance import Status
from rollbook.services.accounts import Accounts, NewAccount
from rollbook.services.consenting import Consenting, ConsentTerms
from rollbook.services.devices import DeviceKeeper, DevicePlan
from rollbook.services.register import RegisterKeeper
from rollbook.storage.database import Database
from rollbook.testing import FixedClock

ADMIN = "administrator alice"
ROLES = (Role.AUDITOR, Role.FACULTY)


def main() -> None:
    url, keys, name = sys.argv[1:]
    over = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), over.set()), daemon=True).start()
    changing = Changing(Database.open(url, keys_dir=Path(keys)), name)
    print("ready", flush=True)
    for number in itertools.count():
        if over.is_set():
            print(number, flush=True)
            return
        changing.change(number)


class Changing:
    """Changes rosters, accounts, settings, kiosks, consents and sessions of its own class."""

    def __init__(self, database: Database, name: str) -> None:
        self._uow = database.uow
        clock = FixedClock(NOW)
        self._keeper = RegisterKeeper(self._uow, clock)
        self._accounts = Accounts(self._uow, clock, quick_hasher())
        self._devices = DeviceKeeper(self._uow, clock)
        self._consenting = Consenting(self._uow, clock)
        self._group, (self._ada, self._bob) = make_class(self._uow, ["Ada", "Bob"], name)
        self._account = self._accounts.add(NewAccount(name, Role.FACULTY), ADMIN).user.user_id
        self._kiosk = self._devices.add(DevicePlan("Door"), ADMIN).device.device_id

    def change(self, number: int) -> None:
        """Change one of each."""
        self._accounts.set_role(self._account, ROLES[number % 2], ADMIN)
        self._accounts.set_active(self._account, number % 2 == 0, ADMIN)
        (self._devices.revoke if number % 2 else self._devices.new_code)(self._kiosk, ADMIN)
        self._consenting.record(self._ada.subject_id, ConsentTerms("v1", "their guardian"))
        self._consenting.withdraw(self._ada.subject_id)
        with self._uow() as uow:
            uow.site.set(f"threshold {self._group.group_id}", number)
            uow.groups.leave(
                self._group.group_id, self._bob.subject_id, DAY - timedelta(days=number)
            )
            uow.commit()
        self._lesson(number)

    def _lesson(self, number: int) -> None:
        starts_at = NOW + timedelta(hours=number)
        session = self._keeper.open_session(
            self._group.group_id,
            starts_at,
            starts_at + timedelta(minutes=45),
            business_date=starts_at.date(),
            title="Mathematics",
        )
        self._keeper.mark_by_hand(
            session.session_id, self._ada.subject_id, Status.EXCUSED, "", ADMIN
        )
        self._keeper.close_session(session.session_id)


if __name__ == "__main__":
    main()
