"""Makes anchors of the register, and checks those that come back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from rollbook.domain.anchors import PURPOSE, Anchor, AnchorCheck, AnchorState, anchor_text
from rollbook.domain.ports import Clock, OpenUnitOfWork, UnitOfWork
from rollbook.domain.register import EntryKind, NewEntry
from rollbook.services.announcing import announce_anchor
from rollbook.services.due import Errand

MADE = "anchor made"
LISTED = 50  # anchors on the page
LOOKED = 1_000  # entries about keys, copies and anchors that are read for them
CLOCKS_DIFFER = timedelta(minutes=10)
IsSigned = Callable[[bytes, str, bytes, bytes], bool]
"""Return whether a public key signed a message for a purpose: key, purpose, message, signature."""
Keep = Callable[[Anchor, str], None]
"""Put the text of an anchor where it is to lie."""


@dataclass(frozen=True, slots=True)
class Made:
    """An anchor that was made here, as the register tells."""

    number: int  # entries that it vouches for
    at: datetime  # UTC


class Anchors:
    """The anchors of one site."""

    def __init__(self, open_uow: OpenUnitOfWork, clock: Clock, is_signed: IsSigned) -> None:
        self._open_uow = open_uow
        self._clock = clock
        self._is_signed = is_signed

    def make(self, by: str, keep: Keep | None = None) -> Anchor:
        """Return the present head, signed; that it was made is the next entry.

        `keep` is called before that entry is written: an anchor of which the register tells is
        there. Raises what `keep` raises, and RegisterTampered.
        """
        with self._open_uow() as uow:
            anchor = self._make(uow, by, keep)
            uow.commit()
        return anchor

    def make_when_due(self, errand: Errand, keep: Keep) -> None:
        """Make one unless nothing but the last anchor's own entry came since."""
        with self._open_uow() as uow:
            uow.register.hold()
            made = _made(uow)
            if uow.register.count() > (made[0].number + 1 if made else 0):
                self._make(uow, "timetable", keep)
            errand.finish(uow)
            uow.commit()

    def _make(self, uow: UnitOfWork, by: str, keep: Keep | None) -> Anchor:
        uow.register.hold()
        number, link = uow.register.head()
        plain = Anchor(number, link, self._clock.now(), uow.vault.public_key)
        anchor = replace(plain, signature=uow.vault.sign(PURPOSE, plain.message))
        if keep is not None:
            keep(anchor, anchor_text(anchor))
        announce_anchor(uow, anchor_text(anchor), anchor.at)
        uow.register.append(_entry("anchor made", by, anchor.at, entries=number, link=link.hex()))
        return anchor

    def made(self) -> list[Made]:
        """Return the newest anchors that were made here, newest first."""
        with self._open_uow() as uow:
            return _made(uow)

    def public_key(self) -> bytes:
        """Return the 32 bytes with which others check this site's anchors."""
        with self._open_uow() as uow:
            return uow.vault.public_key

    def check(self, anchor: Anchor, public_key: bytes | None = None) -> AnchorCheck:
        """Compare the register's head and links with an anchor; entries are not recomputed.

        `public_key`: that of the site, kept elsewhere; None trusts the one in the database.

        Raises:
            RegisterTampered: the head of the register was changed.
        """
        with self._open_uow() as uow:
            trusted = uow.vault.public_key if public_key is None else public_key
            count = uow.register.count()
            state = self._state(uow, anchor, trusted, count)
        early = anchor.at > self._clock.now() + CLOCKS_DIFFER
        return AnchorCheck(state, anchor, count, early)

    def note_check(self, found: AnchorCheck, by: str) -> None:
        """Write down that somebody compared the register with an anchor, and what came of it."""
        body = {"entries": found.anchor.number, "found": found.state.value}
        with self._open_uow() as uow:
            uow.register.append(_entry("anchor checked", by, self._clock.now(), **body))
            uow.commit()

    def _state(self, uow: UnitOfWork, anchor: Anchor, trusted: bytes, count: int) -> AnchorState:
        signed = (anchor.public_key, PURPOSE, anchor.message, anchor.signature)
        if not self._is_signed(*signed):
            return AnchorState.FORGED
        if anchor.public_key != trusted:
            return AnchorState.OTHER_SITE
        if anchor.number > count:
            return AnchorState.SHORTER
        same = uow.register.link_at(anchor.number) == anchor.link
        return AnchorState.HOLDS if same else AnchorState.CHANGED


def keeper(folder: Path, write: Callable[[Path, str], None]) -> Keep:
    """Return what puts anchors into a folder, each under a name of its own."""
    return lambda anchor, text: write(folder / anchor.name, text)


def _made(uow: UnitOfWork) -> list[Made]:
    entries = uow.register.entries([EntryKind.TRUST], LOOKED)
    told = (entry.body for entry in entries if entry.body.get("event") == MADE)
    return [Made(_count(body), datetime.fromisoformat(str(body["at"]))) for body in told][:LISTED]


def _count(body: Mapping[str, object]) -> int:
    return int(str(body["entries"]))


def _entry(event: str, by: str, at: datetime, **values: object) -> NewEntry:
    return NewEntry(EntryKind.TRUST, {"event": event, "by": by, "at": at.isoformat(), **values})
