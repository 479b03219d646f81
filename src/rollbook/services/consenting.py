"""Consents: what was agreed to, in words that are kept, and what ends with them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from rollbook.domain.ports import Clock, OpenUnitOfWork, UnitOfWork
from rollbook.domain.register import EntryKind, NewEntry
from rollbook.domain.subjects import (
    EVERYTHING,
    Consent,
    ConsentScope,
    Reference,
    clean_name,
    new_id,
)
from rollbook.errors import InvalidInput, NotFound
from rollbook.services.retention import retention_rules
from rollbook.services.reviewing import forget_faces_of


@dataclass(frozen=True, slots=True)
class ConsentTerms:
    """What somebody agrees to, and who says so."""

    text_id: str  # version of the text
    given_by: str  # the person, or the guardian of a minor; empty: the guardian
    language: str = ""
    retain_until: date | None = None
    guardian: str = ""  # of a minor
    crops: bool = True  # the pieces of the pictures that show the face may be kept as well

    def cleaned(self) -> ConsentTerms:
        """Return the same as it is kept.

        Raises:
            InvalidInput: the text or the giver is not named, or one is too long.
        """
        given_by = self.given_by.strip() or self.guardian.strip()
        if not self.text_id.strip() or not given_by:
            raise InvalidInput("Say which text was agreed to (TEXT-ID), and who agreed (WHO).")
        return replace(
            self,
            text_id=clean_name(self.text_id),
            given_by=clean_name(given_by),
            guardian=clean_name(self.guardian) if self.guardian.strip() else "",
            language=" ".join(self.language.split()),
        )

    def require_guardian(self) -> None:
        """Raise InvalidInput unless a guardian is named."""
        if not self.guardian:
            raise InvalidInput("This person is a minor. Name the guardian who agreed for them.")

    def consent_of(self, subject_id: str, now: datetime, *, minor: bool = False) -> Consent:
        """Return this person's consent, given now.

        Raises:
            InvalidInput: its time is over already, or a minor's guardian is not named.
        """
        if minor:
            self.require_guardian()
        consent = Consent(
            consent_id=new_id(),
            subject_id=subject_id,
            text_id=self.text_id,
            given_by=self.given_by,
            recorded_at=now,
            scopes=EVERYTHING if self.crops else (ConsentScope.FACE,),
            guardian=self.guardian,
            language=self.language,
            retain_until=self.retain_until,
        )
        if not consent.covers(now):
            raise InvalidInput(
                "The consent ends on %(retain_until)s, which is over already.",
                retain_until=self.retain_until,
            )
        return consent


def require_guardians(consents: Iterable[Consent], now: datetime) -> None:
    """Raise InvalidInput when a minor would be compared without a guardian's word."""
    in_force = [consent for consent in consents if consent.covers_face(now)]
    if in_force and not any(consent.guardian for consent in in_force):
        raise InvalidInput(
            "A consent of theirs names no guardian. Withdraw it, or record one with a guardian "
            "first; then say that they are a minor."
        )


def was_withdrawn(consents: Sequence[Consent]) -> bool:
    """Return whether the last word of the person (oldest consent first) was no."""
    about_faces = [consent for consent in consents if ConsentScope.FACE in consent.scopes]
    return bool(about_faces) and about_faces[-1].withdrawn_at is not None


def acted(by: str | None) -> dict[str, object]:
    """Return what an entry keeps of who acted."""
    return {"by": by} if by else {}


def record(uow: UnitOfWork, consent: Consent, *, by: str | None = None) -> Consent:
    """Write a consent and its entry in the register, which names no one; return it as kept.

    One that names no last day ends as the site's rules of retention say.
    """
    if consent.retain_until is None:
        last = retention_rules(uow).consent_end(consent.recorded_at.date())
        consent = replace(consent, retain_until=last)
    uow.consents.add(consent)
    uow.register.append(consent_entry(consent, "recorded", consent.recorded_at, by=by))
    return consent


def consent_entry(consent: Consent, event: str, at: datetime, *, by: str | None = None) -> NewEntry:
    body: dict[str, object] = {
        "event": event,
        "at": at.isoformat(),
        "subject_id": consent.subject_id,
        "consent_id": consent.consent_id,
        "scopes": [scope.value for scope in consent.scopes],
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
            InvalidInput: it says nothing, its time is over, or a minor's guardian is missing.
        """
        with self._open_uow() as uow:
            uow.register.hold()
            minor = uow.subjects.get(subject_id).minor
            consent = terms.cleaned().consent_of(subject_id, self._clock.now(), minor=minor)
            consent = record(uow, consent, by=self._by)
            uow.commit()
        return consent

    def withdraw(self, subject_id: str) -> Withdrawal:
        """End all consents of a person and delete what was computed of their face.

        Templates, crops and the scores of faces that wait for a person go in the same transaction;
        every process that compares faces sees within a second that they are gone.

        Raises:
            NotFound: there is no such person, or nothing to withdraw or delete.
        """
        now = self._clock.now()
        with self._open_uow() as uow:
            uow.register.hold()
            uow.subjects.get(subject_id)
            ended = [c for c in uow.consents.of(subject_id) if c.withdrawn_at is None]
            samples = uow.references.ids_of(subject_id)
            if not ended and not samples:
                raise NotFound("There is no consent to withdraw, and no sample to delete.")
            for consent in ended:
                uow.consents.update(replace(consent, withdrawn_at=now))
                uow.register.append(consent_entry(consent, "withdrawn", now, by=self._by))
            delete_samples(uow, subject_id, samples, now, by=self._by)
            forget_faces_of(uow, subject_id)
            uow.commit()
        return Withdrawal(len(ended), len(samples))

    def withdraw_crops(self, subject_id: str) -> int:
        """End the consent to keep crops, and delete them; templates stay. Returns how many went.

        Raises:
            NotFound: there is no such person, or nothing to withdraw or delete.
        """
        now = self._clock.now()
        with self._open_uow() as uow:
            uow.register.hold()
            uow.subjects.get(subject_id)
            ended = [c for c in uow.consents.of(subject_id) if c.covers_crops(now)]
            gone = uow.references.drop_crops(subject_id)
            if not ended and not gone:
                raise NotFound("There is no consent to withdraw, and no picture to delete.")
            for consent in ended:
                uow.consents.update(replace(consent, crops_withdrawn_at=now))
                uow.register.append(consent_entry(consent, "crops withdrawn", now, by=self._by))
            uow.commit()
        return gone

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
            ids = [sample.reference_id for sample in gone]
            delete_samples(uow, subject_id, ids, self._clock.now(), by=self._by)
            uow.commit()
        return list(found.values())


def delete_samples(
    uow: UnitOfWork,
    subject_id: str,
    reference_ids: Sequence[str],
    at: datetime,
    *,
    by: str | None = None,
) -> None:
    """Delete samples with their crops, and write that they are gone."""
    if not reference_ids:
        return
    for reference_id in reference_ids:
        uow.references.delete(reference_id)
    body = {"event": "samples deleted", "at": at.isoformat(), "subject_id": subject_id}
    entry = NewEntry(EntryKind.ENROLMENT, {**body, "references": list(reference_ids), **acted(by)})
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
