"""Removing a person for ever: the name typed, and signed in a moment ago."""

from __future__ import annotations

from flask import flash, redirect, render_template, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from rollbook.domain.access import Permission
from rollbook.services.folding import folded
from rollbook.web.access import actor, permit, require_subject
from rollbook.web.accounts.security import fresh
from rollbook.web.parts import parts
from rollbook.web.people.area import blueprint
from rollbook.web.people.forms import Form


@blueprint.get("/<subject_id>/remove")
@permit(Permission.PEOPLE_BULK)
@fresh
def remove(subject_id: str) -> str:
    """What goes and what stays, and a field for the name."""
    return render_template("people/remove.html", person=require_subject(subject_id), form=Form({}))


@blueprint.post("/<subject_id>/remove")
@permit(Permission.PEOPLE_BULK)
@fresh
def remove_person(subject_id: str) -> Response | tuple[str, int]:
    """Destroy what is kept about the person, when their name was typed."""
    person, form = require_subject(subject_id), Form.sent()
    if folded(form.text("name")) != folded(person.name):
        form.errors["name"] = _("This is not the person's name. Nothing was removed.")
        return render_template("people/remove.html", person=person, form=form), 400
    parts().people.acting(actor().by).remove(subject_id)
    flash(
        _("The person was removed, and the key to all that was kept about them destroyed."), "good"
    )
    return redirect(url_for("people.index"), 303)
