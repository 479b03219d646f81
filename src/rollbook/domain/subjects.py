"""People, what they agreed to, and what is kept of them."""

from __future__ import annotations

import secrets
import unicodedata
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from rollbook.domain.faces import Points
from rollbook.domain.templates import Template
from rollbook.errors import InvalidInput

NAME_LIMIT = 200  # characters


def new_id() -> str:
    """Return a random identifier, 32 hex digits, that tells nothing about what it names."""
    return secrets.token_hex(16)


def clean_name(text: str) -> str:
    """Return a person's or group's name as it is kept: NFC, one space between words.

    Names may be in any script, with quotes and emoji. Control characters are dropped; the
    joiners that Persian and Indic scripts need stay.

    Raises:
        InvalidInput: nothing is left, or it is longer than NAME_LIMIT characters.

    >>> clean_name("  Ada   Lovelace ")
    'Ada Lovelace'
    """
    joiners = {"\u200c", "\u200d"}
    kept = "".join(
        " " if character.isspace() else character
        for character in unicodedata.normalize("NFC", text)
        if character.isspace()
        or character in joiners
        or unicodedata.category(character) not in {"Cc", "Cf", "Cs"}
    )
    name = " ".join(kept.split())
    if not name:
        raise InvalidInput("A name needs at least one visible character.")
    if len(name) > NAME_LIMIT:
        raise InvalidInput(
            "A name may have %(limit)s characters; this one has %(count)s.",
            limit=NAME_LIMIT,
            count=len(name),
        )
    return name


@dataclass(frozen=True, slots=True)
class Subject:
    """A person whose attendance is kept. Elsewhere only `subject_id` stands for them."""

    subject_id: str
    name: str
    external_id: str | None = None  # of the school's or office's own system; unique where given
    contacts: tuple[str, ...] = ()
    invented: bool = False  # made by `rollbook demo`
    minor: bool = False  # a guardian has to agree for them


class ConsentScope(StrEnum):
    """What a consent covers."""

    FACE = "face"  # templates, for identification at this site
    CROPS = "crops"  # the piece of each picture that shows the face, kept sealed


EVERYTHING = (ConsentScope.FACE, ConsentScope.CROPS)


@dataclass(frozen=True, slots=True)
class Consent:
    """Who agreed to what, when. Kept when withdrawn, as proof of both."""

    consent_id: str
    subject_id: str
    text_id: str  # version of the text that was agreed to
    given_by: str  # the person, or the guardian of a minor
    recorded_at: datetime  # UTC
    scopes: tuple[ConsentScope, ...] = EVERYTHING
    guardian: str = ""  # who agreed for a minor
    language: str = ""
    retain_until: date | None = None
    withdrawn_at: datetime | None = None
    crops_withdrawn_at: datetime | None = None

    def covers(self, at: datetime) -> bool:
        """Return whether it holds at this time, for what it is about."""
        if self.withdrawn_at is not None and self.withdrawn_at <= at:
            return False
        return self.retain_until is None or at.date() <= self.retain_until

    def covers_face(self, at: datetime) -> bool:
        """Return whether templates may be made and compared at this time."""
        return ConsentScope.FACE in self.scopes and self.covers(at)

    def covers_crops(self, at: datetime) -> bool:
        """Return whether crops may be kept at this time."""
        withdrawn = self.crops_withdrawn_at is not None and self.crops_withdrawn_at <= at
        return ConsentScope.CROPS in self.scopes and self.covers_face(at) and not withdrawn


@dataclass(frozen=True, slots=True, eq=False)
class Crop:
    """An upright piece of a picture with one face and 40 % margin, longest side at most 320 px."""

    jpeg: bytes
    landmarks: Points  # float32 (5, 2), xy in pixels of the crop


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """One enrolled sample of a subject: its template and, unless switched off, its crop."""

    reference_id: str
    subject_id: str
    template: Template
    quality: int  # 0..100
    pose: str  # "front", "left", "right", "up", "down": for the coverage of poses
    source: str  # text that is equal for the same picture given twice; kept as a blind index
    added_at: datetime  # UTC
    crop: Crop | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """A class or a team."""

    group_id: str
    name: str
    invented: bool = False


@dataclass(frozen=True, slots=True)
class Membership:
    """A subject belongs to a group from `since` up to and including `until` (local dates)."""

    group_id: str
    subject_id: str
    since: date
    until: date | None = None

    def holds_on(self, day: date) -> bool:
        return self.since <= day and (self.until is None or day <= self.until)

    def lasts_to(self, day: date) -> bool:
        """Return whether the person belongs to the group on this day or will later."""
        return self.until is None or day <= self.until


@dataclass(frozen=True, slots=True)
class EnrolmentRefused:
    """Why a picture or a person was not enrolled; `code` is of `Refusal` or `IntakeRefusal`."""

    what: str  # file or name, for the person who enrols
    code: str
    sentence: str
    candidate_id: str | None = None  # subject that the face may belong to already


@dataclass(frozen=True, slots=True)
class Enrolled:
    """What was added for one subject."""

    subject: Subject
    added: int
    refused: tuple[EnrolmentRefused, ...] = field(default=())
    already: int = 0  # pictures that were enrolled before
    look_alikes: tuple[str, ...] = field(default=())  # subject ids that need a larger margin
    poses: tuple[str, ...] = field(default=())  # of all samples, as in `quality.POSES`
