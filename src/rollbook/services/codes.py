"""One-time codes that people read out and type."""

from __future__ import annotations

import secrets

LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # none that look alike
GROUPS, EACH = 3, 4  # 60 bits


def new_code() -> str:
    """Return a random code as it is shown: three groups of four letters or digits."""
    groups = ("".join(secrets.choice(LETTERS) for _ in range(EACH)) for _ in range(GROUPS))
    return "-".join(groups)


def plain_code(text: str) -> str:
    """Return a typed code as it is compared: without spaces and hyphens, in capitals.

    >>> plain_code(" abcd-efgh 2345 ")
    'ABCDEFGH2345'
    """
    return "".join(text.split()).replace("-", "").upper()
