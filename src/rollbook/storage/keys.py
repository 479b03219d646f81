"""The site key, and the keys that it wraps.

`keys/site.key` opens nothing itself: it wraps one data key for each purpose and one key for each
subject, so that it can be changed without sealing everything anew, and so that one person can be
erased by destroying one key.
"""

from __future__ import annotations

import os
import secrets
import subprocess
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken

from rollbook.errors import DecryptionFailed, NotFound, StorageUnavailable
from rollbook.storage.bounded import Bounded
from rollbook.storage.mac import Mac
from rollbook.storage.signing import SiteSigner

SEAL, INDEX, REGISTER = "seal", "index", "register"
BOOK, CROPS, MESSAGES, BACKUP = "book", "crops", "messages", "backup"
SIGN, TRANSFORM = "sign", "transform"
SEALING = (SEAL, BOOK, CROPS, MESSAGES, BACKUP)  # Fernet keys
SECRETS = (INDEX, REGISTER, SIGN, TRANSFORM)  # 32 bytes each, never used to seal
PURPOSES = (*SEALING, *SECRETS)
KEPT_KEYS = 20_000  # unwrapped subject keys in memory, about 1 KiB each
KEY_LENGTH = 44  # characters of a Fernet key
WRITING_TIME = 2.0  # seconds that another process may take to write the key


def site_key_file(keys_dir: Path) -> Path:
    """Return where the site key lies."""
    return keys_dir / "site.key"


def create_site_key(keys_dir: Path) -> None:
    """Write a new site key that only this user can read; an existing one stays.

    Raises:
        StorageUnavailable: the folder cannot be written.
    """
    file = site_key_file(keys_dir)
    try:
        keys_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        _restrict(keys_dir)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        handle = os.open(file, flags, 0o600)
    except FileExistsError:
        return
    except OSError as error:
        raise StorageUnavailable(
            "The key cannot be written to %(file)s: %(reason)s.",
            file=file,
            reason=error.strerror,
        ) from error
    with os.fdopen(handle, "wb") as stream:
        _restrict(file)
        stream.write(Fernet.generate_key())
        stream.flush()
        os.fsync(stream.fileno())


def load_site_key(keys_dir: Path) -> Fernet:
    """Return the site key.

    Raises:
        NotFound: the file is not there.
        StorageUnavailable: the file cannot be read.
        DecryptionFailed: what it holds is not a key.
    """
    file = site_key_file(keys_dir)
    try:
        return Fernet(_read_key(file))
    except FileNotFoundError as error:
        raise NotFound(
            "The key %(file)s is not there, and without it nothing can be opened. Put "
            "it back from where you keep a copy. Nothing was changed.",
            file=file,
        ) from error
    except OSError as error:
        raise StorageUnavailable(
            "The key %(file)s cannot be read: %(reason)s.", file=file, reason=error.strerror
        ) from error
    except ValueError as error:
        raise DecryptionFailed(
            f"The file {file} does not hold a key. Put it back from where you keep a copy. "
            "Nothing was changed."
        ) from error


def _read_key(file: Path) -> bytes:
    """Read the key; one that another process is just writing is waited for."""
    deadline = time.monotonic() + WRITING_TIME
    while True:
        text = file.read_bytes().strip()
        if len(text) > KEY_LENGTH:
            raise ValueError("longer than a key")
        if len(text) == KEY_LENGTH or time.monotonic() > deadline:
            return text
        time.sleep(0.02)


def _restrict(path: Path) -> None:
    """Keep other users of the machine out, as far as the system lets us."""
    if os.name == "nt":
        _restrict_by_acl(path)
    else:
        path.chmod(0o700 if path.is_dir() else 0o600)


def _restrict_by_acl(path: Path) -> None:
    """Take inherited rights away and leave them to this user; `exposed` tells whether it held."""
    user = os.environ.get("USERNAME", "")
    rights = "(OI)(CI)F" if path.is_dir() else "F"
    command = ["icacls", str(path), "/inheritance:r", "/grant:r", f"{user}:{rights}"]
    try:
        subprocess.run(command, capture_output=True, check=False, timeout=20)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return


def exposed(keys_dir: Path) -> str | None:
    """Return who else can read the key, as a sentence for `doctor`, or None when nobody can."""
    file = site_key_file(keys_dir)
    if not file.is_file():
        return None
    if os.name == "nt":
        return _exposed_by_acl(file)
    if file.stat().st_mode & 0o077 or keys_dir.stat().st_mode & 0o077:
        return (
            f"Others on this machine can read {file}. Run: chmod 700 {keys_dir}; chmod 600 {file}"
        )
    return None


