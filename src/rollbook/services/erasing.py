"""Erasing a person for ever: rows and key at once, then proof, a receipt, and the signed list.

All rows and the key go in one transaction, together with a note of what is still to be done. So a
kill leaves either nothing done, or an erasure that is finished by the next start. The note holds
the random id and digests of sealed payloads, and nothing else of the person.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Protocol

from rollbook.domain.access import Role
from rollbook.domain.accounts import User
from rollbook.domain.attendance import SessionState
from rollbook.domain.erasing import Destroyed, Intent, KeyCopies, Remains
from rollbook.domain.ports import Clock, OpenUnitOfWork, UnitOfWork
from rollbook.domain.receipts import Receipt, ReceiptKind
from rollbook.domain.register import EntryKind, NewEntry
from rollbook.domain.subjects import new_id
from rollbook.errors import InvalidInput, StorageError
from rollbook.services.accounts import second_step
from rollbook.services.due import Errand
from rollbook.services.erasure_body import Begun, Found, Known, erasure_body, words_of
from rollbook.services.erasure_list import ErasedList
from rollbook.services.marks import marks_about
from rollbook.services.people import subject_entry
from rollbook.services.pins import person_bucket
from rollbook.services.sign_in import bucket_of

FINISH_JOB = "finish erasure"
GRACE = timedelta(minutes=1)  # whoever began an erasure has so long to finish it
AGAIN = timedelta(minutes=2)  # between two tries to cut the log of changes
BY_COMMAND = "command line"
Today = Callable[[], date]


class HeldPhotos(Protocol):
    """Class photographs that this process holds in memory."""

    def forget(self, subject_id: str) -> int:
        """Drop those on which the person was found; return how many."""
        ...


class Erasing:
    """Erases people, and finishes what a kill has interrupted."""

    def __init__(
        self,
        open_uow: OpenUnitOfWork,
        clock: Clock,
        today: Today,
        remains: Remains,
        listed: ErasedList,
        replace_copies: Callable[[], KeyCopies] = KeyCopies,
        photos: Callable[[], HeldPhotos | None] = lambda: None,
    ) -> None:
        """`replace_copies` writes copies of the keys anew, and tells what is left of old ones."""
        self._open_uow = open_uow
        self._clock = clock
        self._today = today
        self._remains = remains
        self._listed = listed
        self._replace_copies = replace_copies
        self._photos = photos

    def erase(self, subject_ids: Sequence[str], by: str = BY_COMMAND) -> list[Receipt]:
        """Erase people for ever; return their receipts, in the same order.

        Raises:
            NotFound: there is no such person; those before were erased.
            InvalidInput: the account of one is the only administrator's.
        """
        return self.finish(self.begin(subject_ids, by))

    def begin(self, subject_ids: Sequence[str], by: str) -> list[Begun]:
        """Destroy rows and keys, each person's in a transaction; `finish` has to follow.

        Raises as `erase`.
        """
        return [self._begin(subject_id, by) for subject_id in dict.fromkeys(subject_ids)]

    def finish(self, begun: Sequence[Begun]) -> list[Receipt]:
        """Clean and search the files once for all of them, and write each one's receipt."""
        if not begun:
            return []
        copies = self._off_the_copies([one.intent for one in begun])
        files = [self._remains.delete(one.intent.files) for one in begun]
        emptied = self._remains.empty_log()
        wanted = [one.wanted for one in begun]
        scans, exports = self._remains.scan(wanted), self._remains.exports_with(wanted)
        receipts = []
        for one, deleted, scan, with_words in zip(begun, files, scans, exports, strict=True):
            with self._open_uow() as uow:
                left = uow.person_rows.left(one.intent.subject_id)
            found = Found(left, deleted, emptied, scan, with_words, copies)
            receipts.append(self._certify(one, found))
        self._remains.empty_log()  # the notes of what was to be done go, too
        return receipts

    def pending(self) -> list[Intent]:
        """Return the erasures that are not finished, oldest first."""
        with self._open_uow() as uow:
            return uow.person_rows.intents()

    def finish_all(self) -> list[Receipt]:
        """Finish what was begun and interrupted, or had to wait; return the receipts.

        Who is missing on the signed list is put on it again.
        """
        waiting = self.pending()
        if not waiting and self._listed.mend():
            self._replace_copies()
        return self.finish([Begun(intent, Known()) for intent in waiting])

    def finish_when_due(self, errand: Errand) -> None:
        """Finish one erasure; when the log of changes is still read, look again later."""
        waiting = {intent.receipt_id: intent for intent in self.pending()}
        intent = waiting.get(errand.target)
        if intent is None:
            return
        self.finish([Begun(intent, Known())])
        with self._open_uow() as uow:  # of another receipt where the first said "pending"
            errand.finish(uow)
            for waiting_still in uow.person_rows.intents():
                uow.due.add(FINISH_JOB, waiting_still.receipt_id, errand.now + AGAIN)
            uow.commit()

    def _off_the_copies(self, intents: Sequence[Intent]) -> KeyCopies:
        """Put people on the list, then replace the copies of the keys, which take it along."""
        self._listed.put([intent.person for intent in intents])
        self._listed.mend()
        return self._replace_copies()

    def _begin(self, subject_id: str, by: str) -> Begun:
        """Destroy rows and key in one transaction; that is the moment of the erasure."""
        now = self._clock.now()
        with self._open_uow() as uow:
            uow.register.hold()
            person, account = uow.subjects.get(subject_id), uow.users.of_subject(subject_id)
            _require_another_administrator(uow, account)
            words = words_of(person, account)
            self._leave_groups(uow, subject_id)
            destroyed = self._destroy(uow, subject_id, account, [text for _, text in words])
            intent = _intent(uow, subject_id, by, now, destroyed)
            entry = subject_entry("removed", subject_id, self._clock, by=by)
            uow.register.append(replace(entry, body={**entry.body, "receipt": intent.receipt_id}))
            uow.person_rows.remember(intent)
            uow.due.add(FINISH_JOB, intent.receipt_id, now + GRACE)
            uow.commit()
        photos = self._photos()
        if photos is not None:
            photos.forget(subject_id)
        return Begun(intent, Known(tuple(words), destroyed.templates))

    def _destroy(
        self, uow: UnitOfWork, subject_id: str, account: User | None, words: Sequence[str]
    ) -> Destroyed:
        """Raises StorageError when anything would be left; then nothing is done."""
        uow.throttles.succeeded(person_bucket(subject_id))
        if account is not None:
            uow.throttles.succeeded(bucket_of(account.login))
            uow.throttles.succeeded(second_step(account.user_id))
        user_id = None if account is None else account.user_id
        destroyed = uow.person_rows.erase(subject_id, user_id, words)
        left = uow.person_rows.left(subject_id)
        if left:
            raise StorageError(
                "Rows of the person would be left in %(tables)s, so nothing was erased.",
                tables=", ".join(sorted(left)),
            )
        uow.person_rows.tell_processes()
        return destroyed

    def _leave_groups(self, uow: UnitOfWork, subject_id: str) -> None:
        for held in uow.groups.memberships(subject_id=subject_id):
            last_day = self._last_day(uow, held.group_id, subject_id)
            uow.groups.leave(held.group_id, subject_id, last_day)

    def _last_day(self, uow: UnitOfWork, group_id: str, subject_id: str) -> date:
        """Return the last day whose roster has to stay: with closed registers, or own marks."""
        today = self._today()
        sessions = uow.sessions.all(group_id=group_id, first_day=today, last_day=today)
        stays = any(
            session.state is SessionState.CLOSED or marks_about(uow, session.session_id, subject_id)
            for session in sessions
        )
        return today if stays else today - timedelta(days=1)

    def _certify(self, begun: Begun, found: Found) -> Receipt:
        """Write the receipt of one person, and its entry."""
        intent = begun.intent
        body = erasure_body(intent, begun.known, found, self._remains)
        receipt = Receipt(intent.receipt_id, ReceiptKind.ERASURE, self._clock.now(), body)
        if found.emptied is False:
            return self._put_off(intent, receipt)
        with self._open_uow() as uow:
            uow.register.hold()
            if not uow.person_rows.forget(intent.receipt_id):
                return uow.receipts.get(intent.receipt_id)  # another process was faster
            signed = uow.receipts.add(receipt)
            uow.register.append(self._finished(intent, receipt))
            uow.due.drop(FINISH_JOB, [intent.receipt_id])
            uow.commit()
        return signed

    def _put_off(self, intent: Intent, receipt: Receipt) -> Receipt:
        """Write a first receipt that says what waits, and let it be tried again."""
        if intent.first_receipt:
            with self._open_uow() as uow:
                return uow.receipts.get(intent.first_receipt)
        later = replace(intent.pending_as(intent.receipt_id), receipt_id=new_id())
        with self._open_uow() as uow:
            uow.register.hold()
            if not uow.person_rows.forget(intent.receipt_id):
                return uow.receipts.get(intent.receipt_id)
            signed = uow.receipts.add(receipt)
            uow.person_rows.remember(later)
            uow.due.drop(FINISH_JOB, [intent.receipt_id])
            uow.due.add(FINISH_JOB, later.receipt_id, self._clock.now() + AGAIN)
            uow.commit()
        return signed

    def _finished(self, intent: Intent, receipt: Receipt) -> NewEntry:
        body = {
            "event": "erasure finished",
            "at": self._clock.now().isoformat(),
            "subject_id": intent.subject_id,
            "receipt": receipt.receipt_id,
            "by": intent.by,
        }
        return NewEntry(EntryKind.TRUST, body)


def _require_another_administrator(uow: UnitOfWork, account: User | None) -> None:
    if account is None or account.role is not Role.ADMINISTRATOR:
        return
    others = (u for u in uow.users.all() if u.role is Role.ADMINISTRATOR and u.active)
    if all(user.user_id == account.user_id for user in others):
        raise InvalidInput(
            "This person is the only administrator. Make somebody else one first. Nothing was "
            "erased."
        )


def _intent(uow: UnitOfWork, subject_id: str, by: str, at: datetime, gone: Destroyed) -> Intent:
    return Intent(
        receipt_id=new_id(),
        subject_id=subject_id,
        by=by,
        at=at,
        rows=gone.rows,
        tokens=gone.tokens,
        files=gone.files,
        stays=uow.person_rows.staying(subject_id),
    )
