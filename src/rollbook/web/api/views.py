"""The interface's addresses, its description, and the page of tokens."""

from __future__ import annotations

from flask import Response, jsonify, render_template, request

from rollbook.web.access import public
from rollbook.web.api import (
    cameras,
    devices,
    figures,
    groups,
    me,
    messages,
    people,
    reviews,
    samples,
    sessions,
    site,
    timetable,
    tokens_views,
    users,
)
from rollbook.web.api.bearer import CHALLENGE
from rollbook.web.api.described import described
from rollbook.web.api.openapi import document
from rollbook.web.api.operations import PREFIX, blueprint

# each registers its operations when it is imported
RESOURCES = (me, people, samples, groups, sessions, figures, timetable, reviews, cameras)
RESOURCES += (devices, users, messages, site, tokens_views)


@blueprint.get(f"{PREFIX}/openapi.json")
@public
def openapi() -> Response:
    """Describe the interface for programs; nothing of the site is in it."""
    return jsonify(document())


@blueprint.get(f"{PREFIX}/docs")
@public
def docs() -> str:
    """Describe the interface for people."""
    return render_template("api/docs.html", document=document(), tags=described(document()))


@blueprint.after_request
def _challenge(response: Response) -> Response:
    """Say with every 401 how to come in."""
    if response.status_code == 401 and request.path.startswith(PREFIX):
        for name, value in CHALLENGE.items():
            response.headers.setdefault(name, value)
    return response
