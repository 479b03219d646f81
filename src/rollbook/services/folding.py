"""Text as it is searched: capitals, accents and ligatures make no difference, in any script."""

from __future__ import annotations

import unicodedata

# letters with a stroke and the like, which Unicode does not take apart
_PLAIN = str.maketrans(
    {
        "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i",
        "ħ": "h", "ŋ": "n", "ŧ": "t", "ѐ": "е", "ё": "е", "أ": "ا", "إ": "ا", "آ": "ا",
        "ى": "ي", "ة": "ه", "ـ": "", "\u2019": "'", "\u2018": "'", "\u2010": "-", "\u2011": "-",
    }
)  # fmt: skip
_DROPPED = {"Mn", "Cf", "Cc"}  # accents, joiners and marks of direction


def folded(text: str) -> str:
    """Return what of a text counts when people look for it.

    >>> folded("  Émile  ŁUKASZ Strauß ")
    'emile lukasz strauss'
    """
    if text.isascii():
        return " ".join(text.lower().split())
    pressed = unicodedata.normalize("NFKD", text.casefold()).casefold()
    kept = "".join(
        character for character in pressed if unicodedata.category(character) not in _DROPPED
    )
    return " ".join(kept.translate(_PLAIN).split())
