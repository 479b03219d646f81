"""The witness: the register's last head, written beside the keys after each commit.

A database that is cut or put back alone ends before its witness, and that is found at once.

It is written after the commit and without `fsync`: it costs little, and it can only be older
than the database, which is synced first. After a kill or a power failure the register may so be
ahead of it; it is never behind unless entries are gone. Who holds the keys can write it anew:
against them only anchors help that left the machine.
"""

from __future__ import annotations

import hmac
import json
import logging
import os
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from rollbook.domain.witness import Standing, WitnessState
from rollbook.errors import StorageUnavailable
from rollbook.storage.file_locks import locked
from rollbook.storage.mac import Mac

PATIENCE = 2.0  # seconds that a commit waits for others who write the witness
TRIES, PAUSE = 20, 0.01  # Windows refuses for a moment while another process has the file open
LONGEST = 1_000  # bytes; a witness has some 170
log = logging.getLogger(__name__)
Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Seen:
    """A head that was committed."""

    number: int
    link: bytes


Look = Seen | WitnessState  # MISSING or UNREADABLE where there is no head to tell
LinkAt = Callable[[int], bytes | None]


class Witness:
    """The file `witness.json` of one home; threads and processes share it."""

    def __init__(self, keys_dir: Path, mac: Mac) -> None:
        self._file = keys_dir / "witness.json"
        self._mac = mac
        self._own = threading.Lock()
        self._failed = False

    def look(self) -> Look:
        """Return the last head that was written. Look before the database is asked for its own."""
        try:
            text = _patiently(lambda: _read(self._file))
        except FileNotFoundError:
            return WitnessState.MISSING
        except OSError:
            return WitnessState.UNREADABLE
        return self._parsed(text) or WitnessState.UNREADABLE

    def advance(self, number: int, link: bytes) -> None:
        """Write a head that was committed, unless a newer one is there.

        What goes wrong is logged and not raised: the entry is committed, and an older witness
        only vouches for less.
        """
        try:
            with self._own, self._locked():
                seen = self.look()
                if not isinstance(seen, Seen) or seen.number < number:
                    self._write(number, link)
            self._failed = False
        except OSError as error:
            if not self._failed:  # once, not with every mark
                log.warning("the witness of the register cannot be written: %s", error.strerror)
            self._failed = True

    def reset(self, number: int, link: bytes) -> None:
        """Write this head, whatever the witness said before.

        Raises:
            StorageUnavailable: the folder of the keys cannot be written.
        """
        try:
            with self._own, self._locked():
                self._write(number, link)
        except OSError as error:
            raise StorageUnavailable(
                "The witness of the register cannot be written to %(file)s: %(reason)s.",
                file=self._file,
                reason=error.strerror,
            ) from error

    def _locked(self) -> AbstractContextManager[None]:
        self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return locked(self._file.with_suffix(".lock"), PATIENCE)

    def _write(self, number: int, link: bytes) -> None:
        said = {"number": number, "link": link.hex(), "mac": self._sum(number, link).decode()}
        part = self._file.with_suffix(".part")
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        with os.fdopen(os.open(part, flags, 0o600), "wb") as stream:
            stream.write(json.dumps(said).encode())
        _patiently(lambda: os.replace(part, self._file))

    def _parsed(self, text: bytes) -> Seen | None:
        try:
            said = json.loads(text)
            number, link, mac = said["number"], bytes.fromhex(said["link"]), said["mac"].encode()
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return None
        if type(number) is not int or not hmac.compare_digest(mac, self._sum(number, link)):
            return None
        return Seen(number, link)

    def _sum(self, number: int, link: bytes) -> bytes:
        return self._mac.digest(b"witness:%d:" % number + link).hex().encode()


def standing(look: Look | None, number: int, link: bytes, link_at: LinkAt) -> Standing:
    """Return how a head stands to what the witness said.

    `link_at` returns the link of an entry; it is asked only when the witness is older.
    """
    if look is None:
        return Standing(WitnessState.NOT_KEPT, number)
    if isinstance(look, WitnessState):
        is_new = number == 0 and look is WitnessState.MISSING
        return Standing(WitnessState.AGREES if is_new else look, number)
    if look.number > number:
        return Standing(WitnessState.BEHIND, number, look.number)
    same = look.number == number
    found = link if same else link_at(look.number)
    if found != look.link:
        return Standing(WitnessState.OTHER, number, look.number)
    return Standing(WitnessState.AGREES if same else WitnessState.AHEAD, number, look.number)


def _read(file: Path) -> bytes:
    with file.open("rb") as stream:
        return stream.read(LONGEST)


def _patiently(act: Callable[[], Found]) -> Found:
    """Do it again for a moment where Windows says that the file is in use."""
    for _ in range(TRIES):
        try:
            return act()
        except PermissionError:
            if os.name != "nt":
                raise
            time.sleep(PAUSE)
    return act()
