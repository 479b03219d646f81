"""Seals payloads so that only their owner and purpose open them again."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from sqlalchemy import delete, insert, select

from rollbook.errors import DecryptionFailed
from rollbook.storage.connecting import hold_keys
from rollbook.storage.former_keys import FormerKeys
from rollbook.storage.keys import BACKUP, SEAL, KeyRing, Keys, opener, unwrap, wrap
from rollbook.storage.live_keys import LiveKeys
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


def seal_over(key: Fernet | MultiFernet, token: bytes) -> bytes:
    """Return a token sealed once more; what it was is kept as bytes, which takes less room."""
    return key.encrypt_at_time(base64.urlsafe_b64decode(token), 0)


def open_over(key: Fernet | MultiFernet, token: bytes) -> bytes:
    """Return the token that `seal_over` sealed, or one that is not sealed so, as it is.

    What earlier versions wrote is sealed with the subject's key alone; that key finds a wrong one.
    """
    try:
        return base64.urlsafe_b64encode(key.decrypt(token))
    except InvalidToken:
        return token


def seal(key: Fernet | MultiFernet, plaintext: bytes, purpose: str, owner: str) -> bytes:
    """Return a token. Its time field is zero: a Fernet token would tell when it was made."""
    return key.encrypt_at_time(bind(purpose, owner) + plaintext, 0)


def unseal(key: Fernet | MultiFernet, token: bytes, purpose: str, owner: str) -> bytes:
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

    def __init__(self, connection: Connection, keys: LiveKeys) -> None:
        self._connection = connection
        self._keys = keys
        self._wrapped: dict[str, bytes] = {}  # keys of subjects that this transaction has read
        self._held: dict[str, bytes] = {}  # those of them that cannot be exchanged meanwhile

    @property
    def _ring(self) -> KeyRing:
        return self._keys.ring

    def seal(self, plaintext: bytes, *, purpose: str, owner: str, key: str = SEAL) -> bytes:
        self.hold()
        return seal(self._ring.sealing[key], plaintext, purpose, owner)

    def open(self, token: bytes, *, purpose: str, owner: str, key: str = SEAL) -> bytes:
        """Open; what earlier versions sealed had one key for all purposes."""
        return self._opened(lambda: self._open(token, purpose, owner, key))

    def owner_of(self, token: bytes, *, purpose: str, key: str = SEAL) -> str | None:
        """Return whose payload of this purpose it is, or None where it cannot be opened."""
        start = len(purpose.encode()).to_bytes(2, "big") + purpose.encode()
        for opening in (self._ring.sealing[key], self._ring.seal):
            try:
                text = opening.decrypt(token)
            except InvalidToken:
                continue
            length = int.from_bytes(text[len(start) : len(start) + 2], "big")
            owner = text[len(start) + 2 : len(start) + 2 + length]
            return owner.decode() if text.startswith(start) else None
        return None

    def open_file(self, token: bytes, *, purpose: str, owner: str) -> bytes:
        """Open what left the database sealed with `key="backup"`, also before a rotation.

        Raises:
            DecryptionFailed: another site sealed it, or it was changed.
        """
        try:
            return self.open(token, purpose=purpose, owner=owner, key=BACKUP)
        except DecryptionFailed:
            former = self._former().files()
            if not former:
                raise
            return unseal(opener(former), token, purpose, owner)

    def seal_for(
        self, subject_id: str, plaintext: bytes, *, purpose: str, key: str | None = None
    ) -> bytes:
        token = seal(self._key_to_seal_for(subject_id), plaintext, purpose, subject_id)
        return token if key is None else seal_over(self._ring.sealing[key], token)

    def open_for(
        self, subject_id: str, token: bytes, *, purpose: str, key: str | None = None
    ) -> bytes:
        return self._opened(lambda: self._open_for(subject_id, token, purpose, key))

    def _open(self, token: bytes, purpose: str, owner: str, key: str) -> bytes:
        try:
            return unseal(self._ring.sealing[key], token, purpose, owner)
        except DecryptionFailed:
            if key == SEAL:
                raise
            return unseal(self._ring.seal, token, purpose, owner)

    def _open_for(self, subject_id: str, token: bytes, purpose: str, key: str | None) -> bytes:
        if subject_id not in self._wrapped:
            self.load_keys([subject_id])
        if subject_id not in self._wrapped:
            raise DecryptionFailed("The person's key was destroyed: they were erased.")
        inner = token if key is None else open_over(self._ring.sealing[key], token)
        opening = self._ring.subject_key(subject_id, self._wrapped[subject_id])
        return unseal(opening, inner, purpose, subject_id)

    def _opened(self, attempt: Callable[[], bytes]) -> bytes:
        """Return what the attempt gives; once more with new keys when they were changed."""
        self._keys.look_now_and_then(self._connection)
        try:
            return attempt()
        except DecryptionFailed:
            if not self._keys.look(self._connection):
                raise
            self._wrapped.clear()
            return attempt()

    def _key_to_seal_for(self, subject_id: str) -> MultiFernet:
        self.hold()
        if subject_id not in self._held:
            self._wrapped.pop(subject_id, None)  # it may have been exchanged since it was read
            self.load_keys([subject_id])
            if subject_id not in self._wrapped:
                self.make_keys([subject_id])
            self._held[subject_id] = self._wrapped[subject_id]
        return self._ring.subject_key(subject_id, self._held[subject_id])

    def key_of(self, subject_id: str) -> MultiFernet | None:
        """Return a subject's key, None when it was destroyed."""
        self.load_keys([subject_id])
        wrapped = self._wrapped.get(subject_id)
        return None if wrapped is None else self._ring.subject_key(subject_id, wrapped)

    def keys_of(self, subject_id: str) -> Keys:
        """Return all keys of a subject, newest first; none when they were destroyed."""
        self.load_keys([subject_id])
        wrapped = self._wrapped.get(subject_id)
        return () if wrapped is None else self._ring.subject_keys(subject_id, wrapped)

    def hold(self) -> None:
        """Take the newest keys and keep them until the transaction ends; it writes from now on."""
        if hold_keys(self._connection):
            self._held.clear()
            self._keys.look(self._connection)

    def wrap_key(self, label: str, key: bytes) -> bytes:
        """Return a key wrapped with the site key."""
        self.hold()
        return wrap(self._ring.site, label, key)

    def unwrap_key(self, label: str, wrapped: bytes) -> bytes:
        """Return a key that was wrapped for the same label.

        Raises:
            DecryptionFailed: another site key, or a key that was wrapped for something else.
        """
        return self._opened(lambda: unwrap(self._ring.site, label, wrapped))

    def _former(self) -> FormerKeys:
        self._keys.look(self._connection)
        return FormerKeys(self._connection, self._ring.site)

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

    @property
    def site_key(self) -> Fernet | MultiFernet:
        """The key that wraps all others."""
        return self._ring.site

    def make_keys(self, subject_ids: Iterable[str]) -> None:
        """Make keys of subjects that have none."""
        self.hold()
        wrapped = {subject: self._ring.new_subject_key(subject) for subject in subject_ids}
        if wrapped:
            rows = [{"subject_id": subject, "wrapped": key} for subject, key in wrapped.items()]
            self._connection.execute(insert(subject_keys), rows)
        self._wrapped.update(wrapped)
        self._held.update(wrapped)

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
        self._held.pop(subject_id, None)
        self._connection.execute(
            delete(subject_keys).where(subject_keys.c.subject_id == subject_id)
        )

    def forget(self) -> None:
        """Drop the keys of this transaction: another one may have destroyed some."""
        self._wrapped.clear()
        self._held.clear()
