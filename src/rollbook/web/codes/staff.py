"""Cards and PINs that staff hand out: for a group, and for one person."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Response, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

from rollbook.domain.access import Permission
from rollbook.domain.kiosks import CredentialKind
from rollbook.domain.subjects import Subject
from rollbook.reports.cards import CardWords, PrintedCard, cards_pdf
from rollbook.services.folding import folded
from rollbook.web.access import actor, permit, require_group, require_subject
from rollbook.web.codes.area import blueprint
from rollbook.web.parts import parts


@blueprint.get("/codes/groups/<group_id>")
@permit(Permission.PEOPLE_EDIT)
def group(group_id: str) -> str:
    """Show who of a group has a card or a PIN."""
    found = require_group(group_id)
    people = _members(group_id)
    with parts().uow() as uow:
        held = uow.credentials.holders(person.subject_id for person in people)
    return render_template(
        "codes/group.html", group=found, people=people, held=held, kinds=CredentialKind
    )


@blueprint.post("/codes/groups/<group_id>/cards")
@permit(Permission.PEOPLE_EDIT)
def group_cards(group_id: str) -> Response:
    """Print the cards of a group, or of those who have none yet."""
    require_group(group_id)
    wanted = [person.subject_id for person in _members(group_id)]
    if request.form.get("which") == "missing":
        with parts().uow() as uow:
            held = uow.credentials.holders(wanted)
        wanted = [one for one in wanted if CredentialKind.CARD not in held.get(one, ())]
    return _pdf(wanted)


@blueprint.get("/codes/people/<subject_id>")
@permit(Permission.PEOPLE_EDIT)
def person(subject_id: str) -> str:
    """Show what somebody has, and what can be done."""
    return _person_page(require_subject(subject_id))


@blueprint.post("/codes/people/<subject_id>/card")
@permit(Permission.PEOPLE_EDIT)
def card(subject_id: str) -> Response:
    """Print one person's card."""
    return _pdf([require_subject(subject_id).subject_id])


@blueprint.post("/codes/people/<subject_id>/revoke")
@permit(Permission.PEOPLE_EDIT)
def revoke(subject_id: str) -> AnyResponse:
    """End a card, a phone's code or a PIN at once."""
    found = require_subject(subject_id)
    kind = next((one for one in CredentialKind if one.value == request.form.get("kind")), None)
    if kind is None:
        abort(400)
    if kind is CredentialKind.PIN:
        parts().pins.remove(found.subject_id, actor().by)
    else:
        parts().own_codes.revoke(found.subject_id, kind, actor().by)
    flash(_("It opens nothing any more. A new one is another one."), "good")
    return redirect(url_for("codes.person", subject_id=subject_id), 303)


@blueprint.post("/codes/people/<subject_id>/pin")
@permit(Permission.PEOPLE_EDIT)
def reset_pin(subject_id: str) -> str:
    """Make somebody a new PIN and show it, once."""
    found = require_subject(subject_id)
    return _person_page(found, pin=parts().pins.reset(found.subject_id, actor().by))


def _person_page(found: Subject, pin: str = "") -> str:
    with parts().uow() as uow:
        held = uow.credentials.of(found.subject_id)
    return render_template(
        "codes/person.html", person=found, held=held, kinds=CredentialKind, pin=pin
    )


def _members(group_id: str) -> list[Subject]:
    """Return who belongs to the group today, by name."""
    with parts().uow() as uow:
        people = uow.subjects.some(uow.groups.roster(group_id, parts().today())).values()
    return sorted(people, key=lambda one: (folded(one.name), one.subject_id))


def _pdf(subject_ids: Sequence[str]) -> Response:
    with parts().uow() as uow:
        site = str(uow.site.get("site_name") or "Rollbook")
    words = CardWords(
        site, _("Show it to the camera at the door. If it is lost, say so: it is then revoked.")
    )
    printed = [
        PrintedCard(c.name, c.text) for c in parts().own_codes.cards(subject_ids, actor().by)
    ]
    file = cards_pdf(printed, words, parts().clock.now())
    return Response(
        file,
        mimetype="application/pdf",
        headers={"Content-Disposition": 'attachment; filename="cards.pdf"'},
    )
