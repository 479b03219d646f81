"""Messages in words."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from rollbook.domain.messages import Audience, EventKind, MessageState
from rollbook.languages.catalogs import LANGUAGES as LANGUAGES
from rollbook.services.composing import (
    CORRECTED,
    GONE,
    NO_CHANNEL,
    NOT_TOLD,
    OPTED_OUT,
    SWITCHED_OFF,
)
from rollbook.web.texts import spoken

KINDS = {
    EventKind.ABSENT: _l("Absence"),
    EventKind.LATE: _l("Late arrival"),
    EventKind.IN_A_ROW: _l("Absences in a row"),
    EventKind.LOW: _l("Low percentage"),
    EventKind.DECIDED: _l("Decision on a request"),
    EventKind.WEEKLY: _l("Last week in the own groups"),
    EventKind.CAMERA: _l("A camera gives no pictures"),
    EventKind.TROUBLE: _l("Trouble with keys, disk or backups"),
    EventKind.REPORT: _l("A report that comes by itself is ready"),
    EventKind.ANCHOR: _l("Anchor of the register, every day"),
}
AUDIENCES = {
    Audience.GUARDIAN: _l("Guardian"),
    Audience.PERSON: _l("The person"),
    Audience.TUTOR: _l("In charge of a group"),
    Audience.ADMINISTRATOR: _l("Administrator"),
}
STATES = {
    MessageState.WAITING: _l("waiting"),
    MessageState.SENT: _l("sent"),
    MessageState.DROPPED: _l("not sent"),
    MessageState.FAILED: _l("given up"),
}
PILLS = {
    MessageState.WAITING: "info",
    MessageState.SENT: "good",
    MessageState.DROPPED: "plain",
    MessageState.FAILED: "bad",
}
REASONS = {
    CORRECTED: _l("corrected before it was sent"),
    NOT_TOLD: _l("the recipient is not told of this person any more"),
    OPTED_OUT: _l("the recipient wants no such messages"),
    SWITCHED_OFF: _l("the site does not tell this"),
    GONE: _l("the session or person is not there any more"),
    NO_CHANNEL: _l("The channel was removed. Choose another one for this recipient."),
}


def reason(text: str) -> str:
    """Return why, in the language of the page; what a provider itself said stays as it is."""
    return str(REASONS[text]) if text in REASONS else spoken(text)
