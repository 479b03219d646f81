"""Bringing an installation back where there is none yet."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rollbook.domain.backups import Progress, Restored
    from rollbook.settings import Settings


def restore_to(
    settings: Settings,
    source: str,
    bundle: str | None,
    at: datetime,
    by: str,
    replace: bool,
    progress: Progress,
) -> Restored:
    """Prove a backup, and bring it back into the settings' home or onto their server.

    Raises:
        NotFound: there is no backup, no key bundle, or no site key in the new home yet.
        AlreadyExists: there is an installation, and `replace` is false.
        DecryptionFailed: the backup was changed, or needs another site key.
        RegisterTampered: its register does not hold.
    """
    from rollbook.bootstrap.keys import key_source
    from rollbook.storage.backup.returning import NewHome, bring_back, find

    server = settings.database_url
    if server is not None and server.startswith("sqlite"):
        server = None
    new = NewHome(settings.home, settings.keys_dir, key_source(settings), server)
    return bring_back(find(source, bundle, new, progress), new, at, by, replace, progress)
