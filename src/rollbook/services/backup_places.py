"""Places that get backups: those that are set up, and those where some lie all the same.

A key bundle that lies where nobody thinks of it outlives an erasure. So a place to which a backup
was made by hand, or that is no destination any more, is remembered until somebody says that
nothing lies there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import cast

from rollbook.domain.backups import Destination
from rollbook.domain.ports import UnitOfWork
from rollbook.domain.subjects import new_id

DESTINATIONS, ELSEWHERE = "backup_destinations", "backup_elsewhere"
Shown = Callable[[str], str]  # an address without its password


def kept_places(uow: UnitOfWork, which: str, shown: Shown) -> list[Destination]:
    """Return the places of one of the two lists."""
    kept = cast(Sequence[Mapping[str, str]], uow.site.get(which) or [])
    return [Destination(one["destination_id"], one["url"], shown(one["url"])) for one in kept]


def keep_places(uow: UnitOfWork, which: str, places: Sequence[Destination]) -> None:
    """Put these in the place of one of the two lists."""
    fields = [{"destination_id": one.destination_id, "url": one.url} for one in places]
    uow.site.set(which, fields)


def remember(uow: UnitOfWork, url: str, shown: Shown) -> None:
    """Remember that a backup lies there, unless that is known."""
    known = kept_places(uow, DESTINATIONS, shown)
    elsewhere = kept_places(uow, ELSEWHERE, shown)
    if all(one.url != url for one in (*known, *elsewhere)):
        keep_places(uow, ELSEWHERE, [*elsewhere, Destination(new_id(), url, shown(url))])


def take_off(uow: UnitOfWork, destination_id: str, shown: Shown) -> Destination | None:
    """Take a place off its list; return it, or None when neither names it.

    What was a destination is one where backups lie all the same. Taken off once more, it is
    forgotten.
    """
    known = kept_places(uow, DESTINATIONS, shown)
    elsewhere = kept_places(uow, ELSEWHERE, shown)
    for one in known:
        if one.destination_id == destination_id:
            keep_places(uow, DESTINATIONS, [other for other in known if other != one])
            keep_places(uow, ELSEWHERE, [*elsewhere, one])
            return one
    for one in elsewhere:
        if one.destination_id == destination_id:
            keep_places(uow, ELSEWHERE, [other for other in elsewhere if other != one])
            return one
    return None
