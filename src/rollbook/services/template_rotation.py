"""Storing all templates under a new transform of the site, without anybody's face."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from rollbook.domain.ports import Clock, OpenUnitOfWork, Progress
from rollbook.domain.receipts import Receipt, ReceiptKind
from rollbook.domain.register import EntryKind, NewEntry
from rollbook.domain.subjects import new_id
from rollbook.services.consenting import acted

BATCH = 200  # templates in one transaction; others wait for some hundredths of a second
PAUSE = 0.005  # seconds between two of them, so that waiting writers come through
EVENT = "templates renewed"


@dataclass(frozen=True, slots=True)
class RenewedTemplates:
    """What a renewal did."""

    number: int  # of the transform that all templates are stored under now
    samples: int  # that were stored anew by this run
    seconds: float
    receipt: Receipt


class TemplateRotation:
    """Renews the transform while other processes read and write; a killed run is taken up again."""

    def __init__(
        self,
        open_uow: OpenUnitOfWork,
        clock: Clock,
        by: str | None = None,
        empty_log: Callable[[], object] = lambda: None,
    ) -> None:
        """`by` is who acts, as the register names them.

        `empty_log` takes away what the database's log still holds of rows from before.
        """
        self._open_uow = open_uow
        self._clock = clock
        self._by = by
        self._empty_log = empty_log

    def acting(self, by: str) -> TemplateRotation:
        """Return the same for somebody whom the register is to name."""
        return TemplateRotation(self._open_uow, self._clock, by, self._empty_log)

    def unfinished(self) -> bool:
        """Return whether a run was begun that did not come to its end."""
        with self._open_uow() as uow:
            return uow.protection.renewing()

    def run(self, progress: Progress | None = None) -> RenewedTemplates:
        """Store every template under a new transform, then destroy the former secret.

        Templates in files from before, and in copies of them, are useless afterwards: compared
        with those of now they score like strangers'.
        """
        begun, samples = time.monotonic(), 0
        with self._open_uow() as uow:
            uow.register.hold()
            uow.protection.begin()
            total = uow.protection.outdated()
            uow.commit()
        while done := self._batch():
            samples += done
            if progress:
                progress(samples, max(total, samples))
            time.sleep(PAUSE)
        number, receipt = self._finish(samples)
        self._empty_log()
        return RenewedTemplates(number, samples, time.monotonic() - begun, receipt)

    def _batch(self) -> int:
        with self._open_uow() as uow:
            uow.register.hold()
            done = uow.protection.renew(BATCH)
            uow.commit()
        return done

    def _finish(self, samples: int) -> tuple[int, Receipt]:
        """Destroy the former secret in one transaction with its receipt and its entry."""
        with self._open_uow() as uow:
            uow.register.hold()
            number = uow.protection.newest()
            receipt = uow.receipts.add(self._receipt(number, samples))
            uow.register.append(self._entry(receipt))
            uow.protection.finish()
            uow.commit()
        return number, receipt

    def _receipt(self, number: int, samples: int) -> Receipt:
        body = {"event": EVENT, "transform": number, "samples": samples, **acted(self._by)}
        return Receipt(new_id(), ReceiptKind.ROTATION, self._clock.now(), body)

    @staticmethod
    def _entry(receipt: Receipt) -> NewEntry:
        at = receipt.at.isoformat()
        body = {**receipt.body, "at": at, "receipt_id": receipt.receipt_id}
        return NewEntry(EntryKind.TRUST, body)
