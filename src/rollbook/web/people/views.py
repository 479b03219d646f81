"""All routes of the area."""

from __future__ import annotations

from rollbook.web.people import adding, camera, groups, listing, person, removal, samples
from rollbook.web.people.area import blueprint

__all__ = [
    "adding",
    "blueprint",
    "camera",
    "groups",
    "listing",
    "person",
    "removal",
    "samples",
]
