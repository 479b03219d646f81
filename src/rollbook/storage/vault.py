"""Seals payloads so that only their owner and purpose open them again."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from cryptography.fernet import Fernet, InvalidToken
from sqlalchemy import delete, insert, select

from rollbook.errors import DecryptionFailed
from rollbook.storage.keys import KeyRing
from rollbook.storage.mac import Mac
from rollbook.storage.tables import subject_keys

if TYPE_CHECKING:
    from sqlalchemy import Connection

BLOCK = 500  # ids in one query


def bind(purpose: str, owner: str) -> bytes:
    """Return what stands before a payload: purpose and owner, each with its length.

    >>> bind("name", "ab")
    b'\\x00\\x04name\\x00\\x02ab'
    """
    tags = (purpose.encode(), owner.encode())
    return b"".join(len(tag).to_bytes(2, "big") + tag for tag in tags)


def seal(key: Fernet, plaintext: bytes, purpose: str, owner: str) -> bytes:
    """Return a token. Its time field is zero: a Fernet token would tell when it was made."""
    return key.encrypt_at_time(bind(purpose, owner) + plaintext, 0)


def unseal(key: Fernet, token: bytes, purpose: str, owner: str) -> bytes:
    """Return the plaintext.

    Raises:
        DecryptionFailed: wrong key, owner or purpose, or a changed token.
    """
    prefix = bind(purpose, owner)
    try:
        text = key.decrypt(token)
    except InvalidToken as error:
        raise DecryptionFailed(
            f"A sealed {purpose} cannot be opened: it was changed, or sealed with another key."
        ) from error
    if not text.startswith(prefix):
        raise DecryptionFailed(f"A sealed {purpose} lies in the place of another one.")
    return text[len(prefix) :]


class SqlVault:
    """The vault of one transaction: a subject's key is made, used and destroyed within it."""

    def __init__(self, connection: Connection, ring: KeyRing) -> None:
        self._connection = connection
        self._ring = ring
        self._wrapped: dict[str, bytes] = {}  # keys of subjects that this transaction has read

    def seal(self, plaintext: bytes, *, purpose: str, owner: str) -> bytes:
        return seal(self._ring.seal, plaintext, purpose, owner)

    def open(self, token: bytes, *, purpose: str, owner: str) -> bytes:
        return unseal(self._ring.seal, token, purpose, owner)

    def seal_for(self, subject_id: str, plaintext: bytes, *, purpose: str) -> bytes:
        if subject_id not in self._wrapped:
            self.load_keys([subject_id])
        if subject_id not in self._wrapped:
            self.make_keys([subject_id])
        key = self._ring.subject_key(subject_id, self._wrapped[subject_id])
        return seal(key, plaintext, purpose, subject_id)

    def open_for(self, subject_id: str, token: bytes, *, purpose: str) -> bytes:
        if subject_id not in self._wrapped:
            self.load_keys([subject_id])
        if subject_id not in self._wrapped:
            raise DecryptionFailed("The person's key was destroyed: they were erased.")
        key = self._ring.subject_key(subject_id, self._wrapped[subject_id])
        return unseal(key, token, purpose, subject_id)

    def blind(self, purpose: str, text: str) -> bytes:
        return self._ring.index.digest(bind(purpose, text))

    def mac(self, purpose: str, message: bytes) -> bytes:
        """Return 32 bytes that only who has the register's key can compute."""
        return self._ring.register.digest(bind(purpose, "") + message)

    def sign(self, purpose: str, message: bytes) -> bytes:
        """Return the site's signature, 64 bytes, for this purpose alone."""
        return self._ring.signer.sign(purpose, message)

    @property
    def public_key(self) -> bytes:
        """The 32 bytes with which others check the site's signatures."""
        return self._ring.signer.public_key

    @property
    def register_mac(self) -> Mac:
        """The digests of the register."""
        return self._ring.register

    def make_keys(self, subject_ids: Iterable[str]) -> None:
        """Make keys of subjects that have none."""
        wrapped = {subject: self._ring.new_subject_key(subject) for subject in subject_ids}
        if wrapped:
            rows = [{"subject_id": subject, "wrapped": key} for subject, key in wrapped.items()]
            self._connection.execute(insert(subject_keys), rows)
        self._wrapped.update(wrapped)

    def load_keys(self, subject_ids: Iterable[str]) -> None:
        """Fetch the keys of these subjects in few queries; they are unwrapped when needed."""
        query = select(subject_keys.c.subject_id, subject_keys.c.wrapped)
        wanted = [subject for subject in set(subject_ids) if subject not in self._wrapped]
        for start in range(0, len(wanted), BLOCK):
            block = query.where(subject_keys.c.subject_id.in_(wanted[start : start + BLOCK]))
            for subject_id, wrapped in self._connection.execute(block):
                self._wrapped[subject_id] = wrapped

    def know_key(self, subject_id: str, wrapped: bytes) -> None:
        """Take a key that came with another query."""
        self._wrapped[subject_id] = wrapped

    def destroy_key(self, subject_id: str) -> None:
        """Make everything that was sealed for the subject unreadable for ever."""
        self._wrapped.pop(subject_id, None)
        self._connection.execute(
            delete(subject_keys).where(subject_keys.c.subject_id == subject_id)
        )

    def forget(self) -> None:
        """Drop the keys of this transaction: another one may have destroyed some."""
        self._wrapped.clear()
