"""Names found by their first letters, as somebody types them at a door."""

from __future__ import annotations

import unicodedata


def plain_letters(text: str) -> str:
    """Return letters as they are compared: without accents, spaces and capitals.

    >>> plain_letters(" É. Zo")
    'ezo'
    """
    parted = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in parted if c.isalnum())


def begins_with(name: str, typed: str) -> bool:
    """Return whether initials, the whole name or one of its words begin with these letters.

    >>> [begins_with("Ada King-O'Neil", typed) for typed in ("ak", "one", "adak", "eil")]
    [True, True, True, False]
    """
    words = [plain_letters(part) for part in name.replace("-", " ").split()]
    initials = "".join(word[:1] for word in words)
    ways = (initials, initials[::-1], "".join(words), *words)
    return any(way.startswith(typed) for way in ways)
