"""What stands in a person's code: on a card for good, on a phone for half a minute."""

from __future__ import annotations

import base64
import hmac
import re
import secrets
from dataclasses import dataclass, field
from datetime import datetime

from rollbook.domain.kiosks import CredentialKind

STEP = 30  # seconds after which a phone shows the next code
MARK = "RB1"
_LETTERS = {CredentialKind.CARD: "C", CredentialKind.PHONE: "P"}
_KINDS = {letter: kind for kind, letter in _LETTERS.items()}
_SHAPE = re.compile(r"RB1:([CP]):([A-Z2-7]{16}):([A-Z2-7]{16,32})")


@dataclass(frozen=True, slots=True)
class ReadCode:
    """A code as a camera read it; nothing about it is proved yet."""

    kind: CredentialKind
    lookup: str = field(repr=False)
    proof: str = field(repr=False)


def new_lookup() -> str:
    """Return 80 random bits that name a code, in the letters that make small QR codes."""
    return _base32(secrets.token_bytes(10))


def new_secret() -> str:
    """Return 160 random bits."""
    return _base32(secrets.token_bytes(20))


def card_text(lookup: str, secret: str) -> str:
    """Return what stands on a card."""
    return f"{MARK}:{_LETTERS[CredentialKind.CARD]}:{lookup}:{secret}"


def phone_text(lookup: str, secret: str, at: datetime) -> str:
    """Return what a phone shows at this instant."""
    return f"{MARK}:{_LETTERS[CredentialKind.PHONE]}:{lookup}:{_proof(secret, step_of(at))}"


def step_of(at: datetime) -> int:
    return int(at.timestamp()) // STEP


def seconds_left(at: datetime) -> float:
    """Return how long a phone shows what it shows at this instant."""
    return STEP - at.timestamp() % STEP


def read_code(text: str) -> ReadCode | None:
    """Return the parts of a code, or None when it is not one of ours.

    >>> read_code("https://example.org") is None
    True
    """
    found = _SHAPE.fullmatch(text.strip())
    return None if found is None else ReadCode(_KINDS[found[1]], found[2], found[3])


def proves(code: ReadCode, secret: str, at: datetime) -> bool:
    """Return whether the code was made with this secret; on a phone, within the last two steps."""
    if code.kind is CredentialKind.CARD:
        return hmac.compare_digest(code.proof, secret)
    now = step_of(at)
    return any([hmac.compare_digest(code.proof, _proof(secret, step)) for step in (now, now - 1)])


def _proof(secret: str, step: int) -> str:
    return _base32(hmac.digest(secret.encode(), f"code {step}".encode(), "sha256")[:10])


def _base32(value: bytes) -> str:
    return base64.b32encode(value).decode().rstrip("=")
