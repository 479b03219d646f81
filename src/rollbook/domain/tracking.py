"""One face followed from frame to frame, before anybody knows whose it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from rollbook.domain.faces import DetectedFace
from rollbook.domain.geometry import Box


@dataclass(frozen=True, slots=True)
class TrackedFace:
    """Where one followed face is in the newest frame."""

    track_id: int  # 1, 2, 3, … never used twice by one tracker
    box: Box  # as found, or as expected from its motion
    face: DetectedFace | None  # None when it was not found in this frame
    first_seen: datetime
    last_seen: datetime  # newest frame in which it was found
    hits: int  # frames in which it was found
    reacquired: bool = False  # found again in this frame after it was missed for a while


@dataclass(frozen=True, slots=True)
class TrackUpdate:
    """What one frame did to the followed faces."""

    faces: tuple[TrackedFace, ...]
    ended: tuple[int, ...] = ()  # ids that will not come back
