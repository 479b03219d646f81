"""Passwords and codes, kept as Argon2id hashes."""

from __future__ import annotations

import threading
from functools import cached_property

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from rollbook.domain.passwords import LONGEST, same_text

AT_ONCE = 2  # each comparison takes 64 MiB, and anybody may ask for one


class ArgonHasher:
    """Argon2id at the cost that its library advises; a cheaper one is for tests alone."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._places = threading.BoundedSemaphore(AT_ONCE)

    @cached_property
    def _nobody(self) -> str:
        """What is compared where there is nothing, so that it takes as long."""
        return self._hasher.hash("nobody has this password")

    def hash(self, secret: str) -> str:
        with self._places:
            return self._hasher.hash(same_text(secret))

    def matches(self, kept: str | None, typed: str) -> bool:
        with self._places:
            try:
                same = self._hasher.verify(kept or self._nobody, same_text(typed[: LONGEST * 4]))
            except (VerificationError, InvalidHashError):
                return False
        return same and kept is not None

    def is_outdated(self, kept: str) -> bool:
        return self._hasher.check_needs_rehash(kept)
