"""What is on its way, what was sent, and what was given up."""

from __future__ import annotations

from dataclasses import dataclass

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from rollbook.domain.access import Permission
from rollbook.domain.messages import MessageState, Queued
from rollbook.errors import NotFound
from rollbook.web.access import actor, permit
from rollbook.web.errors import sentence
from rollbook.web.messages import words
from rollbook.web.messages.area import blueprint
from rollbook.web.parts import parts


@dataclass(frozen=True, slots=True)
class Line:
    """One message as it is shown: without its address."""

    row: Queued
    kind: str
    to: str
    about: str
    reason: str


@blueprint.get("/outbox")
@permit(Permission.SITE_EDIT)
def outbox() -> str:
    """The newest messages, those that were given up first."""
    asked = request.args.get("state", "")
    known = [state for state in MessageState if state.value == asked]
    rows = parts().outbox.newest(known or list(MessageState))
    rows.sort(key=lambda row: row.state is not MessageState.FAILED)
    with parts().uow() as uow:
        counts = dict(uow.outbox.counts())
    return render_template(
        "messages/outbox.html", lines=_lines(rows), counts=counts, asked=asked, words=words
    )


@blueprint.post("/outbox/<message_id>/again")
@permit(Permission.SITE_EDIT)
def try_again(message_id: str) -> Response:
    """Let a message that was given up wait anew."""
    try:
        parts().outbox.try_again(message_id, actor().by)
    except NotFound as error:
        flash(sentence(error), "warn")
    else:
        flash(_("It is sent with the next ones, within a minute."), "good")
    return redirect(url_for("messages.outbox"), 303)


@blueprint.post("/outbox/again")
@permit(Permission.SITE_EDIT)
def try_all_again() -> Response:
    """Let everything wait anew that was given up."""
    count = parts().outbox.try_all_again(actor().by)
    told = ngettext("%(num)s message is sent again.", "%(num)s messages are sent again.", count)
    flash(told, "good")
    return redirect(url_for("messages.outbox"), 303)


def _lines(rows: list[Queued]) -> list[Line]:
    with parts().uow() as uow:
        people = uow.subjects.some({row.event.subject_id for row in rows if row.event.subject_id})
        found = {}
        for recipient_id in {row.event.recipient_id for row in rows}:
            found[recipient_id] = uow.recipients.get(recipient_id)
        users = {user.user_id: user.shown for user in uow.users.all()}
    lines = []
    for row in rows:
        one = found[row.event.recipient_id]
        person = people.get(row.event.subject_id or "")
        to = _("somebody who is no recipient any more")
        if one is not None:
            to = users.get(one.user_id or "") or one.label or str(words.AUDIENCES[one.audience])
        lines.append(
            Line(
                row,
                str(words.KINDS[row.event.kind]),
                to,
                "" if person is None else person.name,
                words.reason(row.reason),
            )
        )
    return lines
