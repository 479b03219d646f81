"""Anchors: the register's head at one moment, signed by the site, to be kept somewhere else.

Whoever holds all keys can write the whole register anew, but not so that it still contains the
head of an anchor that has left the machine.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from rollbook.domain.told import instant, number, octets
from rollbook.errors import InvalidInput

PURPOSE = "anchor"  # what the signature is for
WHAT = "Anchor of a register of Rollbook"
LONGEST = 4_096  # bytes of a file
KEY, LINK, SIGNATURE = 32, 32, 64  # bytes
SPKI = bytes.fromhex("302a300506032b6570032100")  # what stands before an Ed25519 key in a PEM file
BEGIN, END = "-----BEGIN PUBLIC KEY-----", "-----END PUBLIC KEY-----"


@dataclass(frozen=True, slots=True)
class Anchor:
    """How many entries there were, and the last link: it depends on every one of them."""

    number: int
    link: bytes  # 32 bytes
    at: datetime  # UTC
    public_key: bytes  # 32 bytes, of the site that signed
    signature: bytes = b""  # 64 bytes

    @property
    def message(self) -> bytes:
        """The bytes that are signed."""
        lines = (str(self.number), self.link.hex(), self.at.isoformat(), self.public_key.hex())
        return "\n".join(lines).encode()

    @property
    def name(self) -> str:
        """A name for its file."""
        return f"anchor-{self.at:%Y-%m-%d-%H%M%S}-entry-{self.number}.json"


class AnchorState(StrEnum):
    """What comparing a register with an anchor found."""

    HOLDS = "holds"
    FORGED = "forged"
    OTHER_SITE = "other site"
    SHORTER = "shorter"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class AnchorCheck:
    """What was found, and how far anchor and register reach."""

    state: AnchorState
    anchor: Anchor
    entries: int  # of the register now
    is_early: bool = False  # the anchor says that it is made later than now

    @property
    def holds(self) -> bool:
        """Whether the register still contains exactly what the anchor vouches for."""
        return self.state is AnchorState.HOLDS

    @property
    def uncovered(self) -> int:
        """How many entries came after the anchor, so that it says nothing of them."""
        return max(0, self.entries - self.anchor.number)

    @property
    def sentences(self) -> tuple[str, ...]:
        """What it means, in English."""
        first, last = self.anchor.number + 1, self.entries
        values = {"number": self.anchor.number, "entries": last, "first": first, "last": last}
        is_empty = self.holds and self.anchor.number == 0
        told = [SENTENCES["holds none" if is_empty else self.state.value] % values]
        if self.holds and self.uncovered:
            told.append(SENTENCES["uncovered one" if first == last else "uncovered"] % values)
        if self.is_early:
            told.append(SENTENCES["early"])
        return tuple(told)


SENTENCES = {
    "holds": "The anchor is genuine, and the register still contains exactly this head: all "
    "entries up to number %(number)s are those that were there when it was made.",
    "holds none": "The anchor is genuine, but it was made before the first entry.",
    "forged": "The signature of this anchor does not hold: it was altered, or nobody signed it. "
    "It proves nothing.",
    "other site": "This anchor was signed with another key than this site's. It belongs to "
    "another site, or somebody made it up.",
    "shorter": "The anchor is genuine, but it vouches for %(number)s entries and the register has "
    "only %(entries)s: the register was cut, or an old copy was put in its place.",
    "changed": "The anchor is genuine, but entry %(number)s of the register is not the one that it "
    "vouches for: something at or before it was written anew by somebody who holds the keys.",
    "uncovered": "Entries %(first)s to %(last)s came later: this anchor says nothing of them.",
    "uncovered one": "Entry %(first)s came later: this anchor says nothing of it.",
    "early": "The anchor says that it was made later than now: a clock is or was wrong.",
}


def anchor_text(anchor: Anchor) -> str:
    """Return the file of an anchor: JSON that a person can read."""
    told = {
        "what": WHAT,
        "version": 1,
        "entries": anchor.number,
        "last_link": anchor.link.hex(),
        "made_at": anchor.at.isoformat(),
        "site_key": anchor.public_key.hex(),
        "signature": anchor.signature.hex(),
    }
    return json.dumps(told, indent=2) + "\n"


def read_anchor(data: bytes) -> Anchor:
    """Return the anchor of a file; whether its signature holds is not looked at.

    Raises:
        InvalidInput: it is not the file of an anchor.
    """
    try:
        if len(data) > LONGEST:
            raise ValueError("longer than an anchor")
        told = json.loads(data)
        if told["what"] != WHAT or told["version"] != 1:
            raise ValueError("something else")
        return Anchor(
            number=number(told["entries"]),
            link=octets(told["last_link"], LINK),
            at=instant(told["made_at"]),
            public_key=octets(told["site_key"], KEY),
            signature=octets(told["signature"], SIGNATURE),
        )
    except (
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        RecursionError,
        OverflowError,
    ) as error:
        raise InvalidInput(
            "This is not an anchor of Rollbook. Choose a file that Rollbook made as an anchor."
        ) from error


def fingerprint(public_key: bytes) -> str:
    """Return the short form of a site's public key, to be compared by eye.

    >>> fingerprint(bytes(32))
    '6668 7aad f862 bd77 6c8f c18b 8e9f 8e20'
    """
    digest = hashlib.sha256(public_key).hexdigest()[:32]
    return " ".join(digest[start : start + 4] for start in range(0, 32, 4))


def public_key_text(public_key: bytes) -> str:
    """Return a site's public key as a PEM file, which other programs read too."""
    return f"{BEGIN}\n{base64.b64encode(SPKI + public_key).decode()}\n{END}\n"


def read_public_key(data: bytes) -> bytes:
    """Return the 32 bytes of a PEM file that `public_key_text` made.

    Raises:
        InvalidInput: it is something else.
    """
    try:
        text = data[:LONGEST].decode("ascii").strip()
        inner = text.removeprefix(BEGIN).removesuffix(END).split()
        found = base64.b64decode("".join(inner), validate=True)
        if not text.startswith(BEGIN) or not found.startswith(SPKI) or len(found) != 44:
            raise ValueError("another kind of key")
    except (ValueError, binascii.Error) as error:
        raise InvalidInput(
            "This is not the public key of a site. Make one with: rollbook anchor --key-out FILE"
        ) from error
    return found[len(SPKI) :]
