"""The cameras of the site: added, changed, looked through and removed, each with an entry."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from rollbook.domain.access import Actor
from rollbook.domain.attendance import Direction
from rollbook.domain.camera_ports import SiteCamera
from rollbook.domain.ports import Clock, OpenUnitOfWork, UnitOfWork
from rollbook.domain.register import EntryKind, NewEntry
from rollbook.domain.subjects import new_id
from rollbook.errors import InvalidInput, NotFound
from rollbook.services.site import require_faces

NAME_LIMIT = 100  # characters
SOURCE_LIMIT = 1000

ShownSource = Callable[[str], str]
"""Returns a source without what may be secret; raises InvalidInput when it cannot be read."""


@dataclass(frozen=True, slots=True)
class CameraDraft:
    """What a person typed. `source` is empty to keep the one that is there."""

    name: str
    source: str = ""
    room: str = ""
    group_ids: frozenset[str] = frozenset()
    direction: Direction = Direction.BOTH
    enabled: bool = True


class CameraKeeper:
    """Changes cameras and says in the register who did it; a source never gets there."""

    def __init__(self, open_uow: OpenUnitOfWork, clock: Clock, shown: ShownSource) -> None:
        self._open_uow = open_uow
        self._clock = clock
        self._shown = shown

    def seen_by(self, actor: Actor) -> list[SiteCamera]:
        """Return the cameras that watch sessions of groups which the actor sees."""
        with self._open_uow() as uow:
            return [camera for camera in uow.cameras.all() if sees(actor, camera)]

    def get(self, camera_id: str, actor: Actor) -> SiteCamera:
        """Raises NotFound: there is none, or none that the actor sees."""
        with self._open_uow() as uow:
            camera = uow.cameras.get(camera_id)
        if not sees(actor, camera):
            raise NotFound("There is no such camera.")
        return camera

    def add(self, draft: CameraDraft, actor: Actor) -> SiteCamera:
        """Raises InvalidInput: name or source cannot be used."""
        if not draft.source.strip():
            raise InvalidInput("Say where the pictures come from: 0, rtsp://… or http://…")
        with self._open_uow() as uow:
            empty = SiteCamera(new_id(), "", "", "")
            camera = self._filled(uow, empty, draft)
            uow.cameras.add(camera)
            uow.register.append(self._entry("camera added", camera, actor))
            uow.commit()
        return camera

    def change(self, camera_id: str, draft: CameraDraft, actor: Actor) -> SiteCamera:
        """Raises NotFound, InvalidInput."""
        with self._open_uow() as uow:
            camera = self._filled(uow, uow.cameras.get(camera_id), draft)
            uow.cameras.update(camera)
            uow.register.append(self._entry("camera changed", camera, actor))
            uow.commit()
        return camera

    def switch(self, camera_id: str, on: bool, actor: Actor) -> SiteCamera:
        """Let a camera run with its sessions, or not. Raises NotFound."""
        with self._open_uow() as uow:
            camera = replace(uow.cameras.get(camera_id), enabled=on)
            uow.cameras.update(camera)
            event = "camera switched on" if on else "camera switched off"
            uow.register.append(self._entry(event, camera, actor))
            uow.commit()
        return camera

    def remove(self, camera_id: str, actor: Actor) -> None:
        """Raises NotFound."""
        with self._open_uow() as uow:
            camera = uow.cameras.get(camera_id)
            uow.cameras.remove(camera_id)
            uow.register.append(self._entry("camera removed", camera, actor))
            uow.commit()

    def looked_through(self, camera: SiteCamera, actor: Actor) -> None:
        """Write down that somebody sees the camera's picture; before they see it.

        Raises:
            FacesOff: the site does without faces.
        """
        body = self._body("looked through a camera", camera, actor)
        with self._open_uow() as uow:
            require_faces(uow)
            uow.register.append(NewEntry(EntryKind.ACCESS, body))
            uow.commit()

    def _filled(self, uow: UnitOfWork, camera: SiteCamera, draft: CameraDraft) -> SiteCamera:
        name, room = " ".join(draft.name.split()), " ".join(draft.room.split())
        if not 0 < len(name) <= NAME_LIMIT or len(room) > NAME_LIMIT:
            raise InvalidInput("A camera's name has 1 to %(limit)s characters.", limit=NAME_LIMIT)
        source = draft.source.strip() or camera.source
        if len(source) > SOURCE_LIMIT:
            raise InvalidInput("A source may have %(limit)s characters.", limit=SOURCE_LIMIT)
        for group_id in draft.group_ids:
            uow.groups.get(group_id)
        return replace(
            camera,
            name=name,
            source=source,
            shown=self._shown(source),
            room=room,
            group_ids=draft.group_ids,
            direction=draft.direction,
            enabled=draft.enabled,
        )

    def _entry(self, event: str, camera: SiteCamera, actor: Actor) -> NewEntry:
        return NewEntry(EntryKind.SETTING, self._body(event, camera, actor))

    def _body(self, event: str, camera: SiteCamera, actor: Actor) -> dict[str, object]:
        return {
            "event": event,
            "camera_id": camera.camera_id,
            "at": self._clock.now().isoformat(),
            "by": actor.by,
        }


def sees(actor: Actor, camera: SiteCamera) -> bool:
    """Return whether the camera watches sessions of any group that the actor sees."""
    if actor.group_ids is None or not camera.group_ids:
        return True
    return bool(camera.group_ids & actor.group_ids)


def may_look(actor: Actor, camera: SiteCamera) -> bool:
    """Return whether everybody whom the camera is meant for is of the actor's groups."""
    if actor.group_ids is None:
        return True
    return bool(camera.group_ids) and camera.group_ids <= actor.group_ids
