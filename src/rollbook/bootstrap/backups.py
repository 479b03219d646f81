"""Parts about backups."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from rollbook.bootstrap.cameras import CameraParts

if TYPE_CHECKING:
    from rollbook.services.backups import Backups
    from rollbook.services.erasure_list import ErasedList
    from rollbook.storage.erasures import ErasureList


class BackupParts(CameraParts):
    """What is kept elsewhere, in case this machine breaks."""

    @cached_property
    def backups(self) -> Backups:
        from rollbook.services.backups import Backups
        from rollbook.storage.backup.archive import HomeArchive

        archive = HomeArchive(self.database, self.settings.home, self.settings.keys_dir)
        return Backups(self.uow, self.clock, archive, lambda: self.zone, self.erased_list.mend)

    @cached_property
    def erased_list(self) -> ErasedList:
        """What keeps the signed list of erased people complete."""
        from rollbook.services.erasure_list import ErasedList
        from rollbook.storage.remains import ListOfErased

        return ErasedList(self.uow, self.clock, lambda: ListOfErased(self.erasure_list))

    @property
    def erasure_list(self) -> ErasureList:
        """The signed list of erased people, beside the keys."""
        from rollbook.storage.erasures import ErasureList

        with self.uow() as uow:
            public_key = uow.vault.public_key
        return ErasureList(self.settings.keys_dir, public_key, self._sign)

    def _sign(self, purpose: str, message: bytes) -> bytes:
        with self.uow() as uow:
            return uow.vault.sign(purpose, message)
