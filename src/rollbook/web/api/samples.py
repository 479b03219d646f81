"""A person's samples: added from pictures, listed without them, deleted."""

from __future__ import annotations

import binascii
from base64 import b64decode
from typing import Annotated

from flask import abort
from pydantic import AwareDatetime, BaseModel, Field

from rollbook.domain.subjects import Reference
from rollbook.domain.tokens import Scope
from rollbook.errors import InvalidInput
from rollbook.services.pictures import GivenPicture
from rollbook.web.access import actor, require_subject
from rollbook.web.api.common import Body
from rollbook.web.api.operations import operation
from rollbook.web.parts import parts
from rollbook.web.people.samples import enrolled_from, shown_name

ALL = "/people/<string(length=32):subject_id>/samples"
MEGABYTE = 1024 * 1024
LARGEST_BODY = 14 * MEGABYTE  # pictures of 10 MiB, as base64
MOST_PICTURES = 10


class Sample(BaseModel):
    """What is kept of one picture, without the face."""

    id: str
    quality: int = Field(description="0 to 100")
    pose: str
    added_at: AwareDatetime
    crop: bool = Field(description="whether the face is kept as well, sealed")


class Samples(BaseModel):
    """Oldest first."""

    items: list[Sample]


class SentPicture(Body):
    name: Annotated[str, Field(max_length=200)] = ""
    data: Annotated[
        str,
        Field(
            min_length=1,
            max_length=LARGEST_BODY,
            description="the file, as base64",
            json_schema_extra={"contentEncoding": "base64"},
        ),
    ]


class SentPictures(Body):
    """Pictures of one person who has agreed."""

    pictures: Annotated[list[SentPicture], Field(min_length=1, max_length=MOST_PICTURES)]
    another: bool = Field(
        default=False,
        description="somebody looked, and it is another person than the one who looks like them",
    )


class RefusedPicture(BaseModel):
    name: str
    reason: str


class Added(BaseModel):
    """What came of the pictures; of these only upright crops and templates are kept."""

    added: int
    already: int = Field(description="pictures that were enrolled before")
    refused: list[RefusedPicture]
    looks_like: str | None = Field(
        description="whose face it may be; then nothing was added. Only a person of one's groups"
    )
    warning: str


@operation("GET", ALL, scope=Scope.PEOPLE_READ, answer=Samples)
def samples(subject_id: str) -> Samples:
    """List somebody's samples; the pictures themselves are shown by the page alone."""
    require_subject(subject_id)
    with parts().uow() as uow:
        found = uow.references.of(subject_id)
    return Samples(items=[_sample(one) for one in found])


@operation(
    "POST",
    ALL,
    scope=Scope.PEOPLE_WRITE,
    body=SentPictures,
    answer=Added,
    body_limit=LARGEST_BODY,
)
def add_samples(subject_id: str, body: SentPictures) -> Added:
    """Enrol somebody from pictures, at most 14 MiB at once.

    Without a consent nothing is computed (409). While the networks are busy: 503.
    """
    subject = require_subject(subject_id)
    files = [GivenPicture(shown_name(one.name), _bytes(one.data)) for one in body.pictures]
    outcome = enrolled_from(subject, files, another=body.another)
    return Added(
        added=outcome.added,
        already=outcome.already,
        refused=[RefusedPicture(name=one.what, reason=one.sentence) for one in outcome.lines],
        looks_like=outcome.candidate_id,
        warning=outcome.warning,
    )


@operation(
    "DELETE",
    f"{ALL}/<string(length=32):reference_id>",
    scope=Scope.PEOPLE_WRITE,
    status=204,
)
def delete_sample(subject_id: str, reference_id: str) -> None:
    """Delete one sample with its crop."""
    require_subject(subject_id)
    with parts().uow() as uow:
        if uow.references.get(reference_id).subject_id != subject_id:
            abort(404)
    parts().consenting.acting(actor().by).delete_samples(subject_id, [reference_id])


def _bytes(text: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidInput("A picture is not base64.") from error


def _sample(kept: Reference) -> Sample:
    return Sample(
        id=kept.reference_id,
        quality=kept.quality,
        pose=kept.pose,
        added_at=kept.added_at,
        crop=kept.crop is not None,
    )
