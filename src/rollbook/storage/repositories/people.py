"""Subjects and their consents, sealed under each person's own key."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Row, Select, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from rollbook.domain.subjects import EVERYTHING, Consent, ConsentScope, Subject
from rollbook.errors import AlreadyExists, DecryptionFailed, NotFound
from rollbook.storage.bounded import Bounded
from rollbook.storage.codec import (
    from_json,
    instant,
    iso,
    optional_date,
    optional_instant,
    present,
    to_json,
)
from rollbook.storage.connecting import savepoint
from rollbook.storage.tables import (
    absences,
    consents,
    credentials,
    outbox,
    recipients,
    requests,
    samples,
    subject_keys,
    subjects,
)
from rollbook.storage.vault import BLOCK, SqlVault

Touch = Callable[[], None]
PROFILE, CONSENT, EXTERNAL = "profile", "consent", "external id"


class SqlSubjects:
    """People: a row holds a random id and a profile sealed under the person's own key."""

    def __init__(
        self,
        connection: Connection,
        vault: SqlVault,
        opened: Bounded[tuple[str, bytes], Subject],
        touch: Touch,
    ) -> None:
        self._connection = connection
        self._vault = vault
        self._opened = opened
        self._touch = touch

    def add(self, subject: Subject) -> None:
        self.add_many([subject])

    def add_many(self, people: Sequence[Subject]) -> None:
        """Add many at once; with one that is refused none is added.

        Raises:
            AlreadyExists: an external id is taken.
        """
        if not people:
            return
        for person in people:
            self._refuse_taken(person)
        self._vault.make_keys(person.subject_id for person in people)
        try:
            with savepoint(self._connection):
                self._connection.execute(insert(subjects), [self._row(p) for p in people])
        except IntegrityError as error:
            raise AlreadyExists("A person with this external id is already there.") from error
        self._touch()

    def get(self, subject_id: str) -> Subject:
        row = self._connection.execute(
            select(subjects).where(subjects.c.subject_id == subject_id)
        ).first()
        if row is None:
            raise NotFound("There is no such person. Look with: rollbook person list")
        return self._open(row)

    def update(self, subject: Subject) -> None:
        self._refuse_taken(subject)
        row = self._row(subject)
        changed = update(subjects).where(subjects.c.subject_id == subject.subject_id)
        try:
            with savepoint(self._connection):
                done = self._connection.execute(changed.values(row))
        except IntegrityError as error:
            raise AlreadyExists("A person with this external id is already there.") from error
        if done.rowcount == 0:
            raise NotFound("There is no such person. Look with: rollbook person list")
        self._touch()

    def remove(self, subject_id: str) -> None:
        held = (absences, credentials, outbox, recipients, requests, samples, consents, subjects)
        for table in held:
            self._connection.execute(delete(table).where(table.c.subject_id == subject_id))
        self._vault.destroy_key(subject_id)
        self._touch()

    def all(self) -> list[Subject]:
        query = select(subjects, subject_keys.c.wrapped).join_from(
            subjects, subject_keys, subjects.c.subject_id == subject_keys.c.subject_id
        )
        rows = self._connection.execute(query).all()
        for row in rows:
            self._vault.know_key(row.subject_id, row.wrapped)
        people = [self._open(row) for row in rows]
        return sorted(people, key=lambda person: (person.name.casefold(), person.subject_id))

    def names(self) -> dict[str, str]:
        return {person.subject_id: person.name for person in self.all()}

    def some(self, subject_ids: Iterable[str]) -> dict[str, Subject]:
        wanted = list(dict.fromkeys(subject_ids))
        query = select(subjects, subject_keys.c.wrapped).join_from(
            subjects, subject_keys, subjects.c.subject_id == subject_keys.c.subject_id
        )
        found: dict[str, Subject] = {}
        for start in range(0, len(wanted), BLOCK):
            block = query.where(subjects.c.subject_id.in_(wanted[start : start + BLOCK]))
            for row in self._connection.execute(block).all():
                self._vault.know_key(row.subject_id, row.wrapped)
                found[row.subject_id] = self._open(row)
        return found

    def by_external_id(self, external_id: str) -> Subject | None:
        index = self._vault.blind(EXTERNAL, external_id)
        query = select(subjects).where(subjects.c.external == index)
        row = self._connection.execute(query).first()
        return None if row is None else self._open(row)

    def _refuse_taken(self, person: Subject) -> None:
        if person.external_id is None:
            return
        index = self._vault.blind(EXTERNAL, person.external_id)
        query = select(subjects.c.subject_id).where(subjects.c.external == index)
        holder = self._connection.execute(query).scalar()
        if holder is not None and holder != person.subject_id:
            raise AlreadyExists(
                "The external id %(external_id)r already belongs to another person.",
                external_id=person.external_id,
            )

    def _row(self, person: Subject) -> dict[str, object]:
        external = person.external_id
        profile = {
            "name": person.name,
            "external_id": external,
            "contacts": list(person.contacts),
            "minor": person.minor or None,
        }
        payload = to_json(present(profile))
        return {
            "subject_id": person.subject_id,
            "external": None if external is None else self._vault.blind(EXTERNAL, external),
            "profile": self._vault.seal_for(person.subject_id, payload, purpose=PROFILE),
            "invented": person.invented,
        }

    def _open(self, row: Row[Any]) -> Subject:
        return self._opened.get((row.subject_id, bytes(row.profile)), lambda: self._opened_now(row))

    def _opened_now(self, row: Row[Any]) -> Subject:
        payload = self._vault.open_for(row.subject_id, bytes(row.profile), purpose=PROFILE)
        profile = from_json(payload)
        return Subject(
            subject_id=row.subject_id,
            name=profile["name"],
            external_id=profile.get("external_id"),
            contacts=tuple(profile["contacts"]),
            invented=row.invented,
            minor=profile.get("minor", False),
        )


