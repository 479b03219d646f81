"""How a camera is doing, in figures and in one sentence."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class CameraState(StrEnum):
    """What a camera does at this moment."""

    STARTING = "starting"  # asked for pictures, none came yet
    WORKING = "working"
    DARK = "dark"  # pictures come, and they are black
    LOST = "lost"  # no pictures; it is tried again
    ENDED = "ended"  # a clip or folder has no more pictures
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class CameraHealth:
    """What can be said about one camera. `sentence` tells a person what is wrong, if anything."""

    state: CameraState
    sentence: str
    frames: int = 0  # pictures that were handed on
    dropped: int = 0  # newer ones took their place before anybody asked
    reconnects: int = 0  # times that pictures came again after they had stopped
    restarts: int = 0  # times that the capture process was started again
    age: float | None = None  # seconds since the newest picture; None before the first
    size: tuple[int, int] | None = None  # (width, height) of the newest picture, pixels

    @property
    def well(self) -> bool:
        return self.state in {CameraState.WORKING, CameraState.ENDED, CameraState.CLOSED}
