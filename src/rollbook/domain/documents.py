"""Papers of a site: what they are, and the versions that were published."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol

LANGUAGES = ("en", "de")  # in which the papers come
GAP = re.compile(r"\[(?:to be filled in|zu ergänzen): ([^\]]+)\]")


class PaperKind(StrEnum):
    """One paper of a site. The value is the beginning of its id."""

    NOTICE = "notice"
    ADULT = "adult"  # consent forms
    GUARDIAN = "guardian"
    CHILD = "child"
    RETENTION = "retention"
    RIGHTS = "rights"
    DPIA = "dpia"
    RECORD = "record"
    INCIDENT = "incident"


CONSENT_FORMS = (PaperKind.ADULT, PaperKind.GUARDIAN, PaperKind.CHILD)
PUBLIC_PAPERS = (PaperKind.NOTICE, PaperKind.RETENTION, PaperKind.RIGHTS)
FOR_EVERYBODY = frozenset({*PUBLIC_PAPERS, *CONSENT_FORMS})  # who is asked to agree may read it


@dataclass(frozen=True, slots=True)
class Document:
    """One published version. Its text never changes."""

    document_id: str  # what consents cite: "guardian-en-2026-11-25-3f2a91"
    kind: PaperKind
    language: str
    title: str
    text: str
    at: datetime  # UTC
    by: str  # role and random id
    basis: str = ""  # digest of what the settings filled in then: to see when they have changed


@dataclass(frozen=True, slots=True)
class ConsentText:
    """A consent form that can be signed now."""

    text_id: str
    language: str
    audience: str  # adult, guardian, child
    title: str


class Documents(Protocol):
    """The published papers."""

    def add(self, document: Document) -> None:
        """Raises AlreadyExists: a version with this id is there, and stays as it is."""
        ...

    def get(self, document_id: str) -> Document:
        """Raises NotFound."""
        ...

    def all(self, kinds: Sequence[PaperKind] | None = None) -> list[Document]:
        """Return published versions, newest first."""
        ...


def document_id_of(kind: PaperKind, language: str, day: date) -> str:
    """Return a new id, at most 32 characters, that tells a person which paper it is."""
    return f"{kind.value}-{language}-{day.isoformat()}-{secrets.token_hex(3)}"


def gaps_of(text: str) -> list[str]:
    """Return what is still to be filled in, in the order of the text, each once.

    >>> gaps_of("Ask [to be filled in: who answers] or [to be filled in: who answers].")
    ['who answers']
    """
    return list(dict.fromkeys(GAP.findall(text)))


def title_of(text: str) -> str:
    """Return the heading of a paper: its first line that begins with `# `, or nothing.

    >>> title_of("# Privacy notice")
    'Privacy notice'
    """
    for line in text.splitlines():
        if line.startswith("# "):
            return line[2:].strip()
    return ""
