"""What everybody may read, signed in or not: the newest notice, and each version of a text."""

from __future__ import annotations

from typing import Any

from flask import abort, render_template
from flask.blueprints import BlueprintSetupState
from flask_babel import get_locale
from flask_babel import gettext as _

from rollbook.domain.documents import Document, PaperKind
from rollbook.web.access import public
from rollbook.web.parts import parts
from rollbook.web.privacy import words
from rollbook.web.privacy.area import blueprint
from rollbook.web.privacy.showing import (
    attachment,
    may_read,
    paper_url,
    pdf_of,
    pieces_of,
    published_links,
)


@blueprint.record_once
def _init(state: BlueprintSetupState) -> None:
    """Let other pages link to what is published."""
    state.app.jinja_env.globals.update(
        published_links=published_links, paper_words=words.PAPERS, paper_url=paper_url
    )


@blueprint.get("/notice")
@public
def notice() -> str | tuple[str, int]:
    return _newest(PaperKind.NOTICE)


@blueprint.get("/retention")
@public
def retention() -> str | tuple[str, int]:
    return _newest(PaperKind.RETENTION)


@blueprint.get("/rights")
@public
def rights() -> str | tuple[str, int]:
    return _newest(PaperKind.RIGHTS)


def _newest(kind: PaperKind) -> str | tuple[str, int]:
    found = parts().papers.newest(kind, str(get_locale() or "en"))
    if found is None:
        text = _("This site has not published it yet. Ask whoever answers for it.")
        return render_template("privacy/unpublished.html", name=words.PAPERS[kind], text=text), 404
    return _page(found)


@blueprint.get("/texts/<document_id>")
@public
def version(document_id: str) -> str:
    """One published version, as it was agreed to."""
    return _page(_document(document_id))


@blueprint.get("/texts/<document_id>.<ending>")
@public
def version_as_file(document_id: str, ending: str) -> Any:
    """The same as PDF or plain text."""
    found = _document(document_id)
    if ending not in {"pdf", "txt"}:
        abort(404)
    data = pdf_of(found.text, found.document_id) if ending == "pdf" else found.text
    return attachment(data, ending, found.document_id)


def _document(document_id: str) -> Document:
    found = parts().papers.published(document_id)
    if not may_read(found):
        abort(404)
    return found


def _page(found: Document) -> str:
    others = parts().papers.versions([found.kind])
    newest = {one.language: one for one in reversed(others)}
    return render_template(
        "privacy/version.html",
        document=found,
        pieces=pieces_of(found.text),
        is_newest=newest[found.language].document_id == found.document_id,
        newest=newest,
        name=words.PAPERS[found.kind],
    )
