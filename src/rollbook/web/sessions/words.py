"""How far a session is, in the words of the page's language."""

from __future__ import annotations

from flask_babel import gettext as _

from rollbook.domain.attendance import Session, SessionState


def state_word(session: Session) -> str:
    words: dict[SessionState, str] = {
        SessionState.PLANNED: _("planned"),
        SessionState.OPEN: _("open now"),
        SessionState.NOT_TAKEN: _("not taken"),
        SessionState.CLOSED: _("closed"),
        SessionState.CANCELLED: _("called off"),
    }
    return words[session.state]


def state_pill(session: Session) -> str:
    """Return the class of the pill that shows the state."""
    return {
        SessionState.PLANNED: "",
        SessionState.OPEN: "good",
        SessionState.NOT_TAKEN: "warn",
        SessionState.CLOSED: "plain",
        SessionState.CANCELLED: "bad",
    }[session.state]


def session_name(session: Session, group: str) -> str:
    return f"{session.title} · {group}" if session.title else group
