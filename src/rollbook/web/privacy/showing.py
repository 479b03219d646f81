"""Papers as parts of a page: pieces side by side that belong together, and gaps marked."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import Any

from flask import make_response, url_for
from markupsafe import Markup, escape

from rollbook.domain.access import Permission
from rollbook.domain.documents import FOR_EVERYBODY, GAP, PUBLIC_PAPERS, Document, PaperKind
from rollbook.reports.papers import Block, PaperFoot, blocks_of, paper_file
from rollbook.web.access import visitor
from rollbook.web.parts import parts

TOGETHER = {"item", "box"}


@dataclass(frozen=True, slots=True)
class Piece:
    """A heading, paragraph or line, or a list of items or boxes."""

    kind: str
    texts: list[Markup]


def pieces_of(text: str, name: str = "") -> list[Piece]:
    """Return what a paper is made of, escaped."""
    found: list[Piece] = []
    for kind, blocks in groupby(blocks_of(text, name), key=lambda block: block.kind):
        texts = [_marked(block) for block in blocks]
        found += [Piece(kind, texts)] if kind in TOGETHER else [Piece(kind, [t]) for t in texts]
    return found


def _marked(block: Block) -> Markup:
    """Return the text with its gaps in `<mark>` and its lines apart."""
    made, start = Markup(), 0
    for found in GAP.finditer(block.text):
        made += escape(block.text[start : found.start()])
        made += Markup("<mark>{}</mark>").format(found.group(0))
        start = found.end()
    made += escape(block.text[start:])
    return Markup("<br>").join(made.split("\n"))


def pdf_of(text: str, version: str, name: str = "") -> bytes:
    """Return the PDF of a paper; `version` stands below each page."""
    site = parts().site.choices().site_name or "Rollbook"
    return paper_file(text, PaperFoot(site, version), parts().clock.now(), name)


def attachment(data: bytes | str, kind: str, name: str) -> Any:
    """Return an answer that a browser saves."""
    answer = make_response(data)
    answer.mimetype = {"pdf": "application/pdf", "txt": "text/plain", "json": "application/json"}[
        kind
    ]
    answer.headers.set("Content-Disposition", "attachment", filename=f"{name}.{kind}")
    return answer


def published_links() -> list[tuple[str, PaperKind]]:
    """Return (endpoint, paper) of what everybody may read, for the foot of open pages."""
    there = {one.kind for one in parts().papers.versions(PUBLIC_PAPERS)}
    return [(f"privacy.{kind.value}", kind) for kind in PUBLIC_PAPERS if kind in there]


def paper_url(text_id: str) -> str:
    """Return where the text that a consent cites can be read; nothing for texts kept elsewhere."""
    known = parts().papers.consent_text(text_id)
    return "" if known is None else url_for("privacy.version", document_id=text_id)


def may_read(document: Document) -> bool:
    """Return whether the visitor may read a version: some papers are for the administrators."""
    who = visitor()
    return document.kind in FOR_EVERYBODY or (who is not None and who.may(Permission.PRIVACY))
