"""People's own codes: on a card that can be revoked, on a phone for half a minute."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from rollbook.domain.codes import (
    card_text,
    new_lookup,
    new_secret,
    phone_text,
    proves,
    read_code,
    seconds_left,
)
from rollbook.domain.kiosks import Credential, CredentialKind
from rollbook.domain.ports import Clock, OpenUnitOfWork, UnitOfWork
from rollbook.domain.register import EntryKind, NewEntry
from rollbook.domain.subjects import new_id


@dataclass(frozen=True, slots=True)
class PhoneCode:
    """What a phone shows now."""

    text: str = field(repr=False)
    seconds_left: float


@dataclass(frozen=True, slots=True)
class Card:
    """One person's card."""

    subject_id: str
    name: str
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class CodeOf:
    """Whose code was read."""

    subject_id: str
    kind: CredentialKind


class CodeKeeper:
    """Makes codes, ends them, and tells whose they are."""

    def __init__(self, open_uow: OpenUnitOfWork, clock: Clock) -> None:
        self._open_uow = open_uow
        self._clock = clock

    def phone(self, subject_id: str) -> PhoneCode:
        """Return what the person's phone shows now; the first time makes its secret.

        Raises:
            NotFound: there is no such person.
        """
        now = self._clock.now()
        with self._open_uow() as uow:
            uow.subjects.get(subject_id)
            kept = self._kept_or_new(uow, subject_id, CredentialKind.PHONE, f"subject {subject_id}")
            uow.commit()
        text = phone_text(kept.lookup or "", kept.secret, now)
        return PhoneCode(text, seconds_left(now))

    def cards(self, subject_ids: Sequence[str], by: str) -> list[Card]:
        """Return these people's cards in this order, to be printed; who has none gets one.

        Raises:
            NotFound: there is no such person.
        """
        made: list[Card] = []
        with self._open_uow() as uow:
            for subject_id in subject_ids:
                person = uow.subjects.get(subject_id)
                kept = self._kept_or_new(uow, subject_id, CredentialKind.CARD, by)
                text = card_text(kept.lookup or "", kept.secret)
                made.append(Card(subject_id, person.name, text))
            printed: dict[str, object] = {"count": len(made), "subjects": list(subject_ids)}
            uow.register.append(_entry("cards printed", by, self._clock.now(), **printed))
            uow.commit()
        return made

    def revoke(self, subject_id: str, kind: CredentialKind, by: str) -> bool:
        """End a card or a phone's code at once; return whether there was one.

        The next card or code that is made is another one.
        """
        with self._open_uow() as uow:
            if not uow.credentials.remove(subject_id, kind):
                return False
            event = f"{kind.value} revoked"
            uow.register.append(_entry(event, by, self._clock.now(), subject_id=subject_id))
            uow.commit()
        return True

    def of_text(self, text: str) -> CodeOf | None:
        """Return whose code this is; None when it is nobody's, revoked or too old."""
        code = read_code(text)
        if code is None:
            return None
        with self._open_uow() as uow:
            kept = uow.credentials.by_lookup(code.lookup)
        if kept is None or kept.kind is not code.kind:
            return None
        if not proves(code, kept.secret, self._clock.now()):
            return None
        return CodeOf(kept.subject_id, kept.kind)

    def use(self, text: str, session_id: str) -> bool:
        """Return whether this is the first use of a phone's code in the session."""
        with self._open_uow() as uow:
            first = uow.replies.claim(f"code {session_id} {text}", self._clock.now())
            uow.commit()
        return first

    def give_back(self, text: str, session_id: str) -> None:
        """Let a code be used after all: what it was for could not be done."""
        with self._open_uow() as uow:
            uow.replies.release(f"code {session_id} {text}")
            uow.commit()

    def _kept_or_new(
        self, uow: UnitOfWork, subject_id: str, kind: CredentialKind, by: str
    ) -> Credential:
        kept = uow.credentials.of(subject_id).get(kind)
        if kept is None:
            uow.register.hold()  # of two that make one at once the second finds it
            kept = uow.credentials.of(subject_id).get(kind)
        if kept is not None:
            return kept
        now = self._clock.now()
        made = Credential(new_id(), subject_id, kind, new_secret(), now, new_lookup())
        uow.credentials.put(made)
        event = f"{kind.value} made"
        uow.register.append(_entry(event, by, now, subject_id=subject_id))
        return made


def _entry(event: str, by: str, at: datetime, **more: object) -> NewEntry:
    return NewEntry(EntryKind.ACCOUNT, {"event": event, "by": by, "at": at.isoformat(), **more})
