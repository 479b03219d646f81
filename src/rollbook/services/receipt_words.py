"""What the receipt of an erasure says, in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def erasure_words(body: Mapping[str, Any]) -> list[str]:
    """Return the sentences of an erasure's receipt, for a person without knowledge of databases.

    >>> body = {"erased_at": "2026-03-02T08:00:00+00:00", "by": "command line", "destroyed": {}}
    >>> erasure_words(body)[0]
    'Erased at 2026-03-02T08:00:00+00:00, asked for by: command line.'
    """
    return list(_sentences(body))


def _sentences(body: Mapping[str, Any]) -> Iterator[str]:
    yield f"Erased at {body['erased_at']}, asked for by: {body['by']}."
    yield f"Destroyed: {counts(body['destroyed'])}; the person's key is among them."
    yield (
        "Stays: the marks in the register and the days in groups, under a random number that "
        f"nothing turns into a name any more ({counts(body.get('stays', {}))}). The chain of the "
        "register and the totals of groups need them."
    )
    yield from _proof(body)
    yield from _copies(body)


def counts(rows: Mapping[str, int]) -> str:
    """Return tables with their numbers of rows.

    >>> counts({"samples": 3, "subjects": 1})
    'samples 3, subjects 1'
    """
    return ", ".join(f"{name.replace('_', ' ')} {count}" for name, count in rows.items()) or "none"


def _proof(body: Mapping[str, Any]) -> Iterator[str]:
    left = body.get("rows_left", {})
    yield f"Asked of every table: {counts(left) if left else 'no row names the person'}."
    files, words = body.get("files_searched", 0), ", ".join(body.get("searched_for", ()))
    yield f"Searched: {files} files, {body.get('bytes_searched', 0)} bytes, for {words}."
    for name, what in body.get("found", {}).items():
        yield f"FOUND in {name}: {', '.join(what)}."
    if body.get("too_short_to_search"):
        short = ", ".join(body["too_short_to_search"])
        yield f"Too short to be told from chance, so not searched for: {short}."
    if body.get("interrupted"):
        yield (
            "The erasure was interrupted and finished later, so the name was not searched for: it "
            "was not kept for that."
        )
    yield f"The log of changes beside the database: {body.get('log_of_changes', '')}."
    if body.get("log_of_changes") == "kept by the server":
        yield (
            "A database server keeps the rows: what it has deleted goes with its next VACUUM, and "
            "its archives of the log and its own dumps are not searched from here."
        )


def _copies(body: Mapping[str, Any]) -> Iterator[str]:
    until = body.get("last_key_copy_until")
    if not body.get("key_copies"):
        yield "No copy of the person's key made by Rollbook is known."
    elif until:
        yield f"The last copy of the person's key is gone by {until}."
    else:
        yield "A copy of the person's key stays in a backup until the next rollbook backup."
    named = body.get("exports_with_words", 0)
    yield (
        f"Not reached: {body.get('exports_in_home', 0)} exported files in the home ({named} of "
        "them name the person readably), papers that were printed, messages that were sent, and "
        "copies that were made by other means than Rollbook."
    )
    if body.get("uploads_waiting"):
        yield f"Uploads that wait sealed and go within days: {body['uploads_waiting']}."
