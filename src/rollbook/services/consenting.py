"""Consents: what was agreed to, in words that are kept, and what ends with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from rollbook.domain.ports import Clock, OpenUnitOfWork, UnitOfWork
from rollbook.domain.register import EntryKind, NewEntry
from rollbook.domain.subjects import Consent, ConsentScope, Reference, clean_name, new_id
from rollbook.errors import InvalidInput, NotFound


@dataclass(frozen=True, slots=True)
class ConsentTerms:
    """What somebody agrees to, and who says so."""

    text_id: str  # version of the text
    given_by: str  # the person, or the guardian of a minor
    language: str = ""
    retain_until: date | None = None

    def cleaned(self) -> ConsentTerms:
        """Return the same as it is kept.

        Raises:
            InvalidInput: the text or the giver is not named, or one is too long.
        """
        if not self.text_id.strip() or not self.given_by.strip():
            raise InvalidInput("Say which text was agreed to (TEXT-ID), and who agreed (WHO).")
        text_id, given_by = clean_name(self.text_id), clean_name(self.given_by)
        return ConsentTerms(text_id, given_by, " ".join(self.language.split()), self.retain_until)

    def consent_of(self, subject_id: str, now: datetime) -> Consent:
        """Return this person's consent, given now.

        Raises:
            InvalidInput: its time is over already.
        """
        consent = Consent(
            consent_id=new_id(),
            subject_id=subject_id,
            text_id=self.text_id,
            given_by=self.given_by,
            recorded_at=now,
            language=self.language,
            retain_until=self.retain_until,
        )
        if not consent.covers(now):
            raise InvalidInput(
                "The consent ends on %(retain_until)s, which is over already.",
                retain_until=self.retain_until,
            )
        return consent


def was_withdrawn(consents: Sequence[Consent]) -> bool:
    """Return whether the last word of the person (oldest consent first) was no."""
    about_faces = [consent for consent in consents if consent.scope is ConsentScope.FACE]
    return bool(about_faces) and about_faces[-1].withdrawn_at is not None


def acted(by: str | None) -> dict[str, object]:
    """Return what an entry keeps of who acted."""
    return {"by": by} if by else {}


def record(uow: UnitOfWork, consent: Consent, *, by: str | None = None) -> None:
    """Write a consent and its entry in the register, which names no one."""
    uow.consents.add(consent)
    uow.register.append(consent_entry(consent, "recorded", consent.recorded_at, by=by))


def consent_entry(consent: Consent, event: str, at: datetime, *, by: str | None = None) -> NewEntry:
    body: dict[str, object] = {
        "event": event,
        "at": at.isoformat(),
        "subject_id": consent.subject_id,
        "consent_id": consent.consent_id,
        "scope": consent.scope.value,
        **acted(by),
    }
    return NewEntry(EntryKind.CONSENT, body)


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """What became of a withdrawn consent."""

    consents: int  # that were in force and are no more
    samples: int  # templates and crops that were deleted at once


class Consenting:
    """Records and withdraws consents."""

    def __init__(self, open_uow: OpenUnitOfWork, clock: Clock, by: str | None = None) -> None:
        """`by` is who acts, as the register names them."""
        self._open_uow = open_uow
        self._clock = clock
        self._by = by

    def acting(self, by: str) -> Consenting:
        """Return the same for somebody whom the register is to name."""
        return Consenting(self._open_uow, self._clock, by)

    def record(self, subject_id: str, terms: ConsentTerms) -> Consent:
        """Record what somebody has agreed to.

        Raises:
            NotFound: there is no such person.
            InvalidInput: it says nothing, or its time is over.
        """
        consent = terms.cleaned().consent_of(subject_id, self._clock.now())
        with self._open_uow() as uow:
            uow.subjects.get(subject_id)
            record(uow, consent, by=self._by)
            uow.commit()
        return consent

    def withdraw(self, subject_id: str) -> Withdrawal:
        """End all consents of a person and delete samples and crops in the same transaction.

        Raises:
            NotFound: there is no such person, or nothing to withdraw or delete.
        """
        now = self._clock.now()
        with self._open_uow() as uow:
            uow.register.hold()
            uow.subjects.get(subject_id)
            ended = [c for c in uow.consents.of(subject_id) if c.withdrawn_at is None]
            samples = uow.references.of(subject_id)
            if not ended and not samples:
                raise NotFound("There is no consent to withdraw, and no sample to delete.")
            for consent in ended:
                uow.consents.update(replace(consent, withdrawn_at=now))
                uow.register.append(consent_entry(consent, "withdrawn", now, by=self._by))
            delete_samples(uow, subject_id, samples, now, by=self._by)
            uow.commit()
        return Withdrawal(len(ended), len(samples))

    def samples(self, subject_id: str) -> list[Reference]:
        """Return a person's samples, oldest first."""
        with self._open_uow() as uow:
            return uow.references.of(subject_id)

    def delete_samples(self, subject_id: str, wanted: Sequence[str]) -> list[Reference]:
        """Delete some of a person's samples, each named by the beginning of its id.

        Raises:
            NotFound: one of them is not there, or several begin like that; nothing was deleted.
        """
        with self._open_uow() as uow:
            uow.register.hold()
            own = uow.references.of(subject_id)
            found = {one.reference_id: one for one in (_sample(own, text) for text in wanted)}
            gone = list(found.values())
            delete_samples(uow, subject_id, gone, self._clock.now(), by=self._by)
            uow.commit()
        return list(found.values())


def delete_samples(
    uow: UnitOfWork,
    subject_id: str,
    samples: Sequence[Reference],
    at: datetime,
    *,
    by: str | None = None,
) -> None:
    """Delete samples with their crops, and write that they are gone."""
    if not samples:
        return
    for sample in samples:
        uow.references.delete(sample.reference_id)
    body = {"event": "samples deleted", "at": at.isoformat(), "subject_id": subject_id}
    ids = [sample.reference_id for sample in samples]
    entry = NewEntry(EntryKind.ENROLMENT, {**body, "references": ids, **acted(by)})
    uow.register.append(entry)


def _sample(own: Sequence[Reference], text: str) -> Reference:
    wanted = text.strip().lower()
    found = [sample for sample in own if wanted and sample.reference_id.startswith(wanted)]
    if len(found) != 1:
        reason = "There is no sample" if not found else "Several samples have an id"
        raise NotFound(
            "%(reason)s %(text)r. Look with: rollbook samples list PERSON", reason=reason, text=text
        )
    return found[0]
