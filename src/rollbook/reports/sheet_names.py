"""Names of sheets that every spreadsheet program accepts."""

from __future__ import annotations

from collections.abc import Iterable

LIMIT = 31  # UTF-16 units, as Excel counts
_FORBIDDEN = str.maketrans({character: "-" for character in "[]:*?/\\"})


def sheet_names(wanted: Iterable[str], taken: Iterable[str] = ()) -> list[str]:
    """Return a name for each wanted one: allowed characters, short enough, all different.

    >>> sheet_names(["8A", "8a", "7/B", "History"])
    ['8A', '8a (2)', '7-B', 'History (2)']
    """
    used = {"history", *(name.casefold() for name in taken)}  # Excel keeps History for itself
    names: list[str] = []
    for text in wanted:
        clean = "".join(c if c.isprintable() else " " for c in text.translate(_FORBIDDEN))
        clean = clean.strip(" '") or "group"
        name, number = _cut(clean, LIMIT), 1
        while name.casefold() in used:
            number += 1
            suffix = f" ({number})"
            name = _cut(clean, LIMIT - len(suffix)) + suffix
        used.add(name.casefold())
        names.append(name)
    return names


def _cut(text: str, limit: int) -> str:
    """Return the beginning of the text that has at most `limit` UTF-16 units."""
    kept, units = "", 0
    for character in text:
        units += 2 if ord(character) > 0xFFFF else 1
        if units > limit:
            break
        kept += character
    return kept.strip(" '") or "group"
