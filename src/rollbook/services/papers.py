"""Papers: filled from the settings, published as versions that never change."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from rollbook.domain.documents import (
    CONSENT_FORMS,
    LANGUAGES,
    ConsentText,
    Document,
    PaperKind,
    document_id_of,
    gaps_of,
    title_of,
)
from rollbook.domain.papers import LINE_LIMIT, PARTICULARS, TEXT_LIMIT, Particulars, SiteFacts
from rollbook.domain.ports import Clock, OpenUnitOfWork, UnitOfWork
from rollbook.domain.register import EntryKind, NewEntry
from rollbook.errors import InvalidInput, NotFound

PAPERS = "particulars"
LONGEST = 60_000  # characters of one paper

Fill = Callable[[PaperKind, str, SiteFacts], str]
"""Return the text of a paper in a language, with a marked gap for each thing not known."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A paper as the settings fill it now."""

    kind: PaperKind
    language: str
    title: str
    text: str

    @property
    def gaps(self) -> list[str]:
        return gaps_of(self.text)


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a paper is in one language."""

    draft: Draft
    published: Document | None
    is_outdated: bool  # the settings fill in something else than when it was published


class Papers:
    """The papers of a site."""

    def __init__(
        self,
        open_uow: OpenUnitOfWork,
        clock: Clock,
        facts: Callable[[], SiteFacts],
        fill: Fill,
    ) -> None:
        self._open_uow = open_uow
        self._clock = clock
        self._facts = facts
        self._fill = fill

    def draft(self, kind: PaperKind, language: str, facts: SiteFacts | None = None) -> Draft:
        """Return a paper filled from the settings, or from facts that were read before."""
        text = self._fill(kind, language, facts or self._facts())
        return Draft(kind, language, title_of(text), text)

    def drafts(self, facts: SiteFacts | None = None) -> list[Draft]:
        """Return every paper in every language."""
        facts = facts or self._facts()
        return [self.draft(kind, one, facts) for kind in PaperKind for one in LANGUAGES]

    def publish(self, kind: PaperKind, language: str, text: str, by: str) -> Document:
        """Keep this text as the newest version; the register keeps its SHA-256.

        Raises:
            InvalidInput: it has gaps or no heading, is too long, or is published already.
        """
        kept = clean_text(text)
        facts = self._facts()
        document = Document(
            document_id=document_id_of(kind, language, facts.today),
            kind=kind,
            language=language,
            title=title_of(kept),
            text=kept,
            at=self._clock.now(),
            by=by,
            basis=self.basis(kind, language, facts),
        )
        with self._open_uow() as uow:
            uow.register.hold()
            newest = _newest(uow, kind, language)
            if newest is not None and newest.text == kept:
                raise InvalidInput("This very text is published already.")
            uow.documents.add(document)
            uow.register.append(_published(document))
            uow.commit()
        return document

    def basis(self, kind: PaperKind, language: str, facts: SiteFacts | None = None) -> str:
        """Return a digest of what the settings fill in, whatever day it is."""
        always = replace(facts or self._facts(), today=date.min, version="")
        return hashlib.sha256(self._fill(kind, language, always).encode()).hexdigest()

    def standing(self) -> list[Standing]:
        """Return each paper in each language: its draft, and what is published of it."""
        facts = self._facts()
        newest: dict[tuple[PaperKind, str], Document] = {}
        for one in self.versions():
            newest.setdefault((one.kind, one.language), one)
        return [
            Standing(
                draft, found, found is not None and found.basis != self._basis_of(draft, facts)
            )
            for draft in self.drafts(facts)
            for found in [newest.get((draft.kind, draft.language))]
        ]

    def _basis_of(self, draft: Draft, facts: SiteFacts) -> str:
        return self.basis(draft.kind, draft.language, facts)

    def published(self, document_id: str) -> Document:
        """Return one version.

        Raises:
            NotFound: nothing was published under this id.
        """
        with self._open_uow() as uow:
            return uow.documents.get(document_id)

    def versions(self, kinds: Sequence[PaperKind] | None = None) -> list[Document]:
        """Return published versions, newest first."""
        with self._open_uow() as uow:
            return uow.documents.all(kinds)

    def newest(self, kind: PaperKind, language: str = "") -> Document | None:
        """Return the newest version in this language, else in another one, else None."""
        with self._open_uow() as uow:
            return _newest(uow, kind, language) or _newest(uow, kind, "")

    def consent_texts(self) -> list[ConsentText]:
        """Return the newest published consent form of each audience and language."""
        found: dict[tuple[PaperKind, str], Document] = {}
        for one in self.versions(CONSENT_FORMS):
            found.setdefault((one.kind, one.language), one)
        return [_consent_text(one) for _, one in sorted(found.items())]

    def consent_text(self, text_id: str) -> ConsentText | None:
        """Return the consent form with this id, also an older version; None when it is none."""
        try:
            found = self.published(text_id)
        except NotFound:
            return None
        return _consent_text(found) if found.kind in CONSENT_FORMS else None

    def particulars(self) -> Particulars:
        with self._open_uow() as uow:
            return particulars_of(uow)

    def set_particulars(self, by: str, typed: Mapping[str, str]) -> bool:
        """Keep what only people can tell; return whether something is different now.

        Raises:
            InvalidInput: a text is too long.
        """
        wanted = Particulars(**{name: _cleaned(typed.get(name, "")) for name in PARTICULARS})
        with self._open_uow() as uow:
            uow.register.hold()
            old = particulars_of(uow)
            changed = [name for name in PARTICULARS if getattr(old, name) != getattr(wanted, name)]
            if not changed:
                return False
            uow.site.set(PAPERS, {name: getattr(wanted, name) for name in PARTICULARS})
            at = self._clock.now().isoformat()
            body = {"event": "setting changed", "at": at, "by": by, "setting": PAPERS}
            uow.register.append(NewEntry(EntryKind.SETTING, {**body, "fields": changed}))
            uow.commit()
        return True


def particulars_of(uow: UnitOfWork) -> Particulars:
    """Return what people have told of the site."""
    kept = uow.site.get(PAPERS)
    values = dict(kept) if isinstance(kept, Mapping) else {}
    return replace(Particulars(), **{k: str(v) for k, v in values.items() if k in PARTICULARS})


def clean_text(text: str) -> str:
    """Return a paper's text as it is kept: no blanks at line ends, one newline at the end.

    Raises:
        InvalidInput: it has gaps or no heading, or is too long.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    kept = "\n".join(line.rstrip() for line in lines).strip("\n") + "\n"
    if len(kept) > LONGEST:
        raise InvalidInput("A paper may have %(limit)s characters.", limit=LONGEST)
    if not title_of(kept):
        raise InvalidInput("A paper begins with a heading: a line that starts with “# ”.")
    gaps = gaps_of(kept)
    if gaps:
        raise InvalidInput("Something is still to be filled in: %(gaps)s", gaps="; ".join(gaps))
    return kept


