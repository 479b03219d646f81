"""A backup in the home before the tables are changed, so that there is a way back."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, text

from rollbook.errors import StorageUnavailable
from rollbook.storage.backup.bundle import write_bundle
from rollbook.storage.backup.container import DATA
from rollbook.storage.backup.keying import SiteKeys
from rollbook.storage.backup.naming import left_over, of_kind
from rollbook.storage.backup.places import Place
from rollbook.storage.backup.writing import Origin, no_progress, write_data
from rollbook.storage.copies import BACKUPS

KEPT = 2  # such backups stay in the home
LOCAL = "in the home"  # stands for the site in their heads

log = logging.getLogger(__name__)


def back_up_first(connection: Connection, keys_dir: Path, keys: tuple[bytes, ...]) -> None:
    """Write a backup to `backups/` in the home, unless there is nothing in the database yet.

    Raises:
        StorageUnavailable: it cannot be written, so nothing is changed.
    """
    if not connection.execute(text("SELECT number FROM heads")).scalar():
        return
    home = keys_dir.parent
    folder = home / BACKUPS
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise StorageUnavailable(
            "The tables have to be changed, and a backup is made first, but %(folder)s cannot be "
            "written: %(why)s. Nothing was changed.",
            folder=folder,
            why=error.strerror,
        ) from error
    place = Place(str(folder))
    for name in left_over(place.names()):
        place.delete(name)
    origin, now = Origin(connection.engine, SiteKeys(keys), keys_dir, LOCAL), datetime.now(UTC)
    made = write_data(origin, place, now, no_progress)
    write_bundle(origin, place, now)
    for name in of_kind(place.names(), DATA)[KEPT:]:
        place.delete(name)
    log.info("the tables change; a backup was made first: %s", made.name)
