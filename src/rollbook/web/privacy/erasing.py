"""Erasing a person for ever: found by name, confirmed with the name typed, told by a receipt."""

from __future__ import annotations

from flask import current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from rollbook.domain.access import Permission
from rollbook.domain.receipts import ReceiptKind
from rollbook.errors import InvalidInput
from rollbook.services.folding import folded
from rollbook.services.people_search import Query, search
from rollbook.web.access import actor, permit, require_subject
from rollbook.web.accounts.security import fresh
from rollbook.web.errors import sentence
from rollbook.web.parts import parts
from rollbook.web.people.forms import Form
from rollbook.web.people.view import everybody
from rollbook.web.privacy.area import blueprint

SHOWN = 20  # people, and receipts


@blueprint.get("/erase")
@permit(Permission.PRIVACY)
def erase() -> str:
    """Find somebody; what waits to be finished, and the newest receipts."""
    wanted = request.args.get("q", "").strip()
    found = search(everybody(), Query(text=wanted), None).people[:SHOWN] if wanted else ()
    with parts().uow() as uow:
        receipts = uow.receipts.all([ReceiptKind.ERASURE], SHOWN)
    return render_template(
        "privacy/erase.html",
        wanted=wanted,
        found=found,
        receipts=receipts,
        pending=parts().erasing.pending(),
    )


@blueprint.get("/erase/<subject_id>")
@permit(Permission.PRIVACY)
@fresh
def erase_person(subject_id: str) -> str:
    """What goes and what stays, and a field for the name."""
    return _confirm(subject_id, Form({}))


@blueprint.post("/erase/<subject_id>")
@permit(Permission.PRIVACY)
@fresh
def erase_now(subject_id: str) -> Response | tuple[str, int]:
    """Erase the person when their name was typed."""
    person, form = require_subject(subject_id), Form.sent()
    if folded(form.text("name")) != folded(person.name):
        form.errors["name"] = _("This is not the person's name. Nobody was erased.")
        return _confirm(subject_id, form), 400
    try:
        (receipt,) = parts().erasing.erase([subject_id], actor().by)
    except InvalidInput as error:
        form.errors["name"] = sentence(error)
        return _confirm(subject_id, form), 400
    _tell(str(receipt.body["state"]))
    return redirect(receipt_url(receipt.receipt_id), 303)


def receipt_url(receipt_id: str) -> str:
    """Return where the receipt is shown."""
    if "privacy.receipt" not in current_app.view_functions:
        return url_for("privacy.erase")
    return url_for("privacy.receipt", receipt_id=receipt_id)


def _confirm(subject_id: str, form: Form) -> str:
    person = require_subject(subject_id)
    return render_template("privacy/erase_person.html", person=person, form=form)


def _tell(state: str) -> None:
    if state == "complete":
        flash(_("The person was erased. This is the receipt."), "good")
    elif state == "pending":
        flash(
            _(
                "The person was erased. Another program still reads the log of changes; it is "
                "emptied as soon as that ends, and a second receipt says so."
            ),
            "warn",
        )
    else:
        flash(_("The person was erased, but remains were found: look below where."), "bad")
