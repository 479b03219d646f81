"""A desk at which people are enrolled by their colours, without networks."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from typing import Any

import cv2
from flask.testing import FlaskClient
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.test import TestResponse, encode_multipart

from intake import TERMS, Intake, portrait, shade
from rollbook.bootstrap import App
from rollbook.domain.faces import Pixels
from rollbook.domain.register import Entry, EntryKind
from rollbook.services.engine_pool import EnginePool
from rollbook.testing import Colour
from web.school import Site


class Desk:
    """The site's people, and what is sent about them."""

    def __init__(self, site: Site, client_of: Callable[[str | None], FlaskClient]) -> None:
        self.site = site
        self.intake = Intake(site.parts.uow)
        self.intake.clock = site.clock
        self.intake.enroller._clock = site.clock
        self.intake.enroller._known._clock = site.clock
        site.parts.engines = EnginePool(self._worker, workers=1)
        self.client_of = client_of
        self.alice, self.bob = client_of("alice"), client_of("bob")
        self.charlie = client_of("charlie")

    def _worker(self) -> App:
        app = self.site.parts.for_thread()
        app.engine = self.intake.engine
        app.sampler = self.intake.sampler
        app.enroller = self.intake.enroller
        app._look_alikes = self._alike  # type: ignore[method-assign]
        return app

    def _alike(self, owners: list[str], rows: Any, space: Any) -> Any:
        from rollbook.services.lookalikes import look_alikes

        return look_alikes(owners, rows, self.intake.levels.look_alike)

    def newcomer(self) -> str:
        """Return the id of somebody new in 5b who has not agreed to anything."""
        group_id = self.site.group.group_id
        return self.site.parts.people.add("Katherine Johnson", group_ids=[group_id]).subject_id

    def agree(self, subject_id: str) -> None:
        self.site.parts.consenting.record(subject_id, TERMS)

    def send(
        self, client: FlaskClient, subject_id: str, *files: tuple[str, bytes], **fields: str
    ) -> TestResponse:
        return client.post(f"/people/{subject_id}/samples", **multipart(files, **fields))

    def counts(self, subject_id: str) -> int:
        with self.site.parts.uow() as uow:
            return len(uow.references.of(subject_id))

    def entries(self, *kinds: EntryKind) -> list[Entry]:
        """Return the entries of these kinds, oldest first."""
        with self.site.parts.uow() as uow:
            return list(reversed(uow.register.entries(kinds)))


def multipart(files: Sequence[tuple[str, bytes]], field: str = "files", **fields: str) -> Any:
    """Return a form with files as the client takes it; it lies in memory, not in a file."""
    given = [FileStorage(io.BytesIO(data), name) for name, data in files]
    boundary, body = encode_multipart(MultiDict([*fields.items(), *((field, f) for f in given)]))
    return {"data": body, "content_type": f"multipart/form-data; boundary={boundary}"}


def png(colour: Colour, step: int = 0, right: int = 0, up: int = 0) -> bytes:
    return encoded(portrait(shade(colour, step), right, up))


def encoded(pixels: Pixels, kind: str = ".png") -> bytes:
    done, data = cv2.imencode(kind, pixels)
    assert done
    return bytes(data)
