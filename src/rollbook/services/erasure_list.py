"""The signed list of erased people beside the keys, compared with what the register tells.

Somebody who can write to the folder of the keys can delete the list or cut lines off its end, and
nothing in what is left shows it. The entries of the erasures do.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from rollbook.domain.erasing import ErasedPeople, ErasedPerson
from rollbook.domain.ports import Clock, OpenUnitOfWork, UnitOfWork
from rollbook.domain.register import Entry, EntryKind, NewEntry
from rollbook.errors import StorageError

PAGE = 1_000  # entries that are held at a time
BY = "site"
LACKS = (
    "The list of erased people (keys/erasures.jsonl) lacks %(count)s of whom the register tells: "
    "it was deleted or cut. A backup that is restored with it would bring them back. Put them on "
    "it again: rollbook erase --finish"
)
MENDED = (
    "The list of erased people (keys/erasures.jsonl) lacked %(count)s of whom the register tells: "
    "it was deleted or cut. They were put on it again. Find out who can write to the folder of "
    "the keys."
)

log = logging.getLogger(__name__)


class ErasedList:
    """Keeps the list complete."""

    def __init__(
        self, open_uow: OpenUnitOfWork, clock: Clock, listed: Callable[[], ErasedPeople]
    ) -> None:
        self._open_uow = open_uow
        self._clock = clock
        self._listed = listed

    def put(self, people: Sequence[ErasedPerson]) -> None:
        """Add people, durably. Raises StorageError when the list was changed."""
        self._listed().put(people)

    def missing(self) -> list[ErasedPerson]:
        """Return who was erased and is not on the list, oldest first.

        Who is being erased at this moment gets on it with the end of the erasure.

        Raises:
            StorageError: a line of the list was changed, or an entry cannot be read.
        """
        with self._open_uow() as uow:
            told = {one.subject_id: one for one in _told(uow)}
            pending = {intent.subject_id for intent in uow.person_rows.intents()}
        if not told:
            return []
        known = self._listed().ids() | pending
        return [one for one in told.values() if one.subject_id not in known]

    def problem(self) -> str:
        """Return what is wrong with the list as a sentence, or an empty text."""
        try:
            count = len(self.missing())
        except StorageError as error:
            return str(error)
        return LACKS % {"count": count} if count else ""

    def mend(self) -> int:
        """Put on the list who is missing; return how many that were. Raises as `missing`."""
        missing = self.missing()
        if not missing:
            return 0
        self.put(missing)
        log.warning(MENDED, {"count": len(missing)})
        body = {
            "event": "erasure list mended",
            "at": self._clock.now().isoformat(),
            "by": BY,
            "count": len(missing),
        }
        with self._open_uow() as uow:
            uow.register.append(NewEntry(EntryKind.TRUST, body))
            uow.commit()
        return len(missing)


def _told(uow: UnitOfWork) -> Iterator[ErasedPerson]:
    number = 0
    while page := uow.register.since(number, [EntryKind.SUBJECT], PAGE):
        yield from (_person(entry) for entry in page if _is_erasure(entry))
        number = page[-1].number


def _is_erasure(entry: Entry) -> bool:
    return entry.body.get("event") == "removed" and "receipt" in entry.body


def _person(entry: Entry) -> ErasedPerson:
    body = entry.body
    at = datetime.fromisoformat(str(body["at"]))
    return ErasedPerson(str(body["subject_id"]), at, str(body["receipt"]))