def _exposed_by_acl(file: Path) -> str | None:
    try:
        shown = subprocess.run(  # noqa: S603 - fixed program, no shell
            ["icacls", str(file)],  # noqa: S607 - part of Windows
            capture_output=True,
            text=True,
            check=False,
            timeout=20,
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        shown = ""
    entries = [line for line in shown.splitlines() if ":(" in line]
    if len(entries) == 1:
        return None
    return f"It is not certain that only you can read {file}. Look with: icacls {file}"


@dataclass(frozen=True)
class KeyRing:
    """The unwrapped data keys, and the site key for those of the subjects."""

    site: Fernet = field(repr=False)
    sealing: Mapping[str, Fernet] = field(repr=False)  # by purpose
    index: Mac = field(repr=False)
    register: Mac = field(repr=False)
    signer: SiteSigner = field(repr=False)
    transform_key: bytes = field(repr=False)  # 32 bytes: seed of the templates' transform
    _subjects: Bounded[tuple[str, bytes], Fernet] = field(
        default_factory=lambda: Bounded(KEPT_KEYS), repr=False
    )

    @classmethod
    def unwrap(cls, site: Fernet, wrapped: dict[str, bytes]) -> KeyRing:
        """Return the ring.

        Raises:
            DecryptionFailed: the site key is not the one that these keys were wrapped with.
        """
        missing = [purpose for purpose in PURPOSES if purpose not in wrapped]
        if missing:
            raise DecryptionFailed(f"The database lacks its key for {', '.join(missing)}.")
        opened = {
            purpose: unwrap(site, f"data:{purpose}", wrapped[purpose]) for purpose in PURPOSES
        }
        return cls(
            site,
            {purpose: Fernet(opened[purpose]) for purpose in SEALING},
            Mac(opened[INDEX]),
            Mac(opened[REGISTER]),
            SiteSigner(opened[SIGN]),
            opened[TRANSFORM],
        )

    @property
    def seal(self) -> Fernet:
        """The key of everything that has none of its own."""
        return self.sealing[SEAL]

    def new_subject_key(self, subject_id: str) -> bytes:
        """Return a new key of this subject, wrapped."""
        return wrap(self.site, f"subject:{subject_id}", Fernet.generate_key())

    def subject_key(self, subject_id: str, wrapped: bytes) -> Fernet:
        """Return the subject's key, remembered for the next time.

        Raises:
            DecryptionFailed: it was wrapped with another site key, or for somebody else.
        """
        return self._subjects.get(
            (subject_id, wrapped),
            lambda: Fernet(unwrap(self.site, f"subject:{subject_id}", wrapped)),
        )


def new_data_keys(site: Fernet, purposes: Iterable[str] = PURPOSES) -> dict[str, bytes]:
    """Return new wrapped data keys of these purposes."""
    keys = {
        purpose: Fernet.generate_key() if purpose in SEALING else secrets.token_bytes(32)
        for purpose in purposes
    }
    return {purpose: wrap(site, f"data:{purpose}", key) for purpose, key in keys.items()}


def require_fitting(site: Fernet, wrapped: Mapping[str, bytes]) -> None:
    """Raise DecryptionFailed when these keys were wrapped with another site key."""
    for purpose, key in wrapped.items():
        unwrap(site, f"data:{purpose}", key)


def wrap(site: Fernet, label: str, key: bytes) -> bytes:
    """Seal a key together with what it is for; the time is left out of the token."""
    tag = label.encode()
    return site.encrypt_at_time(len(tag).to_bytes(2, "big") + tag + key, 0)


def unwrap(site: Fernet, label: str, wrapped: bytes) -> bytes:
    """Return the key that `wrap` sealed for the same label.

    Raises:
        DecryptionFailed: another site key, or a key that was wrapped for something else.
    """
    tag = label.encode()
    prefix = len(tag).to_bytes(2, "big") + tag
    try:
        text = site.decrypt(wrapped)
    except InvalidToken as error:
        raise DecryptionFailed(
            "The key in keys/site.key is not the one that this database was made with. Put the "
            "right key file back from where you keep a copy. Nothing was changed."
        ) from error
    if not text.startswith(prefix):
        raise DecryptionFailed("A key in the database was put in the place of another one.")
    return text[len(prefix) :]
