"""Cameras of the server: which there are, how they are doing, and what they see."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

from rollbook.domain.access import Permission
from rollbook.domain.attendance import Direction
from rollbook.domain.camera_ports import SiteCamera
from rollbook.domain.subjects import Group
from rollbook.errors import Busy, InvalidInput
from rollbook.services.cameras import CameraDraft, may_look
from rollbook.services.site import faces_enabled
from rollbook.web.access import ID_LENGTH, actor, permit
from rollbook.web.cameras.words import condition, direction_word, reason_word
from rollbook.web.errors import sentence
from rollbook.web.parts import parts

blueprint = Blueprint("cameras", __name__, url_prefix="/cameras")

_looking = threading.BoundedSemaphore(2)  # a camera that is asked may take seconds to answer


@blueprint.context_processor
def _words() -> dict[str, object]:
    return {
        "condition": condition,
        "reason_word": reason_word,
        "direction_word": direction_word,
        "groups_of": _groups_of,
    }


def _groups_of(camera: SiteCamera, names: Mapping[str, str]) -> str:
    """Return the groups of a camera that the actor sees, by name."""
    if not camera.group_ids:
        return _("all groups")
    return ", ".join(name for group_id, name in names.items() if group_id in camera.group_ids)


@blueprint.get("")
@permit(Permission.CAMERAS_READ)
def index() -> str:
    """List the cameras with how they are doing."""
    cameras = parts().cameras.seen_by(actor())
    return render_template(
        "cameras/index.html",
        cameras=[(camera, parts().camera_watch.report(camera)) for camera in cameras],
        groups=_names(_groups()),
    )


@blueprint.get("/<camera_id>")
@permit(Permission.CAMERAS_READ)
def page(camera_id: str) -> str:
    """Show one camera; with `look` also its picture."""
    camera = _camera(camera_id)
    report = parts().camera_watch.report(camera)
    with parts().uow() as uow:
        session = uow.sessions.get(report.session_id) if report.session_id else None
        faces_on = faces_enabled(uow)
    seen = session is not None and actor().sees_group(session.group_id)
    allowed = actor().may(Permission.FACES_SEE) and may_look(actor(), camera)
    return render_template(
        "cameras/page.html",
        camera=camera,
        report=report,
        session=session if seen else None,
        groups=_names(_groups()),
        faces_on=faces_on,
        may_look=allowed,
        look=allowed and "look" in request.args,
        stamp=int(parts().clock.now().timestamp()),
    )


@blueprint.get("/<camera_id>/picture")
@permit(Permission.FACES_SEE)
def picture(camera_id: str) -> Response:
    """Give one picture of the camera. That somebody looked is written down first."""
    camera = _camera(camera_id)
    if not may_look(actor(), camera):
        abort(404)
    if not _looking.acquire(blocking=False):
        raise Busy("Others look through cameras at this moment. Try again in a few seconds.")
    try:
        parts().cameras.looked_through(camera, actor())
        return Response(parts().look_through(camera), mimetype="image/jpeg")
    finally:
        _looking.release()


@blueprint.get("/new")
@permit(Permission.CAMERAS_EDIT)
def new() -> str:
    """Ask for a camera's name and source."""
    return _form(None, CameraDraft(""), {})


@blueprint.post("/new")
@permit(Permission.CAMERAS_EDIT)
def add() -> AnyResponse | tuple[str, int]:
    """Add a camera."""
    draft = _draft()
    try:
        camera = parts().cameras.add(draft, actor())
    except InvalidInput as error:
        return _form(None, draft, _problems(draft, error)), 422
    flash(_("%(name)s was added.", name=camera.name), "good")
    return redirect(url_for("cameras.page", camera_id=camera.camera_id))


@blueprint.get("/<camera_id>/edit")
@permit(Permission.CAMERAS_EDIT)
def edit(camera_id: str) -> str:
    """Show what can be changed; the source is never shown again."""
    camera = _camera(camera_id)
    draft = CameraDraft(
        camera.name, "", camera.room, camera.group_ids, camera.direction, camera.enabled
    )
    return _form(camera, draft, {})


@blueprint.post("/<camera_id>/edit")
@permit(Permission.CAMERAS_EDIT)
def change(camera_id: str) -> AnyResponse | tuple[str, int]:
    """Change a camera; one that runs starts anew."""
    camera, draft = _camera(camera_id), _draft()
    try:
        parts().cameras.change(camera_id, draft, actor())
    except InvalidInput as error:
        return _form(camera, draft, _problems(draft, error)), 422
    flash(_("The camera was changed."), "good")
    return redirect(url_for("cameras.page", camera_id=camera_id))


@blueprint.post("/<camera_id>/switch")
@permit(Permission.CAMERAS_EDIT)
def switch(camera_id: str) -> AnyResponse:
    """Switch a camera on or off."""
    on = request.form.get("on") == "yes"
    parts().cameras.switch(_camera(camera_id).camera_id, on, actor())
    flash(_("The camera was switched on.") if on else _("The camera was switched off."), "good")
    return redirect(url_for("cameras.page", camera_id=camera_id))


@blueprint.post("/<camera_id>/remove")
@permit(Permission.CAMERAS_EDIT)
def remove(camera_id: str) -> AnyResponse:
    """Remove a camera. What it marked stays."""
    parts().cameras.remove(_camera(camera_id).camera_id, actor())
    flash(_("The camera was removed. What it marked stays."), "good")
    return redirect(url_for("cameras.index"))


def _camera(camera_id: str) -> SiteCamera:
    if len(camera_id) != ID_LENGTH:
        abort(404)
    return parts().cameras.get(camera_id, actor())


def _groups() -> list[Group]:
    """Return the groups that the actor sees, by name."""
    with parts().uow() as uow:
        return [group for group in uow.groups.all() if actor().sees_group(group.group_id)]


def _names(groups: Iterable[Group]) -> dict[str, str]:
    return {group.group_id: group.name for group in groups}


def _draft() -> CameraDraft:
    form = request.form
    known = {direction.value for direction in Direction}
    chosen = form.get("direction", "")
    return CameraDraft(
        name=form.get("name", ""),
        source=form.get("source", ""),
        room=form.get("room", ""),
        group_ids=frozenset(form.getlist("groups")),
        direction=Direction(chosen) if chosen in known else Direction.BOTH,
        enabled="enabled" in form,
    )


def _problems(draft: CameraDraft, error: InvalidInput) -> dict[str, str]:
    field = "name" if not draft.name.strip() or "name" in str(error) else "source"
    return {field: sentence(error)}


def _form(camera: SiteCamera | None, draft: CameraDraft, errors: Mapping[str, str]) -> str:
    directions = [(one.value, direction_word(one)) for one in reversed(Direction)]
    return render_template(
        "cameras/form.html",
        camera=camera,
        draft=draft,
        errors=errors,
        groups=_groups(),
        directions=directions,
    )
