"""All routes of the area."""

from __future__ import annotations

from rollbook.web.people import (
    adding,
    bulk,
    camera,
    groups,
    imports,
    listing,
    person,
    record,
    samples,
    tasks,
)
from rollbook.web.people.area import blueprint

__all__ = [
    "adding",
    "blueprint",
    "bulk",
    "camera",
    "groups",
    "imports",
    "listing",
    "person",
    "record",
    "samples",
    "tasks",
]
