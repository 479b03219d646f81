"""Kiosks: which there are, and shutting one out. Their codes and keys stay with the pages."""

from __future__ import annotations

from pydantic import AwareDatetime, BaseModel, Field

from rollbook.domain.attendance import Direction
from rollbook.domain.kiosks import Device as KeptDevice
from rollbook.domain.kiosks import DeviceState
from rollbook.domain.tokens import Scope
from rollbook.web.access import actor
from rollbook.web.api.common import PageInfo, PageQuery, paged
from rollbook.web.api.operations import operation
from rollbook.web.parts import parts

ONE = "/devices/<string(length=32):device_id>"


class Device(BaseModel):
    """A tablet or PC at a door, without its key."""

    id: str
    name: str
    room: str
    group_ids: list[str] | None = Field(description="null: sessions of all groups")
    direction: Direction
    needs_pin: bool
    state: DeviceState
    seen_at: AwareDatetime | None


class Devices(PageInfo):
    items: list[Device]


@operation("GET", "/devices", scope=Scope.DEVICES_READ, query=PageQuery, answer=Devices)
def devices(query: PageQuery) -> Devices:
    """List the kiosks."""
    found, info = paged(parts().devices.all(), query)
    return Devices(**dict(info), items=[_device(one) for one in found])


@operation("GET", ONE, scope=Scope.DEVICES_READ, answer=Device)
def device(device_id: str) -> Device:
    """Show one kiosk."""
    return _device(parts().devices.get(device_id))


@operation("POST", f"{ONE}/revoke", scope=Scope.DEVICES_WRITE, answer=Device)
def revoke_device(device_id: str) -> Device:
    """Shut a kiosk out at once. Another code for it is made on its page."""
    return _device(parts().devices.revoke(device_id, actor().by))


@operation("DELETE", ONE, scope=Scope.DEVICES_WRITE, status=204)
def remove_device(device_id: str) -> None:
    """Remove a kiosk. What it marked stays."""
    parts().devices.remove(device_id, actor().by)


def _device(kept: KeptDevice) -> Device:
    return Device(
        id=kept.device_id,
        name=kept.name,
        room=kept.room,
        group_ids=None if kept.group_ids is None else sorted(kept.group_ids),
        direction=kept.direction,
        needs_pin=kept.needs_pin,
        state=kept.state,
        seen_at=kept.seen_at,
    )
