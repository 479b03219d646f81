"""Under which transform templates are stored, and how that is renewed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, Connection, Row, func, select, update

from rollbook.domain.templates import TemplateSpace
from rollbook.errors import StorageError
from rollbook.storage.connecting import begin_writing
from rollbook.storage.keys import TRANSFORM
from rollbook.storage.protection import PLAIN, Rows, Transforms
from rollbook.storage.tables import data_keys, samples, subject_keys
from rollbook.storage.vault import SqlVault

TEMPLATE = "template"
LABEL = f"data:{TRANSFORM}"


class SqlProtection:
    """Seals templates as the site's transform has turned them.

    The secrets are read from the database with every transaction, so that no process writes under
    one that was destroyed. A writer holds their row until its transaction ends.
    """

    def __init__(self, connection: Connection, vault: SqlVault) -> None:
        self._connection = connection
        self._vault = vault
        self._known: Transforms | None = None
        self._held = False

    def newest(self) -> int:
        return self._transforms().newest

    def renewing(self) -> bool:
        return self._transforms().renewing

    def begin(self) -> int:
        """Make a new secret, unless templates are being brought under one; return its number."""
        kept = self._held_transforms(write=True)
        if not kept.renewing:
            kept = kept.renewed()
            self._keep(kept)
        return kept.newest

    def outdated(self) -> int:
        """Return how many templates are not stored under the newest transform."""
        query = select(func.count()).select_from(samples.join(subject_keys, _same_person()))
        older = samples.c.transform != self._transforms().newest
        return self._connection.execute(query.where(older)).scalar_one()

    def renew(self, limit: int) -> int:
        """Store at most `limit` templates anew; return how many were."""
        newest = self._held_transforms().newest
        query = (
            select(samples, subject_keys.c.wrapped)
            .join_from(samples, subject_keys, _same_person())
            .where(samples.c.transform != newest)
        )
        rows = self._connection.execute(query.order_by(samples.c.number).limit(limit)).all()
        for row in rows:
            self._vault.know_key(row.subject_id, row.wrapped)
        for space in sorted({row.space for row in rows}):
            of_space = [row for row in rows if row.space == space]
            self._store_anew(of_space, TemplateSpace.parse(space))
        return len(rows)

    def finish(self) -> None:
        """Destroy all secrets but the newest.

        Raises:
            StorageError: templates are still stored under an older one.
        """
        kept = self._held_transforms(write=True)
        if self.outdated():
            raise StorageError("Some templates are still stored under the former transform.")
        self._keep(kept.without_older())

    def sealed(self, subject_id: str, reference_id: str, plain: Rows, space: TemplateSpace) -> Any:
        """Return the columns of one template (d,): its token and its transform."""
        turned = self._held_transforms().turn(plain[np.newaxis], space)[0]
        return self._columns(subject_id, reference_id, turned, space)

    def opened(self, rows: Sequence[Row[Any]], space: TemplateSpace) -> Rows:
        """Return the templates of rows of one space, float32 (n, d), in order.

        Raises:
            DecryptionFailed: a token was changed, or its person's key or transform destroyed.
        """
        if not rows:
            return np.zeros((0, space.dimension), np.float32)
        stored = np.stack([self._unseal(row, space) for row in rows])
        numbers = np.array([row.transform for row in rows])
        for number in np.unique(numbers):
            of_number = numbers == number
            stored[of_number] = self._transforms(int(number)).turn_back(
                stored[of_number], space, int(number)
            )
        return stored

    def _store_anew(self, rows: Sequence[Row[Any]], space: TemplateSpace) -> None:
        turned = self._held_transforms().turn(self.opened(rows, space), space)
        for row, values in zip(rows, turned, strict=True):
            columns = self._columns(row.subject_id, row.reference_id, values, space)
            changed = update(samples).where(samples.c.number == row.number)
            self._connection.execute(changed.values(columns))

    def _columns(
        self, subject_id: str, reference_id: str, turned: Rows, space: TemplateSpace
    ) -> dict[str, object]:
        number = self._held_transforms().newest
        purpose = f"{_what(space, number)} {reference_id}"
        payload = turned.astype("<f4").tobytes()
        token = self._vault.seal_for(subject_id, payload, purpose=purpose)
        return {"template": token, "transform": number}

    def _unseal(self, row: Row[Any], space: TemplateSpace) -> Rows:
        purpose = f"{_what(space, row.transform)} {row.reference_id}"
        payload = self._vault.open_for(row.subject_id, bytes(row.template), purpose=purpose)
        return np.frombuffer(payload, dtype="<f4").astype(np.float32)

    def _transforms(self, number: int = PLAIN) -> Transforms:
        """Return the secrets; they are read again when one with this number is not known yet."""
        known = self._known
        if known is None or (number != PLAIN and number not in known.secrets):
            known = self._known = self._read(hold=False)
        return known

    def _held_transforms(self, *, write: bool = False) -> Transforms:
        """Return the secrets as they stay until this transaction ends."""
        if not self._held or write:
            begin_writing(self._connection)
            self._known = self._read(hold=True, write=write)
            self._held = True
        return self._transforms()

    def _read(self, *, hold: bool, write: bool = False) -> Transforms:
        query = select(data_keys.c.wrapped).where(data_keys.c.purpose == TRANSFORM)
        if hold:
            query = query.with_for_update(read=not write)
        wrapped = self._connection.execute(query).scalar_one()
        return Transforms.parse(self._vault.unwrap_key(LABEL, bytes(wrapped)))

    def _keep(self, transforms: Transforms) -> None:
        wrapped = self._vault.wrap_key(LABEL, transforms.payload())
        changed = update(data_keys).where(data_keys.c.purpose == TRANSFORM)
        self._connection.execute(changed.values(wrapped=wrapped))
        self._known = transforms

    def forget(self) -> None:
        """Read anew in the next transaction."""
        self._known, self._held = None, False


def _same_person() -> ColumnElement[bool]:
    """Samples of people whose key was destroyed cannot be opened, and do not count."""
    return samples.c.subject_id == subject_keys.c.subject_id


def _what(space: TemplateSpace, number: int) -> str:
    """Bind space and transform into the payload: columns alone must not make it comparable."""
    turned = "" if number == PLAIN else f" transform {number}"
    return f"{TEMPLATE} {space}{turned}"
