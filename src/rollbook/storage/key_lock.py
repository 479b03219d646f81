"""The site key under a passphrase: `keys/site.key.locked`.

While that file is there the site is locked, whatever else lies beside it: so a power cut between
two steps leaves either the old state or the new one.
"""

from __future__ import annotations

import base64
import itertools
import json
import os
import secrets
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from math import prod
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from rollbook.errors import AlreadyExists, DecryptionFailed, InvalidInput, StorageUnavailable
from rollbook.storage.keys import (
    create_site_key,
    load_site_keys,
    make_keys_dir,
    parse_site_keys,
    replace_file,
    site_key_file,
    store_site_keys,
)

N, R, P = 2**17, 8, 1  # 128 MiB, about a third of a second on one core
MOST = 2**29  # bytes that a file may ask to be filled and mixed: memory, and a second or two
SHORTEST = 12  # characters of a passphrase
Ask = Callable[[], str]


def locked_file(keys_dir: Path) -> Path:
    """Return where the locked site key lies."""
    return keys_dir / "site.key.locked"


def is_locked(keys_dir: Path) -> bool:
    return locked_file(keys_dir).exists()


@dataclass(frozen=True, slots=True)
class Cost:
    """What makes each guess slow: scrypt's parameters, and the salt."""

    salt: str  # base64 of 16 bytes
    n: int = N
    r: int = R
    p: int = P

    @classmethod
    def told(cls, values: Mapping[str, Any]) -> Cost:
        """Return what a file says, which anybody may have written.

        Raises:
            ValueError, TypeError: it is none, or asks for too much.
        """
        cost = cls(**values)
        base64.b64decode(cost.salt, validate=True)
        numbers = (cost.n, cost.r, cost.p)
        if any(type(number) is not int or number < 1 for number in numbers):
            raise ValueError("no whole numbers")
        if prod(numbers) * 128 > MOST or cost.n >= 1 << 16 * cost.r:
            raise ValueError("parameters out of range")
        return cost

    def key(self, passphrase: str) -> Fernet:
        """Return what the passphrase opens with."""
        text = unicodedata.normalize("NFKC", passphrase).encode()
        kdf = Scrypt(base64.b64decode(self.salt), 32, self.n, self.r, self.p)
        return Fernet(base64.urlsafe_b64encode(kdf.derive(text)))


def new_cost() -> Cost:
    return Cost(base64.b64encode(secrets.token_bytes(16)).decode())


@dataclass(frozen=True, slots=True)
class LockedKeys:
    """What is in the file."""

    cost: Cost
    token: str = field(repr=False)

    @classmethod
    def read(cls, file: Path) -> LockedKeys:
        """Return what is in the file.

        Raises:
            StorageUnavailable: it cannot be read.
            DecryptionFailed: it is damaged.
        """
        try:
            return cls.parse(file.read_text(encoding="utf-8"))
        except OSError as error:
            raise StorageUnavailable(
                "The key %(file)s cannot be read: %(reason)s.", file=file, reason=error.strerror
            ) from error
        except (ValueError, KeyError, TypeError) as error:
            raise DecryptionFailed(
                "The file %(file)s is damaged. Put it back from a copy, or bring the key back "
                "with: rollbook keys recover. Nothing was changed.",
                file=file,
            ) from error

    @classmethod
    def parse(cls, text: str) -> LockedKeys:
        """Raises ValueError, KeyError or TypeError for what is no locked key."""
        found = json.loads(text)
        return cls(Cost.told(found["scrypt"]), str(found["token"]))

    def text(self) -> bytes:
        shown = {"what": "the site key, locked", "scrypt": asdict(self.cost), "token": self.token}
        return json.dumps(shown, indent=1).encode() + b"\n"

    def open(self, key: Fernet) -> list[bytes]:
        """Return the site keys; raise DecryptionFailed for another passphrase."""
        try:
            return parse_site_keys(key.decrypt(self.token))
        except (InvalidToken, ValueError) as error:
            raise DecryptionFailed(
                "That is not the passphrase of this site key. Nothing was changed. Is Caps Lock "
                "on? Who has forgotten it needs the recovery sheet: rollbook keys recover"
            ) from error


