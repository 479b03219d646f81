"""Which passwords are taken: long enough, not common, not the own name. No other rules."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import Protocol

SHORTEST = 8  # characters
ADVISED = 15
LONGEST = 256  # what is hashed at most; far more than anybody types


class Weakness(StrEnum):
    """Why a password is not taken."""

    SHORT = "short"
    LONG = "long"
    COMMON = "common"
    OWN = "own"  # it is the sign-in name, or little more


class PasswordHasher(Protocol):
    """Keeps passwords and codes so that they cannot be read, only compared."""

    def hash(self, secret: str) -> str: ...

    def matches(self, kept: str | None, typed: str) -> bool:
        """Return whether they are the same; takes as long for None, and returns False."""
        ...

    def is_outdated(self, kept: str) -> bool:
        """Return whether it should be hashed anew, with today's cost."""
        ...


def same_text(typed: str) -> str:
    """Return the text as it is compared: keyboards write one letter in several ways.

    >>> same_text("e\N{COMBINING ACUTE ACCENT}") == "é"
    True
    """
    return unicodedata.normalize("NFKC", typed)


def weakness(
    password: str, is_common: Callable[[str], bool], own: Iterable[str] = ()
) -> Weakness | None:
    """Return why the password is not taken, or None.

    >>> weakness("secret", lambda text: False)
    <Weakness.SHORT: 'short'>
    >>> weakness("correct horse battery", lambda text: False) is None
    True
    """
    text = same_text(password)
    if len(text) < SHORTEST:
        return Weakness.SHORT
    if len(text) > LONGEST:
        return Weakness.LONG
    plain = text.casefold()
    if is_common(plain) or len(set(plain)) < 3:
        return Weakness.COMMON
    if any(_is_little_more(plain, same_text(name).casefold()) for name in own):
        return Weakness.OWN
    return None


def _is_little_more(plain: str, name: str) -> bool:
    return len(name) >= 4 and name in plain and len(plain) - len(name) < 4
