"""Who is told about a person: guardians, and the person."""

from __future__ import annotations

from flask import abort, flash, redirect, render_template, request, url_for
from flask_babel import get_locale
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from rollbook.domain.access import Permission
from rollbook.domain.messages import FOR, Audience
from rollbook.domain.subjects import Subject
from rollbook.errors import InvalidInput
from rollbook.web.access import actor, permit, require_subject
from rollbook.web.errors import sentence
from rollbook.web.messages import words
from rollbook.web.messages.area import blueprint
from rollbook.web.parts import parts

OWN = (Audience.GUARDIAN, Audience.PERSON)


@blueprint.get("/people/<subject_id>")
@permit(Permission.PEOPLE_EDIT)
def contacts(subject_id: str) -> str:
    """The contacts of a person, and a form for another one."""
    return _page(require_subject(subject_id), {})


@blueprint.post("/people/<subject_id>")
@permit(Permission.PEOPLE_EDIT)
def add_contact(subject_id: str) -> Response | tuple[str, int]:
    """Note somebody who said that they want to be told."""
    person, form = require_subject(subject_id), request.form
    if form.get("agreed") != "yes":
        return _page(person, {"agreed": _("Ask them first, and tick that they agreed.")}), 422
    known = {one.value: one for one in OWN}
    audience = known.get(form.get("audience", ""), Audience.GUARDIAN)
    try:
        parts().recipients.add_contact(
            subject_id,
            audience,
            form.get("channel", ""),
            form.get("contact", "")[:500],
            language=form.get("language", ""),
            label=form.get("label", ""),
            wants=[kind for kind in FOR[audience] if form.get(f"want-{kind.name.lower()}")],
            daily=form.get("daily") == "yes",
            by=actor().by,
        )
    except InvalidInput as error:
        return _page(person, {"contact": sentence(error)}), 422
    flash(_("Saved. A link in each message ends them."), "good")
    return _back(subject_id)


@blueprint.post("/people/<subject_id>/<recipient_id>/active")
@permit(Permission.PEOPLE_EDIT)
def set_contact_active(subject_id: str, recipient_id: str) -> Response:
    """Let messages come, or not."""
    _require(subject_id, recipient_id)
    active = request.form.get("active") == "yes"
    parts().recipients.set_active(recipient_id, active, actor().by)
    return _back(subject_id)


@blueprint.post("/people/<subject_id>/<recipient_id>/remove")
@permit(Permission.PEOPLE_EDIT)
def remove_contact(subject_id: str, recipient_id: str) -> Response:
    """Forget a contact."""
    _require(subject_id, recipient_id)
    parts().recipients.remove(recipient_id, actor().by)
    flash(_("The contact was removed."), "good")
    return _back(subject_id)


def _require(subject_id: str, recipient_id: str) -> None:
    require_subject(subject_id)
    known = {one.recipient_id for one in parts().recipients.of_subject(subject_id)}
    if recipient_id not in known:
        abort(404)


def _page(person: Subject, errors: dict[str, str]) -> str:
    return render_template(
        "messages/contacts.html",
        person=person,
        found=parts().recipients.of_subject(person.subject_id),
        channels=parts().message_settings.channels(),
        rules=parts().message_settings.rules(),
        kinds=[kind for kind in words.KINDS if kind in FOR[Audience.GUARDIAN]],
        words=words,
        spoken=request.form.get("language", str(get_locale() or "en")),
        form=request.form,
        errors=errors,
    )


def _back(subject_id: str) -> Response:
    return redirect(url_for("messages.contacts", subject_id=subject_id), 303)
