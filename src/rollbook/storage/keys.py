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
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from rollbook.domain.key_safety import PROBLEMS
from rollbook.errors import DecryptionFailed, NotFound, StorageUnavailable
from rollbook.storage.bounded import Bounded
from rollbook.storage.codec import from_micros, to_micros
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


def make_keys_dir(keys_dir: Path) -> None:
    """Make the folder of keys, which only this user can open; raises OSError."""
    keys_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    _restrict(keys_dir)


def create_site_key(keys_dir: Path) -> None:
    """Write a new site key that only this user can read; an existing one stays.

    Raises:
        StorageUnavailable: the folder cannot be written.
    """
    file = site_key_file(keys_dir)
    try:
        make_keys_dir(keys_dir)
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


def load_site_key(keys_dir: Path) -> MultiFernet:
    """Return what opens whatever one of the site keys wrapped; raises as `load_site_keys`."""
    return MultiFernet([Fernet(key) for key in load_site_keys(keys_dir)])


def load_site_keys(keys_dir: Path) -> list[bytes]:
    """Return the site keys, newest first; there are two while one is being replaced.

    Raises:
        NotFound: the file is not there.
        StorageUnavailable: the file cannot be read.
        DecryptionFailed: what it holds is not a key.
    """
    file = site_key_file(keys_dir)
    try:
        return _read_keys(file)
    except FileNotFoundError as error:
        raise NotFound(
            "The key %(file)s is not there, and without it nothing can be opened. Bring it back "
            "from the recovery sheet: rollbook keys recover. Nothing was changed.",
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


def _read_keys(file: Path) -> list[bytes]:
    """Read the keys; those that another process is just writing are waited for."""
    deadline = time.monotonic() + WRITING_TIME
    while True:
        try:
            return parse_site_keys(file.read_bytes())
        except ValueError:
            if time.monotonic() > deadline:
                raise
        time.sleep(0.02)


def parse_site_keys(text: bytes) -> list[bytes]:
    """Return the keys of a text, one a line or with blanks between; raises ValueError."""
    keys = text.split()
    if not keys:
        raise ValueError("no key")
    for key in keys:
        if len(key) != KEY_LENGTH:
            raise ValueError("not as long as a key")
        Fernet(key)
    return keys


def store_site_keys(keys_dir: Path, keys: Sequence[bytes]) -> None:
    """Put these in the place of the file's keys; after a power cut it holds the old or the new.

    Raises:
        StorageUnavailable: the file cannot be written.
    """
    file = site_key_file(keys_dir)
    try:
        replace_file(file, b"\n".join(keys))
    except OSError as error:
        raise StorageUnavailable(
            "The key cannot be written to %(file)s: %(reason)s.",
            file=file,
            reason=error.strerror,
        ) from error


def replace_file(file: Path, text: bytes) -> None:
    """Put a file that only this user can read in the place of another; raises OSError."""
    beside = file.with_name(file.name + ".new")
    beside.unlink(missing_ok=True)
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as stream:
        _restrict(beside)
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    _move(beside, file)
    if os.name != "nt":  # the name itself is only safe on the disk with its folder
        folder = os.open(file.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _move(beside: Path, file: Path) -> None:
    """Rename; Windows refuses it for as long as another process reads the file."""
    deadline = time.monotonic() + WRITING_TIME
    while True:
        try:
            beside.replace(file)
            return
        except PermissionError:
            if os.name != "nt" or time.monotonic() > deadline:
                raise
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
        subprocess.run(  # noqa: S603 - fixed program, no shell
            command, capture_output=True, check=False, timeout=20
        )
    except (OSError, subprocess.TimeoutExpired):
        return


def exposed(keys_dir: Path) -> str | None:
    """Return who else can read the key, as a sentence for `doctor`, or None when nobody can."""
    file = site_key_file(keys_dir)
    if not file.is_file():
        return None
    if os.name != "nt" and keys_dir.stat().st_mode & 0o077:
        return PROBLEMS["folder"] % {"file": file, "folder": keys_dir}
    return exposed_file(file)


def exposed_file(file: Path) -> str | None:
    """Return who else can read a file, as a sentence, or None when nobody can."""
    if not file.is_file():
        return None
    if os.name == "nt":
        return _exposed_by_acl(file)
    if file.stat().st_mode & 0o077:
        return PROBLEMS["file"] % {"file": file}
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
    return PROBLEMS["acl"] % {"file": file}


class KeySource(Protocol):
    """Where the site key comes from."""

    def load(self) -> Sequence[bytes]:
        """Return the site keys, newest first; there are several while one is being replaced.

        Raises:
            NotFound: there is none.
            StorageUnavailable: they cannot be read.
            DecryptionFailed: what is there is no key.
        """
        ...

    def store(self, keys: Sequence[bytes]) -> None:
        """Put these in the place of all others, at once or not at all.

        Raises:
            StorageUnavailable: they cannot be written here; the text says what a person has to do.
        """
        ...

    def create(self) -> None:
        """Make the first site key, unless there is one.

        Raises:
            StorageUnavailable: it cannot be written here; the text says what a person has to do.
        """
        ...

    def describe(self) -> str:
        """Return where they are, for `keys status`."""
        ...


@dataclass(frozen=True)
class FileKeySource:
    """`keys/site.key`, which only this user can read."""

    keys_dir: Path

    def load(self) -> Sequence[bytes]:
        return load_site_keys(self.keys_dir)

    def store(self, keys: Sequence[bytes]) -> None:
        store_site_keys(self.keys_dir, keys)

    def create(self) -> None:
        create_site_key(self.keys_dir)

    def describe(self) -> str:
        return str(site_key_file(self.keys_dir))


Site = Fernet | MultiFernet


@dataclass(frozen=True, slots=True)
class DatedKey:
    """One Fernet key, since when it is used, and which rotation made it."""

    key: bytes = field(repr=False)  # 44 characters
    since: datetime | None = None  # None: of a version that did not write it down
    made_by: str = ""  # id of the rotation, empty for a first key


Keys = tuple[DatedKey, ...]  # newest first


def new_key(since: datetime, made_by: str = "") -> DatedKey:
    return DatedKey(Fernet.generate_key(), since, made_by)


def pack_keys(keys: Keys) -> bytes:
    """Return keys as they are wrapped: newest first, each with its time and its rotation."""
    return b" ".join(_packed(one) for one in keys)


def _packed(one: DatedKey) -> bytes:
    since = b"" if one.since is None else b"%d" % to_micros(one.since)
    return b":".join((one.key, since, one.made_by.encode()))


def unpack_keys(payload: bytes) -> Keys:
    """Return what `pack_keys` packed; one key alone is what earlier versions wrote."""
    return tuple(_unpacked(*part.split(b":")) for part in payload.split(b" "))


def _unpacked(key: bytes, since: bytes = b"", made_by: bytes = b"") -> DatedKey:
    return DatedKey(key, from_micros(int(since)) if since else None, made_by.decode())


def opener(keys: Iterable[DatedKey]) -> MultiFernet:
    """Return what seals with the first of these keys, and opens with any."""
    return MultiFernet([Fernet(one.key) for one in keys])


@dataclass(frozen=True)
class KeyRing:
    """The unwrapped data keys, and the site key for those of the subjects."""

    site: Site = field(repr=False)  # wraps with the key that the data keys are wrapped with
    newest_site: Site = field(repr=False)  # that one alone
    keys: Mapping[str, Keys] = field(repr=False)  # by purpose
    sealing: Mapping[str, MultiFernet] = field(repr=False)  # by purpose
    index: Mac = field(repr=False)
    register: Mac = field(repr=False)
    signer: SiteSigner = field(repr=False)
    transform_key: bytes = field(repr=False)  # raw payload of the templates' transforms
    _subjects: Bounded[tuple[str, bytes], MultiFernet] = field(
        default_factory=lambda: Bounded(KEPT_KEYS), repr=False
    )

    @classmethod
    def unwrap(cls, site: Site | Sequence[bytes], wrapped: Mapping[str, bytes]) -> KeyRing:
        """Return the ring.

        Raises:
            DecryptionFailed: no site key is the one that these keys were wrapped with.
        """
        missing = [purpose for purpose in PURPOSES if purpose not in wrapped]
        if missing:
            raise DecryptionFailed(f"The database lacks its key for {', '.join(missing)}.")
        if not isinstance(site, Fernet | MultiFernet):
            sites = sites_in_order(site, wrapped)
            return cls._of(MultiFernet(sites), sites[0], wrapped)
        return cls._of(site, site, wrapped)

    @classmethod
    def _of(cls, site: Site, newest_site: Site, wrapped: Mapping[str, bytes]) -> KeyRing:
        opened = {
            purpose: unwrap(site, f"data:{purpose}", wrapped[purpose]) for purpose in PURPOSES
        }
        keys = {purpose: unpack_keys(opened[purpose]) for purpose in SEALING}
        return cls(
            site,
            newest_site,
            keys,
            {purpose: opener(keys[purpose]) for purpose in SEALING},
            Mac(opened[INDEX]),
            Mac(opened[REGISTER]),
            SiteSigner(opened[SIGN]),
            opened[TRANSFORM],
        )

    @property
    def seal(self) -> MultiFernet:
        """The key of everything that has none of its own."""
        return self.sealing[SEAL]

    def new_subject_key(self, subject_id: str) -> bytes:
        """Return a new key of this subject, wrapped."""
        return wrap(self.site, f"subject:{subject_id}", pack_keys((new_key(datetime.now(UTC)),)))

    def subject_keys(self, subject_id: str, wrapped: bytes) -> Keys:
        """Return the subject's keys, newest first.

        Raises:
            DecryptionFailed: as `subject_key`.
        """
        return unpack_keys(unwrap(self.site, f"subject:{subject_id}", wrapped))

    def subject_key(self, subject_id: str, wrapped: bytes) -> MultiFernet:
        """Return the subject's key, remembered for the next time.

        Raises:
            DecryptionFailed: it was wrapped with another site key, or for somebody else.
        """
        return self._subjects.get(
            (subject_id, wrapped), lambda: opener(self.subject_keys(subject_id, wrapped))
        )

    def forget_subjects(self) -> None:
        """Drop the opened keys of all people: somebody was erased."""
        self._subjects.clear()


def sites_in_order(keys: Sequence[bytes], wrapped: Mapping[str, bytes]) -> list[Fernet]:
    """Return the site keys, that with which the data keys are wrapped now first.

    A newer one in the source is not used before the rotation has put it to use for everybody.
    """
    sites = [Fernet(key) for key in keys]
    return sorted(sites, key=lambda site: not _fits(site, wrapped[SEAL]))


def _fits(site: Site, wrapped: bytes) -> bool:
    try:
        site.decrypt(wrapped)
    except InvalidToken:
        return False
    return True


def new_data_keys(site: Site, purposes: Iterable[str] = PURPOSES) -> dict[str, bytes]:
    """Return new wrapped data keys of these purposes."""
    now = datetime.now(UTC)
    keys = {
        purpose: pack_keys((new_key(now),)) if purpose in SEALING else secrets.token_bytes(32)
        for purpose in purposes
    }
    return {purpose: wrap(site, f"data:{purpose}", key) for purpose, key in keys.items()}


def require_fitting(site: Site, wrapped: Mapping[str, bytes]) -> None:
    """Raise DecryptionFailed when these keys were wrapped with another site key."""
    for purpose, key in wrapped.items():
        unwrap(site, f"data:{purpose}", key)


def wrap(site: Site, label: str, key: bytes) -> bytes:
    """Seal a key together with what it is for; the time is left out of the token."""
    tag = label.encode()
    return site.encrypt_at_time(len(tag).to_bytes(2, "big") + tag + key, 0)


def unwrap(site: Site, label: str, wrapped: bytes) -> bytes:
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
            "The site key here is not the one that wraps the keys of this database: it is of "
            "another site, or a former one. It is in keys/site.key, unless ROLLBOOK_SITE_KEY, "
            "ROLLBOOK_KEY_SOURCE or ROLLBOOK_KEY_COMMAND says where. The right one is on the "
            "newest recovery sheet: rollbook keys recover. Nothing was changed."
        ) from error
    if not text.startswith(prefix):
        raise DecryptionFailed("A key in the database was put in the place of another one.")
    return text[len(prefix) :]
