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
from rollbook.storage.repositories.people import Touch
from rollbook.storage.tables import samples, subject_keys
from rollbook.storage.vault import BLOCK, SqlVault

TEMPLATE, DETAILS, CROP, SOURCE = "template", "sample", "crop", "source"
LANDMARKS = 5 * 2 * 4  # bytes before the JPEG: float32 (5, 2), little-endian


class SqlReferences:
    """Samples; each payload knows its sample, so that no two can change places."""

    def __init__(self, connection: Connection, vault: SqlVault, touch: Touch) -> None:
        self._connection = connection
        self._vault = vault
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

    def templates(
        self, space: TemplateSpace, subject_ids: Iterable[str] | None = None
    ) -> tuple[list[str], npt.NDArray[np.float32]]:
        owners: list[str] = []
        rows: list[npt.NDArray[np.float32]] = []
        for row in self._template_rows(space, subject_ids):
            self._vault.know_key(row.subject_id, row.wrapped)
            owners.append(row.subject_id)
            rows.append(self._values(row, space))
        if not rows:
            return [], np.zeros((0, space.dimension), np.float32)
        return owners, np.stack(rows)

    def _template_rows(
        self, space: TemplateSpace, subject_ids: Iterable[str] | None
    ) -> Iterator[Any]:
        """Yield rows with their wrapped keys, those of one person side by side."""
        query = (
            select(
                samples.c.subject_id,
                samples.c.reference_id,
                samples.c.template,
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
        values = reference.template.values.astype("<f4").tobytes()
        crop = reference.crop
        return {
            "reference_id": reference.reference_id,
            "subject_id": reference.subject_id,
            "space": str(reference.template.space),
            "source": self._blind(reference.subject_id, reference.source),
            "template": self._seal(reference, values, _in_space(reference.template.space)),
            "details": self._seal(reference, to_json(details), DETAILS),
            "crop": None if crop is None else self._seal(reference, _crop_bytes(crop), CROP),
        }

    def _seal(self, reference: Reference, payload: bytes, what: str) -> bytes:
        purpose = f"{what} {reference.reference_id}"
        return self._vault.seal_for(reference.subject_id, payload, purpose=purpose)

    def _unseal(self, row: Row[Any], token: bytes, what: str) -> bytes:
        purpose = f"{what} {row.reference_id}"
        return self._vault.open_for(row.subject_id, bytes(token), purpose=purpose)

    def _values(self, row: Row[Any], space: TemplateSpace) -> npt.NDArray[np.float32]:
        payload = self._unseal(row, row.template, _in_space(space))
        return np.frombuffer(payload, dtype="<f4").astype(np.float32)

    def _open(self, row: Row[Any]) -> Reference:
        space = TemplateSpace.parse(row.space)
        details = from_json(self._unseal(row, row.details, DETAILS))
        return Reference(
            reference_id=row.reference_id,
            subject_id=row.subject_id,
            template=Template(self._values(row, space), space),
            quality=details["quality"],
            pose=details["pose"],
            source=details["source"],
            added_at=instant(details["added_at"]),
            crop=None if row.crop is None else _crop(self._unseal(row, row.crop, CROP)),
        )


def _in_space(space: TemplateSpace) -> str:
    """Bind the space into the payload: a readable column alone must not make it comparable."""
    return f"{TEMPLATE} {space}"


def _crop_bytes(crop: Crop) -> bytes:
    return np.asarray(crop.landmarks).astype("<f4").tobytes() + crop.jpeg


def _crop(payload: bytes) -> Crop:
    landmarks = np.frombuffer(payload[:LANDMARKS], dtype="<f4").astype(np.float32)
    return Crop(jpeg=payload[LANDMARKS:], landmarks=landmarks.reshape(5, 2))
