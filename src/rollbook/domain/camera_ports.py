"""The cameras of a site, as they are kept, and who runs which of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from rollbook.domain.attendance import Direction, Session


@dataclass(frozen=True, slots=True)
class SiteCamera:
    """A camera that is read by the server. Everything but the random id is sealed."""

    camera_id: str
    name: str  # what pages and marks call it
    source: str = field(repr=False)  # as it was typed; it may hold a password and is never shown
    shown: str  # the source without what may be secret
    room: str = ""
    group_ids: frozenset[str] = frozenset()  # whose sessions it watches; none: those of all groups
    direction: Direction = Direction.BOTH
    enabled: bool = True

    def serves(self, group_id: str) -> bool:
        return not self.group_ids or group_id in self.group_ids

    def session_at(self, sessions: list[Session], now: datetime) -> Session | None:
        """Return the session that it watches at this instant.

        One camera watches one session at a time: of those that take marks now, the one that began
        last, so that the next lesson takes over while the one before still waits for late marks.
        """
        fitting = [
            session
            for session in sessions
            if self.serves(session.group_id) and session.takes_marks_at(now)
        ]
        begun = [session for session in fitting if session.starts_at <= now]
        if begun:
            return max(begun, key=lambda session: (session.starts_at, session.session_id))
        return min(fitting, key=lambda one: (one.starts_at, one.session_id), default=None)


class Cameras(Protocol):
    """The cameras of the site."""

    def add(self, camera: SiteCamera) -> None: ...

    def get(self, camera_id: str) -> SiteCamera:
        """Raises NotFound."""
        ...

    def all(self) -> list[SiteCamera]:
        """Return all cameras, sorted by name."""
        ...

    def update(self, camera: SiteCamera) -> None: ...

    def remove(self, camera_id: str) -> None: ...

    def claim(self, camera_id: str, now: datetime, until: datetime) -> bool:
        """Take a camera for one process until then; False while another one has it."""
        ...

    def renew(self, camera_id: str, held: datetime, until: datetime) -> bool:
        """Keep a camera that is held until `held`; False when somebody else took it meanwhile."""
        ...

    def release(self, camera_id: str, held: datetime) -> None:
        """Let others take a camera that is held until `held`."""
        ...

    def held_until(self, camera_id: str) -> datetime | None:
        """Return until when some process has the camera, or None."""
        ...
