"""Bringing an installation back where there is none yet."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rollbook.errors import NewerDatabase

if TYPE_CHECKING:
    from rollbook.domain.backups import Progress, Restored
    from rollbook.settings import Settings

BY = "terminal"


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

    new = NewHome(settings.home, settings.keys_dir, key_source(settings), settings.database_url)
    return bring_back(find(source, bundle, new, progress), new, at, by, replace, progress)


def back_up_server(settings: Settings, folder: Path, progress: Progress) -> None:
    """Write a backup of a database on a server, and its key bundle, into a new folder.

    Raises:
        StorageUnavailable: it cannot be read or written.
    """
    from rollbook.bootstrap.app import build

    folder.mkdir(mode=0o700, parents=True)
    build(settings).backups.back_up_to(str(folder), BY, 1, progress)


def put_server_back(settings: Settings, folder: Path) -> None:
    """Bring the backup of `back_up_server` back, unless the tables were left as they were.

    A migration that fails undoes itself; only one that went well and did not prove is undone here.
    """
    from rollbook.bootstrap.app import build

    try:
        build(settings)
    except NewerDatabase:
        now = datetime.now(UTC)
        restore_to(settings, str(folder), None, now, BY, True, lambda done, total: None)
