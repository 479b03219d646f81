"""Parts about backups."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from rollbook.bootstrap.cameras import CameraParts

if TYPE_CHECKING:
    from rollbook.services.backups import Backups


class BackupParts(CameraParts):
    """What is kept elsewhere, in case this machine breaks."""

    @cached_property
    def backups(self) -> Backups:
        from rollbook.services.backups import Backups
        from rollbook.storage.backup.archive import HomeArchive

        archive = HomeArchive(self.database, self.settings.home, self.settings.keys_dir)
        return Backups(self.uow, self.clock, archive, lambda: self.zone)
