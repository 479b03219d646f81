"""Enrolled samples: templates and crops, sealed under the person's own key."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection, Row, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from rollbook.domain.subjects import Crop, Reference
from rollbook.domain.templates import Template, TemplateSpace
from rollbook.errors import NotFound
from rollbook.storage.codec import from_json, instant, iso, to_json
from rollbook.storage.connecting import savepoint
from rollbook.storage.keys import CROPS
from rollbook.storage.repositories.people import Touch
from rollbook.storage.repositories.protection import SqlProtection
from rollbook.storage.tables import samples, subject_keys
from rollbook.storage.vault import BLOCK, SqlVault

DETAILS, CROP, SOURCE = "sample", "crop", "source"
LANDMARKS = 5 * 2 * 4  # bytes before the JPEG: float32 (5, 2), little-endian


class SqlReferences:
    """Samples; each payload knows its sample, so that no two can change places."""

    def __init__(
        self, connection: Connection, vault: SqlVault, protection: SqlProtection, touch: Touch
    ) -> None:
        self._connection = connection
        self._vault = vault
        self._protection = protection
        self._touch = touch

    def add(self, reference: Reference) -> None:
        try:
            with savepoint(self._connection):
                self._connection.execute(insert(samples).values(self._row(reference)))
        except IntegrityError as error:
            raise NotFound("There is no such person. Look with: rollbook person list") from error
        self._touch()

    def get(self, reference_id: str) -> Reference:
        query = select(samples).where(samples.c.reference_id == reference_id)
        row = self._connection.execute(query).first()
        if row is None:
            raise NotFound("There is no such sample. Look with: rollbook samples list")
        return self._open(row)

    def of(self, subject_id: str) -> list[Reference]:
        query = select(samples).where(samples.c.subject_id == subject_id)
        rows = self._connection.execute(query.order_by(samples.c.number)).all()
        return [self._open(row) for row in rows]

    def ids_of(self, subject_id: str) -> list[str]:
        query = select(samples.c.reference_id).where(samples.c.subject_id == subject_id)
        return list(self._connection.execute(query.order_by(samples.c.number)).scalars())

    def drop_crops(self, subject_id: str) -> int:
        own = (samples.c.subject_id == subject_id) & samples.c.crop.is_not(None)
        return self._connection.execute(update(samples).where(own).values(crop=None)).rowcount

    def templates(
        self, space: TemplateSpace, subject_ids: Iterable[str] | None = None
    ) -> tuple[list[str], npt.NDArray[np.float32]]:
        rows = list(self._template_rows(space, subject_ids))
        for row in rows:
            self._vault.know_key(row.subject_id, row.wrapped)
        return [row.subject_id for row in rows], self._protection.opened(rows, space)

    def _template_rows(
        self, space: TemplateSpace, subject_ids: Iterable[str] | None
    ) -> Iterator[Any]:
        """Yield rows with their wrapped keys, those of one person side by side."""
        query = (
            select(
                samples.c.subject_id,
                samples.c.reference_id,
                samples.c.template,
                samples.c.transform,
                subject_keys.c.wrapped,
            )
            .join_from(samples, subject_keys, samples.c.subject_id == subject_keys.c.subject_id)
            .where(samples.c.space == str(space))
        )
        order = (samples.c.subject_id, samples.c.number)
        if subject_ids is None:
            yield from self._connection.execute(query.order_by(*order))
            return
        wanted = sorted(set(subject_ids))
        for start in range(0, len(wanted), BLOCK):
            block = query.where(samples.c.subject_id.in_(wanted[start : start + BLOCK]))
            yield from self._connection.execute(block.order_by(*order))

    def spaces(self) -> dict[TemplateSpace, int]:
        query = select(samples.c.space, func.count()).group_by(samples.c.space)
        return {TemplateSpace.parse(row[0]): row[1] for row in self._connection.execute(query)}

    def has_source(self, subject_id: str, source: str) -> bool:
        query = select(samples.c.number).where(samples.c.source == self._blind(subject_id, source))
        return self._connection.execute(query.limit(1)).first() is not None

    def counts(self, subject_ids: Iterable[str] | None = None) -> dict[str, int]:
        query = select(samples.c.subject_id, func.count()).group_by(samples.c.subject_id)
        if subject_ids is None:
            return {row[0]: row[1] for row in self._connection.execute(query)}
        wanted, found = sorted(set(subject_ids)), {}
        for start in range(0, len(wanted), BLOCK):
            block = query.where(samples.c.subject_id.in_(wanted[start : start + BLOCK]))
            found.update({row[0]: row[1] for row in self._connection.execute(block)})
        return found

    def replace(self, reference: Reference) -> None:
        changed = update(samples).where(samples.c.reference_id == reference.reference_id)
        done = self._connection.execute(changed.values(self._row(reference)))
        if done.rowcount == 0:
            raise NotFound("There is no such sample. Look with: rollbook samples list")
        self._touch()

    def delete(self, reference_id: str) -> None:
        gone = delete(samples).where(samples.c.reference_id == reference_id)
        if self._connection.execute(gone).rowcount == 0:
            raise NotFound("There is no such sample. Look with: rollbook samples list")
        self._touch()

    def _blind(self, subject_id: str, source: str) -> bytes:
        return self._vault.blind(SOURCE, f"{subject_id} {source}")

    def _row(self, reference: Reference) -> dict[str, object]:
        details = {
            "quality": reference.quality,
            "pose": reference.pose,
            "source": reference.source,
            "added_at": iso(reference.added_at),
        }
        crop, template = reference.crop, reference.template
        subject_id, reference_id = reference.subject_id, reference.reference_id
        return {
            "reference_id": reference_id,
            "subject_id": subject_id,
            "space": str(template.space),
            "source": self._blind(subject_id, reference.source),
            **self._protection.sealed(subject_id, reference_id, template.values, template.space),
            "details": self._seal(reference, to_json(details), DETAILS),
            "crop": None if crop is None else self._seal_crop(reference, crop),
        }

    def _seal(self, reference: Reference, payload: bytes, what: str) -> bytes:
        purpose = f"{what} {reference.reference_id}"
        return self._vault.seal_for(reference.subject_id, payload, purpose=purpose)

    def _unseal(self, row: Row[Any], token: bytes, what: str) -> bytes:
        purpose = f"{what} {row.reference_id}"
        return self._vault.open_for(row.subject_id, bytes(token), purpose=purpose)

    def _seal_crop(self, reference: Reference, crop: Crop) -> bytes:
        """Seal so that the person's key and the site's key of crops are both needed."""
        purpose = f"{CROP} {reference.reference_id}"
        return self._vault.seal_for(
            reference.subject_id, _crop_bytes(crop), purpose=purpose, key=CROPS
        )

    def _open_crop(self, row: Row[Any]) -> Crop:
        purpose = f"{CROP} {row.reference_id}"
        return _crop(
            self._vault.open_for(row.subject_id, bytes(row.crop), purpose=purpose, key=CROPS)
        )

    def _open(self, row: Row[Any]) -> Reference:
        space = TemplateSpace.parse(row.space)
        details = from_json(self._unseal(row, row.details, DETAILS))
        return Reference(
            reference_id=row.reference_id,
            subject_id=row.subject_id,
            template=Template(self._protection.opened([row], space)[0], space),
            quality=details["quality"],
            pose=details["pose"],
            source=details["source"],
            added_at=instant(details["added_at"]),
            crop=None if row.crop is None else self._open_crop(row),
        )


def _crop_bytes(crop: Crop) -> bytes:
    return np.asarray(crop.landmarks).astype("<f4").tobytes() + crop.jpeg


def _crop(payload: bytes) -> Crop:
    landmarks = np.frombuffer(payload[:LANDMARKS], dtype="<f4").astype(np.float32)
    return Crop(jpeg=payload[LANDMARKS:], landmarks=landmarks.reshape(5, 2))
