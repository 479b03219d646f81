"""The blueprint that the modules of this area add to, and what they share."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from flask import Blueprint, abort, request

from rollbook.domain.subjects import Group
from rollbook.domain.timetable import EARLIEST, LATEST
from rollbook.web.access import ID_LENGTH, actor
from rollbook.web.parts import parts
from rollbook.web.sessions.words import session_name, state_pill, state_word

blueprint = Blueprint("timetable", __name__)

TOGETHER = 12  # groups; of more of them a page shows one


@blueprint.context_processor
def _words() -> dict[str, object]:
    return {"state_word": state_word, "state_pill": state_pill, "session_name": session_name}


def groups_seen() -> dict[str, Group]:
    """Return the groups that the actor sees, by id, sorted by name."""
    with parts().uow() as uow:
        found = uow.groups.all()
    return {group.group_id: group for group in found if actor().sees_group(group.group_id)}


def asked_group(groups: Mapping[str, Group]) -> str:
    """Return the group that the address asks for; empty for all, unless they are many."""
    chosen = request.args.get("group", "")
    if chosen in groups:
        return chosen
    return next(iter(groups)) if len(groups) > TOGETHER else ""


def asked_day(name: str = "day") -> date:
    """Return the day that the address asks for, by default today."""
    try:
        day = date.fromisoformat(request.args.get(name, ""))
    except ValueError:
        return parts().today()
    return day if EARLIEST < day < LATEST else parts().today()


def require_id(text: str) -> str:
    """Return an id as it is; 404 for what cannot be one."""
    if len(text) != ID_LENGTH or not text.isalnum():
        abort(404)
    return text