class SqlConsents:
    """Consents, sealed under the person's key."""

    def __init__(self, connection: Connection, vault: SqlVault, touch: Touch) -> None:
        self._connection = connection
        self._vault = vault
        self._touch = touch

    def add(self, consent: Consent) -> None:
        row = {
            "consent_id": consent.consent_id,
            "subject_id": consent.subject_id,
            "payload": self._seal(consent),
        }
        try:
            with savepoint(self._connection):
                self._connection.execute(insert(consents).values(row))
        except IntegrityError as error:
            raise NotFound("There is no such person. Look with: rollbook person list") from error
        self._touch()

    def of(self, subject_id: str) -> list[Consent]:
        query = select(consents).where(consents.c.subject_id == subject_id)
        rows = self._connection.execute(query.order_by(consents.c.number)).all()
        return [self._open(row) for row in rows]

    def all_of(self, subject_ids: Iterable[str] | None = None) -> dict[str, list[Consent]]:
        query = select(consents, subject_keys.c.wrapped).join_from(
            consents, subject_keys, consents.c.subject_id == subject_keys.c.subject_id
        )
        found: dict[str, list[Consent]] = {}
        for row in self._rows(query.order_by(consents.c.number), subject_ids):
            self._vault.know_key(row.subject_id, row.wrapped)
            found.setdefault(row.subject_id, []).append(self._open(row))
        return found

    def _rows(self, query: Select[Any], subject_ids: Iterable[str] | None) -> Iterator[Row[Any]]:
        if subject_ids is None:
            yield from self._connection.execute(query)
            return
        wanted = sorted(set(subject_ids))
        for start in range(0, len(wanted), BLOCK):
            block = query.where(consents.c.subject_id.in_(wanted[start : start + BLOCK]))
            yield from self._connection.execute(block)

    def update(self, consent: Consent) -> None:
        changed = update(consents).where(
            consents.c.consent_id == consent.consent_id,
            consents.c.subject_id == consent.subject_id,
        )
        done = self._connection.execute(changed.values(payload=self._seal(consent)))
        if done.rowcount == 0:
            raise NotFound("There is no such consent.")
        self._touch()

    def _seal(self, consent: Consent) -> bytes:
        fields = {
            "consent_id": consent.consent_id,
            "text_id": consent.text_id,
            "given_by": consent.given_by,
            "recorded_at": iso(consent.recorded_at),
            "scopes": [scope.value for scope in consent.scopes],
            "guardian": consent.guardian or None,
            "language": consent.language,
            "retain_until": iso(consent.retain_until),
            "withdrawn_at": iso(consent.withdrawn_at),
            "crops_withdrawn_at": iso(consent.crops_withdrawn_at),
        }
        payload = to_json(present(fields))
        return self._vault.seal_for(consent.subject_id, payload, purpose=CONSENT)

    def _open(self, row: Row[Any]) -> Consent:
        payload = self._vault.open_for(row.subject_id, bytes(row.payload), purpose=CONSENT)
        fields = from_json(payload)
        if fields["consent_id"] != row.consent_id:
            raise DecryptionFailed("A sealed consent lies in the place of another one.")
        return Consent(
            consent_id=fields["consent_id"],
            subject_id=row.subject_id,
            text_id=fields["text_id"],
            given_by=fields["given_by"],
            recorded_at=instant(fields["recorded_at"]),
            scopes=_scopes(fields),
            guardian=fields.get("guardian", ""),
            language=fields["language"],
            retain_until=optional_date(fields.get("retain_until")),
            withdrawn_at=optional_instant(fields.get("withdrawn_at")),
            crops_withdrawn_at=optional_instant(fields.get("crops_withdrawn_at")),
        )


def _scopes(fields: dict[str, Any]) -> tuple[ConsentScope, ...]:
    """Return what was agreed to; consents of earlier versions were about samples as a whole."""
    if "scopes" not in fields:
        return EVERYTHING
    return tuple(ConsentScope(scope) for scope in fields["scopes"])
