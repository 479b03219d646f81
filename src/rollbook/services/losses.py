"""Lets an administrator go on after entries of the register were lost for good."""

from __future__ import annotations

from datetime import datetime

from rollbook.domain.ports import Clock, OpenUnitOfWork
from rollbook.domain.receipts import Receipt, ReceiptKind
from rollbook.domain.register import EntryKind, NewEntry
from rollbook.domain.subjects import new_id
from rollbook.domain.witness import Standing
from rollbook.errors import InvalidInput, RegisterTampered

REASON_LIMIT = 200  # characters


class Losses:
    """Lets an administrator go on after entries were lost for good."""

    def __init__(self, open_uow: OpenUnitOfWork, clock: Clock) -> None:
        self._open_uow = open_uow
        self._clock = clock

    def accept(self, reason: str, by: str) -> tuple[Standing, Receipt]:
        """Go on without the entries that the witness saw; entry and receipt keep that.

        The rest has to hold: check it first.

        Raises:
            InvalidInput: no reason, or a long one; or nothing is lost.
            RegisterTampered: the rest of the register does not hold either.
        """
        kept = " ".join(reason.split())
        if not kept or len(kept) > REASON_LIMIT:
            raise InvalidInput("Say why, in at most %(limit)s characters.", limit=REASON_LIMIT)
        with self._open_uow() as uow:
            uow.see_one_moment()
            if faults := uow.register.verify().faults:
                raise RegisterTampered(
                    f"{faults[0].what} What is lost can only be accepted where the rest holds: put "
                    "the newest backup in its place."
                )
        return self._accept(kept, by)

    def _accept(self, reason: str, by: str) -> tuple[Standing, Receipt]:
        now = self._clock.now()
        with self._open_uow() as uow:
            found = uow.register.standing()
            lost = {"entries": found.entries, "witnessed": found.witnessed, "reason": reason}
            before = uow.register.accept_loss(_entry("loss accepted", by, now, **lost))
            if not before.refuses:
                raise InvalidInput("Nothing is lost: the register is as its witness says.")
            receipt = Receipt(new_id(), ReceiptKind.LOSS, now, {**lost, "by": by})
            receipt = uow.receipts.add(receipt)
            uow.commit()
        return before, receipt


def _entry(event: str, by: str, at: datetime, **values: object) -> NewEntry:
    return NewEntry(EntryKind.TRUST, {"event": event, "by": by, "at": at.isoformat(), **values})
