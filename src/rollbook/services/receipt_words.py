"""What the receipt of an erasure says, in sentences that pages translate."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

Say = Callable[[str], str]
"""Returns a sentence in the language of who reads it."""

TABLES = {
    "subjects": "name, external id and contacts",
    "subject_keys": "the person's own key",
    "consents": "records of consent",
    "samples": "samples of the face",
    "absences": "told absences",
    "requests": "requests to the office",
    "credentials": "PIN and codes",
    "users": "the account",
    "passkeys": "passkeys of the account",
    "web_sessions": "browsers' sessions",
    "group_staff": "groups in their charge",
    "api_tokens": "keys of programs",
    "reviews": "unsure faces",
    "tasks": "reports of long work",
    "replies": "remembered answers to forms",
    "memberships": "days in groups",
    "receipts": "signed receipts",
}
SENTENCES = {
    "when": "Erased at %(at)s, asked for by: %(by)s.",
    "destroyed": "Destroyed: %(what)s.",
    "stays": (
        "Stays: the marks in the register and the days in groups, under a random number that "
        "nothing turns into a name any more. The chain of the register and the totals of groups "
        "need them."
    ),
    "none left": "Every table was asked: no row names the person any more.",
    "rows left": "ROWS ARE LEFT: %(what)s.",
    "searched": "Searched: %(files)s files with %(bytes)s bytes, for: %(words)s.",
    "found": "FOUND in %(file)s: %(what)s.",
    "not found": "Nothing of the person was found in them.",
    "too short": "Too short to be told from chance, so not searched for: %(words)s.",
    "interrupted": (
        "The erasure was interrupted and finished later, so the name was not searched for: it was "
        "not kept for that."
    ),
    "emptied": "The log of changes beside the database was emptied.",
    "pending": (
        "The log of changes beside the database is still read by another program. It is emptied "
        "as soon as that ends; a second receipt says so."
    ),
    "kept by the server": (
        "A database server keeps the rows: what was deleted is overwritten by its next VACUUM. "
        "Its files, its archives of the log and its own dumps are not searched from here."
    ),
    "no copy": "No copy of the person's key made by Rollbook is known.",
    "copy until": (
        "The last copy of the person's key is gone by %(day)s, with the next backup to the place "
        "that could not be reached."
    ),
    "copy stays": (
        "A copy of the person's key stays in a place of backups until a backup is made there, or "
        "what lies there is deleted."
    ),
    "not reached": (
        "Not reached: %(exports)s exported files in the home (%(named)s of them name the person "
        "readably), printed papers, messages that were sent, and copies made by other means than "
        "Rollbook."
    ),
    "uploads": "Uploads that wait sealed in the home and go within days: %(count)s.",
}
WORDS = {  # what was searched for, by what the receipt says
    "name": "the name",
    "external id": "the external id",
    "contact": "each contact",
    "sign-in name": "the sign-in name",
    "e-mail": "the e-mail address",
    "sealed payloads": "each sealed payload",
    "templates": "each template of the face",
}


def erasure_words(body: Mapping[str, Any], say: Say = lambda text: text) -> list[str]:
    """Return the sentences of an erasure's receipt, for a person who knows no databases.

    >>> body = {"erased_at": "2026-03-02T08:00:00+00:00", "by": "command line"}
    >>> erasure_words(body)[0]
    'Erased at 2026-03-02T08:00:00+00:00, asked for by: command line.'
    """
    return [say(SENTENCES[what]) % values for what, values in _said(body, say)]


def _said(body: Mapping[str, Any], say: Say) -> Iterator[tuple[str, dict[str, object]]]:
    yield "when", {"at": body.get("erased_at", ""), "by": body.get("by", "")}
    yield "destroyed", {"what": counts(body.get("destroyed", {}), say)}
    yield "stays", {}
    yield from _proof(body, say)
    yield from _copies(body)


def counts(rows: Mapping[str, int], say: Say = lambda text: text) -> str:
    """Return tables in words, with their numbers of rows.

    >>> counts({"samples": 3, "subject_keys": 1})
    "samples of the face (3), the person's own key (1)"
    """
    return ", ".join(f"{say(TABLES.get(name, name))} ({count})" for name, count in rows.items())


def _proof(body: Mapping[str, Any], say: Say) -> Iterator[tuple[str, dict[str, object]]]:
    left = body.get("rows_left")
    yield ("rows left" if left else "none left"), {"what": counts(left or {}, say)}
    words = _searched(body.get("searched_for", ()), say)
    size = {"files": body.get("files_searched", 0), "bytes": body.get("bytes_searched", 0)}
    yield "searched", {**size, "words": words}
    found = body.get("found", {})
    for name, what in found.items():
        yield "found", {"file": name, "what": ", ".join(what)}
    if not found:
        yield "not found", {}
    short = _searched(body.get("too_short_to_search", ()), say)
    if short:
        yield "too short", {"words": short}
    if body.get("interrupted"):
        yield "interrupted", {}
    yield str(body.get("log_of_changes", "emptied")), {}


def _searched(words: Iterable[str], say: Say) -> str:
    return ", ".join(say(WORDS.get(word, word)) for word in words)


def _copies(body: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, object]]]:
    until = body.get("last_key_copy_until")
    if not body.get("key_copies"):
        yield "no copy", {}
    else:
        yield ("copy until" if until else "copy stays"), {"day": until}
    exports = {"exports": body.get("exports_in_home", 0), "named": body.get("exports_with_words")}
    yield "not reached", exports
    if body.get("uploads_waiting"):
        yield "uploads", {"count": body["uploads_waiting"]}
