"""The blueprint that the modules of this area add to."""

from __future__ import annotations

from flask import Blueprint

from rollbook.domain.attendance import Session
from rollbook.web.access import require_session
from rollbook.web.parts import parts

blueprint = Blueprint("attending", __name__, url_prefix="/sessions")


def title_of(session: Session) -> str:
    """Return what a session is called: its title and group."""
    with parts().uow() as uow:
        group = uow.groups.get(session.group_id)
    return f"{session.title} · {group.name}" if session.title else group.name


def framed(session_id: str, tab: str) -> dict[str, object]:
    """Return what the head of each page of a session needs."""
    session = require_session(session_id)
    return {"session": session, "session_title": title_of(session), "tab": tab}
