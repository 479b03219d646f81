"""The texts of messages, with a preview."""

from __future__ import annotations

from flask import abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from rollbook.domain.access import Permission
from rollbook.domain.message_texts import (
    BODY_LIMIT,
    LANGUAGES,
    PLACEHOLDERS,
    Template,
    checked,
    default_text,
    fill,
)
from rollbook.domain.messages import EventKind
from rollbook.errors import InvalidInput
from rollbook.languages.writing import Words
from rollbook.services.message_words import examples
from rollbook.web.access import actor, permit
from rollbook.web.errors import sentence
from rollbook.web.messages import words
from rollbook.web.messages.area import blueprint
from rollbook.web.parts import parts


@blueprint.get("/texts")
@permit(Permission.SITE_EDIT)
def texts() -> str:
    """All texts, as they would leave."""
    shown = [
        (kind, language, preview(kind, parts().message_settings.text(kind, language), language))
        for kind in EventKind
        for language in LANGUAGES
    ]
    return render_template("messages/texts.html", shown=shown, words=words)


@blueprint.get("/texts/<kind>/<language>")
@permit(Permission.SITE_EDIT)
def text(kind: str, language: str) -> str:
    """One text, to be changed."""
    found = _kind(kind, language)
    return _page(found, language, parts().message_settings.text(found, language), "")


@blueprint.post("/texts/<kind>/<language>")
@permit(Permission.SITE_EDIT)
def set_text(kind: str, language: str) -> Response | str | tuple[str, int]:
    """Keep a text of the site's own, or show what it would look like."""
    found = _kind(kind, language)
    template = Template(
        request.form.get("subject", "")[:1000], request.form.get("body", "")[: BODY_LIMIT + 1]
    )
    if "default" in request.form:
        template = default_text(found, language)
    try:
        if "look" in request.form:
            return _page(found, language, checked(found, template), "")
        parts().message_settings.set_text(found, language, template, actor().by)
    except InvalidInput as error:
        return _page(found, language, template, sentence(error)), 422
    flash(_("Saved."), "good")
    return redirect(url_for("messages.text", kind=kind, language=language), 303)


def preview(kind: EventKind, template: Template, language: str) -> Template:
    """Return a text with invented values."""
    values = examples(kind, Words(language, parts().zone.key))
    return Template(fill(template.subject, values), fill(template.body, values))


def _kind(name: str, language: str) -> EventKind:
    if language not in LANGUAGES or name.upper() not in EventKind.__members__:
        abort(404)
    return EventKind[name.upper()]


def _page(kind: EventKind, language: str, template: Template, error: str) -> str:
    return render_template(
        "messages/text.html",
        kind=kind,
        spoken=language,
        words=words,
        template=template,
        preview=preview(kind, template, language),
        placeholders=PLACEHOLDERS[kind],
        examples=examples(kind, Words(language, parts().zone.key)),
        errors={"body": error} if error else {},
    )
