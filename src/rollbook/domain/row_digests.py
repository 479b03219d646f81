"""Digests of rows outside of the register, which its entries keep, so that old rows are found.

The seal of a row that was copied before a change is genuine. Only an entry of the register, which
nobody can take out unseen, tells that it is not the last one.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Protocol

ACCOUNT, PASSKEYS, STAFF = "account", "passkeys", "staff"  # by the id of the account
MEMBER = "member"  # by the ids of group and person
SETTING = "setting"  # by name
EVERYTHING = "everything"  # in an entry: what it does not name was not there
NOTHING = ""  # the digest of what is gone

RowDigests = Mapping[str, Mapping[str, str]]
"""Digests in hex by topic and by what they are about."""

NOTES = frozenset({"backup_runs", "last marks", "purge begun"})
NOTES_BEGIN = "erasing "  # the names of settings that hold what is still to be erased


def is_compared(setting: str) -> bool:
    """Return whether a setting is one, and not a note of work, which changes by itself.

    >>> is_compared("retention"), is_compared("purge begun")
    (True, False)
    """
    return setting not in NOTES and not setting.startswith(NOTES_BEGIN)


class ComparedRows(Protocol):
    """The rows whose digests are in the register."""

    def digests(self) -> RowDigests:
        """Return the digests of all rows that are there now.

        Raises:
            DecryptionFailed: a row does not open.
        """
        ...


class RowStates:
    """What entries say of rows, gathered from the first entry on."""

    def __init__(self) -> None:
        self.since = 0  # the entry from which on every row is known; 0: there is none
        self._told: dict[tuple[str, str], tuple[int, str]] = {}

    def hear(self, number: int, rows: Mapping[str, object]) -> None:
        """Take in what one entry tells."""
        if rows.get(EVERYTHING):
            self.since = self.since or number
        for topic, told in rows.items():
            if isinstance(told, Mapping):
                for key, digest in told.items():
                    self._told[topic, str(key)] = (number, str(digest))

    def differences(self, there: RowDigests) -> list[tuple[int, str, str]]:
        """Return entry, topic and key of what is not as it was told, and of what was never told."""
        found = [
            (number, topic, key)
            for (topic, key), (number, digest) in self._told.items()
            if there.get(topic, {}).get(key, NOTHING) != digest
        ]
        if self.since:
            found += [
                (self.since, topic, key)
                for topic, digests in there.items()
                for key in self._untold(topic, digests)
            ]
        return sorted(found)

    def _untold(self, topic: str, keys: Collection[str]) -> list[str]:
        return [key for key in keys if (topic, key) not in self._told]
