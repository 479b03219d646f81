"""Cameras of the server. Where their pictures come from is written and never read back."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

from rollbook.domain.attendance import Direction
from rollbook.domain.camera_ports import SiteCamera
from rollbook.domain.tokens import Scope
from rollbook.services.cameras import NAME_LIMIT, SOURCE_LIMIT, CameraDraft
from rollbook.web.access import actor, require_group
from rollbook.web.api.common import Body, Id, PageInfo, PageQuery, paged
from rollbook.web.api.operations import operation
from rollbook.web.parts import parts

ONE = "/cameras/<string(length=32):camera_id>"
CameraName = Annotated[str, Field(min_length=1, max_length=NAME_LIMIT)]
Room = Annotated[str, Field(max_length=NAME_LIMIT)]
Source = Annotated[
    str,
    Field(
        min_length=1,
        max_length=SOURCE_LIMIT,
        description="0, rtsp://… or http://…, with user and password where it needs them; "
        "it is sealed and never answered",
    ),
]
Groups = Annotated[list[Id], Field(max_length=500, description="none: sessions of all groups")]


class Camera(BaseModel):
    """A camera of the server, without anything secret."""

    id: str
    name: str
    source: str = Field(description="without user, password or query")
    room: str
    group_ids: list[str] = Field(description="none: sessions of all groups")
    direction: Direction
    enabled: bool


class Cameras(PageInfo):
    items: list[Camera]


class NewCamera(Body):
    """A camera that is to be added."""

    name: CameraName
    source: Source
    room: Room = ""
    group_ids: Groups = Field(default_factory=list)
    direction: Direction = Direction.BOTH
    enabled: bool = True


class CameraChange(Body):
    """What is left out stays, the source as well."""

    name: CameraName | None = None
    source: Source | None = None
    room: Room | None = None
    group_ids: Groups | None = None
    direction: Direction | None = None
    enabled: bool | None = None


@operation("GET", "/cameras", scope=Scope.CAMERAS_READ, query=PageQuery, answer=Cameras)
def cameras(query: PageQuery) -> Cameras:
    """List the cameras that watch one's groups."""
    found, info = paged(parts().cameras.seen_by(actor()), query)
    return Cameras(**dict(info), items=[_camera(one) for one in found])


@operation(
    "POST",
    "/cameras",
    scope=Scope.CAMERAS_WRITE,
    body=NewCamera,
    answer=Camera,
    status=201,
    refusals=(404,),
)
def add_camera(body: NewCamera) -> Camera:
    """Add a camera."""
    draft = CameraDraft(
        body.name,
        body.source,
        body.room,
        _groups(body.group_ids),
        body.direction,
        body.enabled,
    )
    return _camera(parts().cameras.add(draft, actor()))


@operation("GET", ONE, scope=Scope.CAMERAS_READ, answer=Camera)
def camera(camera_id: str) -> Camera:
    """Show one camera."""
    return _camera(parts().cameras.get(camera_id, actor()))


@operation("PATCH", ONE, scope=Scope.CAMERAS_WRITE, body=CameraChange, answer=Camera)
def change_camera(camera_id: str, body: CameraChange) -> Camera:
    """Change a camera, or switch it on or off; one that runs starts anew."""
    old = parts().cameras.get(camera_id, actor())
    draft = CameraDraft(
        name=body.name or old.name,
        source=body.source or "",
        room=old.room if body.room is None else body.room,
        group_ids=old.group_ids if body.group_ids is None else _groups(body.group_ids),
        direction=body.direction or old.direction,
        enabled=old.enabled if body.enabled is None else body.enabled,
    )
    return _camera(parts().cameras.change(camera_id, draft, actor()))


@operation("DELETE", ONE, scope=Scope.CAMERAS_WRITE, status=204)
def remove_camera(camera_id: str) -> None:
    """Remove a camera. What it marked stays."""
    parts().cameras.get(camera_id, actor())
    parts().cameras.remove(camera_id, actor())


def _groups(group_ids: list[str]) -> frozenset[str]:
    return frozenset(require_group(group_id).group_id for group_id in group_ids)


def _camera(kept: SiteCamera) -> Camera:
    return Camera(
        id=kept.camera_id,
        name=kept.name,
        source=kept.shown,
        room=kept.room,
        group_ids=sorted(kept.group_ids),
        direction=kept.direction,
        enabled=kept.enabled,
    )