@dataclass
class HomeKeySource:
    """The file in `keys/`, plain or locked; `ask` returns the passphrase.

    What the passphrase opens with is kept in memory, so that it is asked for once a process.
    """

    keys_dir: Path
    ask: Ask = field(repr=False)
    _opened: tuple[Cost, Fernet] | None = field(default=None, repr=False)
    _refused: DecryptionFailed | None = field(default=None, repr=False)

    def load(self) -> Sequence[bytes]:
        if not is_locked(self.keys_dir):
            return load_site_keys(self.keys_dir)
        return self._locked()[1]

    def store(self, keys: Sequence[bytes]) -> None:
        """Put these in the place of all others; a locked site stays locked."""
        if not is_locked(self.keys_dir):
            return store_site_keys(self.keys_dir, keys)
        key, _ = self._locked()
        assert self._opened is not None  # noqa: S101 - `_locked` has set it
        self._write(self._opened[0], key, keys)

    def create(self) -> None:
        if not is_locked(self.keys_dir):
            create_site_key(self.keys_dir)

    def describe(self) -> str:
        if is_locked(self.keys_dir):
            return str(locked_file(self.keys_dir))
        return str(site_key_file(self.keys_dir))

    def lock(self, passphrase: str) -> None:
        """Put the key under a passphrase, and overwrite and delete the plain file.

        Raises:
            AlreadyExists: it is locked, and no plain file is left.
            InvalidInput: the passphrase is too short.
            DecryptionFailed: locking was begun with another passphrase.
            StorageUnavailable: the folder cannot be written.
        """
        self.refuse_locked()
        if not is_locked(self.keys_dir):
            require_long(passphrase)
            cost = new_cost()
            self._write(cost, cost.key(passphrase), load_site_keys(self.keys_dir))
        found = LockedKeys.read(locked_file(self.keys_dir))
        found.open(found.cost.key(passphrase))  # read back, before the only other one goes
        wipe(site_key_file(self.keys_dir))

    def refuse_locked(self) -> None:
        """Raise AlreadyExists when it is locked, and no plain file is left to be locked."""
        if is_locked(self.keys_dir) and not site_key_file(self.keys_dir).exists():
            raise AlreadyExists(
                "The site key is locked already. For another passphrase: rollbook keys unlock, "
                "then rollbook keys lock."
            )

    def unlock(self) -> None:
        """Make it a plain file again.

        Raises:
            InvalidInput: it is not locked.
            DecryptionFailed: another passphrase.
            StorageUnavailable: the folder cannot be written.
        """
        if not is_locked(self.keys_dir):
            raise InvalidInput("The site key is not locked.")
        store_site_keys(self.keys_dir, self.load())
        _unlink(locked_file(self.keys_dir))

    def put(self, key: bytes, *, replace: bool) -> list[Path]:
        """Put a key that was brought back in place; return where other ones were kept.

        Raises:
            AlreadyExists: another key is there, and `replace` is false; or this one is.
            StorageUnavailable: the folder cannot be written.
        """
        plain, locked = site_key_file(self.keys_dir), locked_file(self.keys_dir)
        others = [file for file in (plain, locked) if file.exists()]
        if others == [plain] and plain.read_bytes().split() == [key]:
            raise AlreadyExists("That key is there already. Nothing was changed.")
        if others and not replace:
            raise AlreadyExists(
                "There is another key in %(file)s. To put this one in its place: rollbook keys "
                "recover --replace. Nothing was changed.",
                file=others[0],
            )
        try:
            make_keys_dir(self.keys_dir)
        except OSError as error:
            raise StorageUnavailable(
                "The folder %(folder)s cannot be written: %(reason)s. Nothing was changed.",
                folder=self.keys_dir,
                reason=error.strerror,
            ) from error
        aside = [_put_aside(file) for file in others]
        store_site_keys(self.keys_dir, [key])
        return aside

    def _locked(self) -> tuple[Fernet, list[bytes]]:
        found = LockedKeys.read(locked_file(self.keys_dir))
        if self._opened is None or self._opened[0] != found.cost:
            return self._first(found)
        return self._opened[1], found.open(self._opened[1])

    def _first(self, found: LockedKeys) -> tuple[Fernet, list[bytes]]:
        """Ask; one wrong answer counts for the whole process, however often it looks again."""
        if self._refused is not None:
            raise self._refused
        key = found.cost.key(self.ask())
        try:
            keys = found.open(key)
        except DecryptionFailed as error:
            self._refused = error
            raise
        self._opened = found.cost, key
        return key, keys

    def _write(self, cost: Cost, key: Fernet, keys: Sequence[bytes]) -> None:
        token = key.encrypt_at_time(b"\n".join(keys), 0).decode()
        file = locked_file(self.keys_dir)
        try:
            replace_file(file, LockedKeys(cost, token).text())
        except OSError as error:
            raise StorageUnavailable(
                "The key cannot be written to %(file)s: %(reason)s. Nothing was changed.",
                file=file,
                reason=error.strerror,
            ) from error


def _put_aside(file: Path) -> Path:
    """Rename a file so that it is out of the way; return its new name."""
    for number in itertools.count(1):
        aside = file.with_name(f"{file.name}.replaced-{number}")
        if not aside.exists():
            break
    try:
        return file.rename(aside)
    except OSError as error:
        raise _still_there(file, error) from error


def require_long(passphrase: str) -> None:
    """Raise InvalidInput for a passphrase that is guessed too soon."""
    if len(passphrase.strip()) < SHORTEST:
        raise InvalidInput(
            "A passphrase has %(least)s characters at least: four or five words that have "
            "nothing to do with each other. Nothing was changed.",
            least=SHORTEST,
        )


def wipe(file: Path) -> None:
    """Overwrite and delete a file; what is not there is left alone.

    A disk may have kept what was overwritten elsewhere: see docs/keys.md.

    Raises:
        StorageUnavailable: the disk is read-only; the text says that the key is still there.
    """
    try:
        with file.open("r+b") as stream:
            stream.write(bytes(file.stat().st_size))
            stream.flush()
            os.fsync(stream.fileno())
    except FileNotFoundError:
        return
    except OSError as error:
        raise _still_there(file, error) from error
    _unlink(file)


def _unlink(file: Path) -> None:
    try:
        file.unlink(missing_ok=True)
    except OSError as error:
        raise _still_there(file, error) from error


def _still_there(file: Path, error: OSError) -> StorageUnavailable:
    return StorageUnavailable(
        "%(file)s cannot be deleted: %(reason)s. It is still there: delete it by hand.",
        file=file,
        reason=error.strerror,
    )
