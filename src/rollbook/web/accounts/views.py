"""All pages of the area; importing them puts them on the blueprint."""

from __future__ import annotations

from rollbook.web.accounts import (
    account,
    bulk,
    confirming,
    login,
    passkeys,
    second,
    user_changes,
    users,
)
from rollbook.web.accounts.area import blueprint

__all__ = [
    "account",
    "blueprint",
    "bulk",
    "confirming",
    "login",
    "passkeys",
    "second",
    "user_changes",
    "users",
]
