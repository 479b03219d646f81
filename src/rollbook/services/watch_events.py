"""What a watch tells while it goes on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from rollbook.domain.attendance import Mark
from rollbook.domain.cameras import CameraHealth
from rollbook.domain.faces import Refusal
from rollbook.domain.identification import Doubt, Identified


@dataclass(frozen=True, slots=True)
class Marked:
    """Somebody was recognised and marked."""

    mark: Mark
    decision: Identified


@dataclass(frozen=True, slots=True)
class NotMarked:
    """Somebody was recognised, and there was nothing to write, or no way to."""

    subject_id: str
    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class UnknownSeen:
    """A face that belongs to nobody of this session."""

    track_id: int
    at: datetime
    doubt: Doubt


@dataclass(frozen=True, slots=True)
class FaceRefused:
    """A face that cannot be used as it is now; told once for each track and reason."""

    track_id: int
    at: datetime
    reason: Refusal


@dataclass(frozen=True, slots=True)
class HealthChanged:
    """The camera went away, came back, or sees nothing."""

    health: CameraHealth


@dataclass(frozen=True, slots=True)
class MarksWaiting:
    """Marks could not be written yet; they are kept and tried again."""

    count: int
    reason: str


@dataclass(frozen=True, slots=True)
class GalleryChanged:
    """People, samples or consents changed; `size` people can be found from now on."""

    size: int


@dataclass(frozen=True, slots=True)
class RosterRead:
    """The watch begins: `size` people can be found, and `without` more are on the roster."""

    size: int
    without: int


WatchEvent = (
    Marked
    | NotMarked
    | UnknownSeen
    | FaceRefused
    | HealthChanged
    | MarksWaiting
    | GalleryChanged
    | RosterRead
)
