"""Adding a person by a form, with consent in the same step, and changing their details."""

from __future__ import annotations

from flask import flash, redirect, render_template, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from rollbook.domain.access import Permission
from rollbook.errors import AlreadyExists, InvalidInput
from rollbook.web.access import actor, permit, require_subject
from rollbook.web.errors import sentence
from rollbook.web.parts import parts
from rollbook.web.people.area import blueprint
from rollbook.web.people.forms import Form
from rollbook.web.people.view import everybody, known_texts, own_groups


@blueprint.get("/add")
@permit(Permission.PEOPLE_EDIT)
def add() -> str:
    """An empty form for somebody new."""
    return _add_page(Form({}))


@blueprint.post("/add")
@permit(Permission.PEOPLE_EDIT)
def add_person() -> Response | str | tuple[str, int]:
    """Add somebody, with their group and consent where they are given."""
    form = Form.sent()
    name, external_id, contacts = form.name(), form.external_id(), form.contacts()
    group_ids = _groups(form)
    minor = form.checked("minor")
    terms = form.terms(minor=minor) if form.checked("agreed") else None
    if form.errors:
        return _add_page(form), 400
    try:
        person = (
            parts()
            .people.acting(actor().by)
            .add(
                name,
                external_id,
                contacts=contacts,
                group_ids=group_ids,
                terms=terms,
                minor=minor,
            )
        )
    except (AlreadyExists, InvalidInput) as error:
        form.errors["name"] = sentence(error)
        return _add_page(form), 409
    flash(_("%(name)s was added.", name=person.name), "good")
    by_camera = form.text("then") == "camera" and terms is not None
    page = "people.camera" if by_camera else "people.person"
    return redirect(url_for(page, subject_id=person.subject_id), 303)


@blueprint.get("/<subject_id>/edit")
@permit(Permission.PEOPLE_EDIT)
def edit(subject_id: str) -> str:
    """Somebody's details, to be changed."""
    person = require_subject(subject_id)
    values = {
        "name": person.name,
        "external_id": person.external_id or "",
        "contacts": "\n".join(person.contacts),
        "minor": "yes" if person.minor else "",
    }
    return render_template("people/edit.html", person=person, form=Form(values))


@blueprint.post("/<subject_id>/edit")
@permit(Permission.PEOPLE_EDIT)
def change(subject_id: str) -> Response | tuple[str, int]:
    """Write name, external id and contacts anew."""
    person, form = require_subject(subject_id), Form.sent()
    name, external_id, contacts = form.name(), form.external_id(), form.contacts()
    if not form.errors:
        try:
            people = parts().people.acting(actor().by)
            people.change(
                subject_id,
                name=name,
                external_id=external_id,
                contacts=contacts,
                minor=form.checked("minor"),
            )
        except (AlreadyExists, InvalidInput) as error:
            form.errors["name"] = sentence(error)
    if form.errors:
        return render_template("people/edit.html", person=person, form=form), 400
    flash(_("The details were saved."), "good")
    return redirect(url_for("people.person", subject_id=subject_id), 303)


def _groups(form: Form) -> list[str]:
    """Return the group that was chosen; who sees only some groups has to choose one of them."""
    chosen, who = form.text("group_id"), actor()
    if not chosen:
        if who.group_ids is not None:
            form.errors["group_id"] = _("Choose one of your groups.")
        return []
    if chosen not in everybody().groups or not who.sees_group(chosen):
        form.errors["group_id"] = _("Choose one of your groups.")
        return []
    return [chosen]


def _add_page(form: Form) -> str:
    snapshot = everybody()
    return render_template(
        "people/add.html",
        form=form,
        groups=own_groups(snapshot),
        texts=known_texts(snapshot),
        all_groups=actor().group_ids is None,
    )
