"""The steps after the first account: name and zone, policy, notice, camera. Any can wait."""

from __future__ import annotations

from typing import Any

from flask import Response as FlaskResponse
from flask import abort, flash, jsonify, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from rollbook.domain.access import Permission
from rollbook.errors import InvalidInput
from rollbook.services.camera_test import describe_view
from rollbook.services.site import POLICY, SiteChoices, require_faces
from rollbook.web.access import actor, permit
from rollbook.web.app import limiter
from rollbook.web.errors import sentence
from rollbook.web.parts import parts
from rollbook.web.setup import forms, notices
from rollbook.web.setup.area import blueprint
from rollbook.web.texts import LANGUAGES, chosen_language

PICTURE = 4 * 1024 * 1024  # bytes
LOOKS = "120 per minute"


@blueprint.get("/setup/resume")
@permit(Permission.SITE_EDIT)
def resume() -> Response:
    """Lead to the first step that is not done."""
    return redirect(url_for(_next_step()))


def _next_step() -> str:
    with parts().uow() as uow:
        kept = {key: uow.site.get(key) for key in ("set_up", "site_name", POLICY, "institution")}
    if kept["set_up"]:
        return "setup.site"
    if not kept["site_name"]:
        return "setup.name"
    if not kept[POLICY]:
        return "setup.policy"
    return "setup.camera" if kept["institution"] else "setup.law"


@blueprint.get("/setup/name")
@permit(Permission.SITE_EDIT)
def name() -> str:
    return _name_page()


@blueprint.post("/setup/name")
@permit(Permission.SITE_EDIT)
def name_post() -> Response | FlaskResponse:
    errors = change_name()
    if errors:
        return make_response(_name_page(errors), 400)
    return redirect(url_for("setup.policy"))


def change_name() -> dict[str, str]:
    """Take over name, zone and language; return what is wrong."""
    typed, zone = request.form.get("site_name", ""), request.form.get("time_zone", "")
    language = request.form.get("language", "")
    errors: dict[str, str] = {}
    if language not in LANGUAGES:
        errors["language"] = _("Choose a language from the list.")
    if zone not in {*forms.zones(), parts().site.choices().time_zone}:
        errors["time_zone"] = _("Choose a time zone from the list.")
    if errors:
        return errors
    try:
        parts().site.change(actor().by, site_name=typed, time_zone=zone, language=language)
    except InvalidInput as error:
        errors["site_name"] = sentence(error)
    return errors


def name_values() -> dict[str, Any]:
    """Return what the fields for name, zone and language show."""
    choices = parts().site.choices()
    chosen = choices if choices.site_name else SiteChoices(language=chosen_language())
    zone = forms.zone_of(choices)
    return {
        "called": request.form.get("site_name", choices.site_name),
        "time_zone": request.form.get("time_zone") or zone,
        "spoken": request.form.get("language") or chosen.language,
        "zones": [*forms.zones(), *([] if zone in forms.zones() else [zone])],
    }


def _name_page(errors: dict[str, str] | None = None) -> str:
    return render_template("setup/name.html", errors=errors or {}, **name_values())


@blueprint.get("/setup/policy")
@permit(Permission.SITE_EDIT)
def policy() -> str:
    return _policy_page()


@blueprint.post("/setup/policy")
@permit(Permission.SITE_EDIT)
def policy_post() -> Response | FlaskResponse:
    words = request.form.get("words", "")
    if words not in forms.POLICIES:
        errors = {"words": _("Choose one of the two; it can be changed later.")}
        return make_response(_policy_page(errors), 400)
    parts().site.change(actor().by, words=words)
    parts().site.set_policy(actor().by, forms.POLICIES[words])
    return redirect(url_for("setup.law"))


def _policy_page(errors: dict[str, str] | None = None) -> str:
    return render_template(
        "setup/policy.html", errors=errors or {}, words=parts().site.choices().words
    )


@blueprint.get("/setup/notice")
@permit(Permission.SITE_EDIT)
def law() -> str:
    """Ask where the institution is; with the answer, show what to think of."""
    return _law_page()


def _law_page(errors: dict[str, str] | None = None) -> str:
    choices = parts().site.choices()
    kind = request.values.get("kind") or choices.institution
    place = request.values.get("place") or choices.place
    known = kind in notices.KINDS and place in notices.PLACES
    notice = notices.notice(kind, place) if known else None
    decided = bool(choices.institution) and (kind, place) == (choices.institution, choices.place)
    off = notice is not None and notice.better_off
    return render_template(
        "setup/law.html",
        errors=errors or {},
        kinds=notices.KINDS,
        places=notices.PLACES,
        kind=kind,
        place=place,
        notice=notice,
        faces=choices.faces_enabled if decided else not off,
    )


@blueprint.post("/setup/notice")
@permit(Permission.SITE_EDIT)
def law_post() -> Response | FlaskResponse:
    errors = change_law()
    if errors:
        return make_response(_law_page(errors), 400)
    faces = request.form.get("faces") == "on"
    return redirect(url_for("setup.camera" if faces else "setup.done"))


def change_law() -> dict[str, str]:
    """Take over place, kind and whether faces are used; return what is wrong."""
    kind, place = request.form.get("kind", ""), request.form.get("place", "")
    faces = request.form.get("faces", "")
    if kind not in notices.KINDS or place not in notices.PLACES:
        return {"place": _("Choose what and where the institution is.")}
    if faces not in {"on", "off"}:
        return {"faces": _("Choose whether faces are used.")}
    parts().site.change(actor().by, institution=kind, place=place, faces_enabled=faces == "on")
    return {}


@blueprint.get("/setup/camera")
@permit(Permission.SITE_EDIT)
def camera() -> Response | str:
    choices = parts().site.choices()
    if not choices.faces_enabled:
        return redirect(url_for("setup.done"))
    return render_template("setup/camera.html", finished=choices.set_up)


@blueprint.post("/setup/camera/test")
@permit(Permission.SITE_EDIT)
@limiter.limit(LOOKS)
def camera_test() -> Any:
    """Say what a picture of the browser's camera tells; it is not kept."""
    with parts().uow() as uow:
        require_faces(uow)
    if (request.content_length or 0) > PICTURE:
        abort(413)
    jpeg = request.get_data()
    report = parts().engines.run(lambda app: describe_view(app, jpeg))
    found = [{"level": f.level.value, "text": _(f.sentence)} for f in report.findings]
    return jsonify({"good": report.good, "findings": found})


@blueprint.get("/setup/done")
@permit(Permission.SITE_EDIT)
def done() -> str:
    return render_template("setup/done.html", choices=parts().site.choices())


@blueprint.post("/setup/done")
@permit(Permission.SITE_EDIT)
def done_post() -> Response:
    parts().site.change(actor().by, set_up=True)
    flash(_("The site is set up. Everything can be changed later under Site."), "good")
    return redirect(url_for("start.index"))
