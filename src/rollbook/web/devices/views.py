"""Kiosks: which there are, what they show, and the code that makes a tablet one."""

from __future__ import annotations

import segno
from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from rollbook.domain.access import Permission
from rollbook.domain.attendance import Direction
from rollbook.domain.kiosks import Device, DeviceState, Greeting
from rollbook.domain.subjects import Group
from rollbook.errors import InvalidInput
from rollbook.services.devices import DevicePlan, Pairing
from rollbook.web.access import ID_LENGTH, actor, permit
from rollbook.web.errors import sentence
from rollbook.web.parts import parts

blueprint = Blueprint("devices", __name__, url_prefix="/devices")


@blueprint.app_context_processor
def _words() -> dict[str, object]:
    return {"device_word": device_word, "DeviceState": DeviceState}


def device_word(state: DeviceState) -> str:
    return {
        DeviceState.WAITING: _("waits for its code"),
        DeviceState.PAIRED: _("in use"),
        DeviceState.REVOKED: _("revoked"),
    }[state]


@blueprint.get("")
@permit(Permission.DEVICES_EDIT)
def index() -> str:
    """List the kiosks, and how they greet."""
    return render_template(
        "devices/index.html",
        devices=[(device, _names(device)) for device in parts().devices.all()],
        greeting=parts().kiosk_greeting.get(),
        greetings=[
            (Greeting.WHOLE.value, _("with the whole name, as on the list")),
            (Greeting.FIRST.value, _("with the first name only")),
            (Greeting.NONE.value, _("without a name")),
        ],
    )


@blueprint.post("/greeting")
@permit(Permission.DEVICES_EDIT)
def greeting() -> Response:
    """Choose how much of a name the kiosks show."""
    parts().kiosk_greeting.choose(request.form.get("greeting", ""), actor().by)
    flash(_("The kiosks greet like that from now on."), "good")
    return redirect(url_for("devices.index"), 303)


@blueprint.get("/new")
@permit(Permission.DEVICES_EDIT)
def new() -> str:
    """Ask what the kiosk is to show."""
    return _form(None, DevicePlan(""), {})


@blueprint.post("/new")
@permit(Permission.DEVICES_EDIT)
def add() -> str | tuple[str, int]:
    """Add a kiosk and show its one-time code, once."""
    plan = _plan()
    try:
        return _code(parts().devices.add(plan, actor().by))
    except InvalidInput as error:
        return _form(None, plan, _problems(plan, error)), 422


@blueprint.get("/<device_id>")
@permit(Permission.DEVICES_EDIT)
def page(device_id: str) -> str:
    """Show what can be changed."""
    device = _device(device_id)
    plan = DevicePlan(
        device.name, device.room, device.group_ids, device.direction, device.needs_pin
    )
    return _form(device, plan, {})


@blueprint.post("/<device_id>")
@permit(Permission.DEVICES_EDIT)
def change(device_id: str) -> Response | tuple[str, int]:
    """Change a kiosk; it does so from its next picture on."""
    device, plan = _device(device_id), _plan()
    try:
        parts().devices.change(device_id, plan, actor().by)
    except InvalidInput as error:
        return _form(device, plan, _problems(plan, error)), 422
    flash(_("The kiosk was changed."), "good")
    return redirect(url_for("devices.index"), 303)


@blueprint.post("/<device_id>/code")
@permit(Permission.DEVICES_EDIT)
def code(device_id: str) -> str:
    """Show another one-time code; the tablet that had the key is shut out."""
    return _code(parts().devices.new_code(_device(device_id).device_id, actor().by))


@blueprint.post("/<device_id>/revoke")
@permit(Permission.DEVICES_EDIT)
def revoke(device_id: str) -> Response:
    """Shut a kiosk out at once."""
    parts().devices.revoke(_device(device_id).device_id, actor().by)
    flash(_("The kiosk was revoked. It marks nobody any more."), "good")
    return redirect(url_for("devices.index"), 303)


@blueprint.post("/<device_id>/remove")
@permit(Permission.DEVICES_EDIT)
def remove(device_id: str) -> Response:
    """Remove a kiosk. What it marked stays."""
    parts().devices.remove(_device(device_id).device_id, actor().by)
    flash(_("The kiosk was removed. What it marked stays."), "good")
    return redirect(url_for("devices.index"), 303)


def _device(device_id: str) -> Device:
    """Return the kiosk; the storage says when there is none."""
    return parts().devices.get(device_id if len(device_id) == ID_LENGTH else "")


def _groups() -> list[Group]:
    with parts().uow() as uow:
        return uow.groups.all()


def _names(device: Device) -> str:
    """Return the names of the groups whose sessions the kiosk shows."""
    if device.group_ids is None:
        return _("all groups")
    return ", ".join(group.name for group in _groups() if group.group_id in device.group_ids)


def _plan() -> DevicePlan:
    form = request.form
    chosen = tuple(dict.fromkeys(form.getlist("groups")))
    way = next((d for d in Direction if d.value == form.get("direction")), Direction.BOTH)
    return DevicePlan(
        form.get("name", ""),
        form.get("room", ""),
        None if form.get("which") != "some" else chosen,
        way,
        form.get("needs_pin") == "yes",
    )


def _problems(plan: DevicePlan, error: InvalidInput) -> dict[str, str]:
    field = "which" if plan.group_ids is not None and not plan.group_ids else "name"
    return {field: sentence(error)}


def _form(device: Device | None, plan: DevicePlan, errors: dict[str, str]) -> str:
    return render_template(
        "devices/form.html",
        device=device,
        plan=plan,
        groups=_groups(),
        errors=errors,
        directions=[
            (Direction.IN.value, _("in: arrivals")),
            (Direction.OUT.value, _("out: departures")),
            (Direction.BOTH.value, _("both: who is there")),
        ],
    )


def _code(pairing: Pairing) -> str:
    """Show the code with a QR code; its part behind the # never reaches a server."""
    address = url_for("kiosk.pair", _external=True)
    made = segno.make(f"{address}#{pairing.code}", error="m", micro=False)
    return render_template(
        "devices/code.html",
        device=pairing.device,
        code=pairing.code,
        address=address,
        picture=made.svg_data_uri(scale=6, border=3, dark="#000", light="#fff"),
    )
