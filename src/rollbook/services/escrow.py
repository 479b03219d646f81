"""Remembers of which site key a recovery sheet was made, and when. Never the key, nor its words."""

from __future__ import annotations

from datetime import datetime

from rollbook.domain.key_safety import SheetMade
from rollbook.domain.ports import Clock, OpenUnitOfWork, UnitOfWork
from rollbook.domain.register import EntryKind, NewEntry

SHEET = "key_sheet"  # name of the setting


class EscrowBook:
    """Writes down each sheet that was made."""

    def __init__(self, open_uow: OpenUnitOfWork, clock: Clock) -> None:
        self._open_uow = open_uow
        self._clock = clock

    def note(self, by: str, key_id: str, needed: int = 1, of: int = 1) -> SheetMade:
        """Write into the register that a sheet, or shares, of this key were made now."""
        made = SheetMade(key_id, self._clock.now(), needed, of)
        kept = {"key_id": key_id, "at": made.at.isoformat(), "needed": needed, "of": of}
        event = "recovery sheet made" if of == 1 else "recovery shares made"
        with self._open_uow() as uow:
            uow.register.hold()
            uow.site.set(SHEET, kept)
            uow.register.append(NewEntry(EntryKind.TRUST, {"event": event, "by": by, **kept}))
            uow.commit()
        return made

    def tell(self, by: str, event: str, key_id: str) -> None:
        """Write into the register what was done with the site key: "site key locked"."""
        at = self._clock.now().isoformat()
        body = {"event": event, "at": at, "by": by, "key_id": key_id}
        with self._open_uow() as uow:
            uow.register.append(NewEntry(EntryKind.TRUST, body))
            uow.commit()


def last_sheet(uow: UnitOfWork) -> SheetMade | None:
    """Return the last sheet that was made, of whichever key."""
    kept = uow.site.get(SHEET)
    if not isinstance(kept, dict):
        return None
    at = datetime.fromisoformat(kept["at"])
    return SheetMade(kept["key_id"], at, kept["needed"], kept["of"])
