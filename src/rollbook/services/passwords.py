"""The password rules, with the list of those that everybody tries first."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Iterable
from functools import cache
from hashlib import sha256
from importlib.resources import files

from rollbook.domain.passwords import Weakness, weakness

DIGEST = 5  # bytes of SHA-256 that tell common passwords apart


def weakness_of(password: str, own: Iterable[str] = ()) -> Weakness | None:
    """Return why a password is not taken, or None; `own` are the person's names.

    >>> weakness_of("Password1")
    <Weakness.COMMON: 'common'>
    >>> weakness_of("violet kettle on thursday") is None
    True
    """
    return weakness(password, is_common, own)


def is_common(plain: str) -> bool:
    """Return whether a folded text is one of the most common passwords."""
    return sha256(plain.encode("utf-8", "surrogatepass")).digest()[:DIGEST] in _common()


@cache
def _common() -> frozenset[bytes]:
    kept = json.loads((files("rollbook.services") / "common_passwords.json").read_text("utf-8"))
    digests = b64decode(kept["digests"])
    return frozenset(digests[i : i + DIGEST] for i in range(0, len(digests), DIGEST))
