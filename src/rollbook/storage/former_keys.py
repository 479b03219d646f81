"""Keys that were retired, and that copies outside of the database still need.

An older backup was wrapped with the site key of its day, and an exported file was sealed with a
key that rotation has replaced since. They are kept under the present site key.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from cryptography.fernet import Fernet, MultiFernet
from sqlalchemy import Connection, delete, insert, select

from rollbook.storage.codec import from_json, to_json
from rollbook.storage.connecting import hold_keys
from rollbook.storage.keys import DatedKey, pack_keys, unpack_keys, unwrap, wrap
from rollbook.storage.tables import data_keys

FORMER = "former"  # the row of `data_keys`
LABEL = f"data:{FORMER}"
SITE, FILES = "site", "files"
Kept = dict[str, list[DatedKey]]  # `since` tells when they were retired


class FormerKeys:
    """The former keys of one transaction."""

    def __init__(self, connection: Connection, site: Fernet | MultiFernet) -> None:
        self._connection = connection
        self._site = site

    def site(self) -> Sequence[DatedKey]:
        """Return former site keys, newest first; `since` tells when each was retired."""
        return self._read().get(SITE, [])

    def files(self) -> Sequence[DatedKey]:
        """Return former keys of files, newest first; `since` tells when each was retired."""
        return self._read().get(FILES, [])

    def keep(self, what: str, keys: Iterable[bytes], until: datetime, retired_by: str = "") -> None:
        """Add keys that are retired now, unless they are there; `made_by` is then who did it."""
        kept = self._read()
        known = {one.key for one in kept.get(what, [])}
        new = [DatedKey(key, until, retired_by) for key in keys if key not in known]
        if new:
            self._write({**kept, what: new + kept.get(what, [])})

    def forget_site(self, before: datetime) -> int:
        """Destroy site keys that were retired before; return how many were."""
        kept = self._read()
        old = kept.get(SITE, [])
        needed = [one for one in old if one.since is None or one.since >= before]
        if len(needed) < len(old):
            self._write({**kept, SITE: needed})
        return len(old) - len(needed)

    def _read(self) -> Kept:
        query = select(data_keys.c.wrapped).where(data_keys.c.purpose == FORMER)
        wrapped = self._connection.execute(query).scalar()
        return {} if wrapped is None else opened_former(self._site, bytes(wrapped))

    def _write(self, kept: Kept) -> None:
        hold_keys(self._connection)
        fields = {what: pack_keys(tuple(keys)).decode() for what, keys in kept.items() if keys}
        row = {"purpose": FORMER, "wrapped": wrap(self._site, LABEL, to_json(fields))}
        self._connection.execute(delete(data_keys).where(data_keys.c.purpose == FORMER))
        self._connection.execute(insert(data_keys).values(row))


def opened_former(site: Fernet | MultiFernet, wrapped: bytes) -> Kept:
    """Return the former keys that a database or a key bundle holds.

    Raises:
        DecryptionFailed: another site key wrapped them.
    """
    fields = from_json(unwrap(site, LABEL, wrapped))
    return {what: list(unpack_keys(keys.encode())) for what, keys in fields.items()}
