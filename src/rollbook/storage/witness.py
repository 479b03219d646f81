"""The witness: the register's last head, written beside the keys after each commit.

A database that is cut or put back alone ends before its witness, and that is found at once.

It is written after the commit and without `fsync`: it costs little, and it can only be older
than the database, which is synced first. After a kill or a power failure the register may so be
ahead of it; it is never behind unless entries are gone. It lies in one sector and is written over,
so it is never half. Who holds the keys can write it anew:
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

from rollbook.domain.witness import Standing, WitnessState
from rollbook.errors import StorageUnavailable
from rollbook.storage.locking import locked_file
from rollbook.storage.mac import Mac

PATIENCE = 2.0  # seconds that a commit waits for others who write the witness
GLANCES, GLANCE = 3, 0.005  # seconds between two
SIZE = 256  # bytes: no more than one sector of a disk
LONGEST = 1_000  # bytes that are read
FLAGS = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0)
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Seen:
    """A head that was committed."""

    number: int
    link: bytes


Look = Seen | WitnessState  # MISSING or UNREADABLE where there is no head to tell
LinkAt = Callable[[int], bytes | None]


def witness_file(keys_dir: Path) -> Path:
    """Return where the witness lies."""
    return keys_dir / "witness.json"


class Witness:
    """The file `witness.json` of one home; threads and processes share it."""

    def __init__(self, keys_dir: Path, mac: Mac) -> None:
        self._file = witness_file(keys_dir)
        self._mac = mac
        self._own = threading.Lock()
        self._failed = False

    def look(self) -> Look:
        """Return the last head that was written. Look before the database is asked for its own."""
        for _ in range(GLANCES):  # another process may be writing it
            try:
                seen = self._parsed(_read(self._file))
            except FileNotFoundError:
                return WitnessState.MISSING
            except OSError:
                seen = None
            if seen is not None:
                return seen
            time.sleep(GLANCE)
        return WitnessState.UNREADABLE

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
        return locked_file(self._file.with_suffix(".lock"), PATIENCE)

    def _write(self, number: int, link: bytes) -> None:
        """Write over what is there: one sector, in one call, so it is old or new.

        To put a new file in its place would make the disk write it at once, and cost as much as
        a commit; after a power failure it could be empty.
        """
        said = {"number": number, "link": link.hex(), "mac": self._sum(number, link).decode()}
        text = json.dumps(said).encode().ljust(SIZE - 1) + b"\n"
        with os.fdopen(os.open(self._file, FLAGS, 0o600), "r+b", buffering=0) as stream:
            stream.write(text)
            if stream.seek(0, os.SEEK_END) > SIZE:  # somebody made it longer
                stream.truncate(SIZE)

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
