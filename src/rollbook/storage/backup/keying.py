"""The key of one backup file: made anew for it, and wrapped by the site key.

Not by a key of the database: the file has to open on an empty machine with what the recovery sheet
gives back, and before a migration of a database that has no key for backups yet.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field

from cryptography.fernet import Fernet, MultiFernet
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from rollbook.errors import DecryptionFailed
from rollbook.storage.backup.container import Head
from rollbook.storage.keys import unwrap, wrap


@dataclass(frozen=True)
class SiteKeys:
    """The site keys as their source gives them, newest first, and former ones."""

    present: tuple[bytes, ...] = field(repr=False)  # one, or two while it is being replaced
    former: tuple[bytes, ...] = field(default=(), repr=False)  # older files may need them

    @property
    def site(self) -> Fernet:
        """Return what wraps."""
        return Fernet(self.present[0])

    @property
    def all(self) -> MultiFernet:
        """Return what opens with each of them."""
        return MultiFernet([Fernet(key) for key in (*self.present, *self.former)])

    @property
    def key_id(self) -> str:
        """Return what the key that wraps is called by."""
        return key_id(self.present[0])

    def new_file_key(self, file_id: str) -> tuple[bytes, bytes]:
        """Return a key of 32 bytes, and the same wrapped."""
        key = AESGCM.generate_key(256)
        return key, wrap(self.site, _label(file_id), base64.b64encode(key))

    def file_key(self, head: Head) -> bytes:
        """Return the key of a file.

        Raises:
            DecryptionFailed: another site key is needed; the text says which.
        """
        try:
            return base64.b64decode(unwrap(self.all, _label(head.file_id), head.wrapped))
        except DecryptionFailed as error:
            raise DecryptionFailed(
                f"This backup of {head.made_at[:10]} opens with the site key {head.key_id}; the "
                f"one here is {self.key_id}. Recover that key from its recovery sheet, or give "
                "the newest key bundle with --bundle."
            ) from error


def key_id(key: bytes) -> str:
    """Return what a site key is called by; it tells nothing of the key."""
    digits = hashlib.sha256(b"rollbook site key " + key).hexdigest()[:12]
    return "-".join(digits[at : at + 4] for at in (0, 4, 8))


def _label(file_id: str) -> str:
    return f"backup:{file_id}"