def digest_of(document: Document) -> str:
    """Return the SHA-256 of a version's text, as the register keeps it."""
    return hashlib.sha256(document.text.encode()).hexdigest()


def _newest(uow: UnitOfWork, kind: PaperKind, language: str) -> Document | None:
    found = (one for one in uow.documents.all([kind]) if language in ("", one.language))
    return next(found, None)


def _published(document: Document) -> NewEntry:
    body = {
        "event": "paper published",
        "at": document.at.isoformat(),
        "by": document.by,
        "document_id": document.document_id,
        "paper": document.kind.value,
        "language": document.language,
        "sha256": digest_of(document),
    }
    return NewEntry(EntryKind.TRUST, body)


def _consent_text(document: Document) -> ConsentText:
    return ConsentText(document.document_id, document.language, document.kind.value, document.title)


def _cleaned(text: str) -> str:
    lines = (" ".join(line.split()) for line in text.replace("\r", "").split("\n"))
    kept = "\n".join(line for line in lines if line)
    if len(kept) > TEXT_LIMIT or any(len(line) > LINE_LIMIT for line in kept.split("\n")):
        raise InvalidInput(
            "Write at most %(limit)s characters a line, and %(all)s in all.",
            limit=LINE_LIMIT,
            all=TEXT_LIMIT,
        )
    return kept
