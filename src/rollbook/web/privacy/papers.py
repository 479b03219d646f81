"""The papers of the site: drafts filled from the settings, published as versions."""

from __future__ import annotations

from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from rollbook.domain.access import Permission
from rollbook.domain.documents import CONSENT_FORMS, LANGUAGES, PaperKind, gaps_of
from rollbook.domain.papers import PARTICULARS, TEXT_LIMIT
from rollbook.errors import InvalidInput
from rollbook.services.papers import Draft
from rollbook.web.access import actor, permit, require_subject
from rollbook.web.accounts.security import fresh
from rollbook.web.errors import sentence
from rollbook.web.parts import parts
from rollbook.web.privacy import words
from rollbook.web.privacy.area import blueprint
from rollbook.web.privacy.showing import attachment, pdf_of, pieces_of

FORMATS = frozenset({"pdf", "txt"})


@blueprint.get("")
@permit(Permission.PRIVACY)
def index() -> str:
    """Every paper, its state, and what is missing."""
    standing = parts().papers.standing()
    told = parts().papers.particulars()
    return render_template(
        "privacy/index.html",
        papers={kind: [one for one in standing if one.draft.kind is kind] for kind in PaperKind},
        missing=[name for name in PARTICULARS if not getattr(told, name)],
        versions=parts().papers.versions(),
        words=words,
        faces=parts().site.choices().faces_enabled,
    )


@blueprint.get("/particulars")
@permit(Permission.PRIVACY)
def particulars() -> str:
    """What only people can tell."""
    told = parts().papers.particulars()
    return _particulars({name: getattr(told, name) for name in PARTICULARS})


@blueprint.post("/particulars")
@permit(Permission.PRIVACY)
@fresh
def change_particulars() -> Response | tuple[str, int]:
    try:
        parts().papers.set_particulars(actor().by, request.form)
    except InvalidInput as error:
        return _particulars(request.form, {"controller": sentence(error)}), 400
    flash(_("Kept. The drafts are filled with it; publish them anew."), "good")
    return redirect(url_for("privacy.index"), 303)


def _particulars(values: Any, errors: dict[str, str] | None = None) -> str:
    return render_template(
        "privacy/particulars.html",
        values=values,
        errors=errors or {},
        fields=words.PARTICULARS,
        limit=TEXT_LIMIT,
    )


@blueprint.get("/papers/<kind>/<language>")
@permit(Permission.PRIVACY)
def paper(kind: str, language: str) -> str:
    """A draft as the settings fill it, or the published text to begin from."""
    draft = _draft(kind, language)
    newest = parts().papers.newest(draft.kind, language)
    again = request.args.get("from") == "published"
    begun = newest.text if again and newest and newest.language == language else draft.text
    return _paper(draft, begun)


@blueprint.post("/papers/<kind>/<language>")
@permit(Permission.PRIVACY)
@fresh
def publish(kind: str, language: str) -> Response | tuple[str, int]:
    """Keep the text as a version, or show how it would look."""
    draft, text = _draft(kind, language), request.form.get("text", "")
    if request.form.get("do") != "publish":
        return _paper(draft, text), 200
    try:
        made = parts().papers.publish(draft.kind, language, text, actor().by)
    except InvalidInput as error:
        return _paper(draft, text, {"text": sentence(error)}), 400
    flash(_("Published. Consents can cite it, and it never changes."), "good")
    return redirect(url_for("privacy.version", document_id=made.document_id), 303)


def _paper(draft: Draft, text: str, errors: dict[str, str] | None = None) -> str:
    return render_template(
        "privacy/paper.html",
        draft=draft,
        text=text,
        pieces=pieces_of(text),
        gaps=gaps_of(text),
        errors=errors or {},
        name=words.PAPERS[draft.kind],
        about=words.ABOUT[draft.kind],
        versions=[
            one for one in parts().papers.versions([draft.kind]) if one.language == draft.language
        ],
    )


@blueprint.get("/papers/<kind>/<language>.<ending>")
@permit(Permission.PRIVACY)
def paper_as_file(kind: str, language: str, ending: str) -> Any:
    """The draft as PDF or plain text."""
    draft = _draft(kind, language)
    if ending not in FORMATS:
        abort(404)
    name = f"{draft.kind.value}-{language}-draft"
    data = pdf_of(draft.text, _("draft")) if ending == "pdf" else draft.text
    return attachment(data, ending, name)


def _draft(kind: str, language: str) -> Draft:
    if kind not in set(PaperKind) or language not in LANGUAGES:
        abort(404)
    return parts().papers.draft(PaperKind(kind), language)


@blueprint.get("/forms/<subject_id>")
@permit(Permission.PEOPLE_EDIT)
def consent_form(subject_id: str) -> str:
    """Which form is printed for this person."""
    person = require_subject(subject_id)
    return render_template(
        "privacy/forms.html",
        person=person,
        texts=parts().papers.consent_texts(),
        words={kind.value: words.PAPERS[kind] for kind in CONSENT_FORMS},
    )


@blueprint.get("/forms/<subject_id>/<document_id>.pdf")
@permit(Permission.PEOPLE_EDIT)
def printed_form(subject_id: str, document_id: str) -> Any:
    """A published form with the person's name in it."""
    person = require_subject(subject_id)
    form = parts().papers.published(document_id)
    if form.kind not in CONSENT_FORMS:
        abort(404)
    return attachment(pdf_of(form.text, form.document_id, person.name), "pdf", form.document_id)
