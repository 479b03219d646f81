"""Keys and backups: each part adds its pages to the blueprint of the area."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

from rollbook.web.safety import backups
from rollbook.web.safety.area import blueprint

if find_spec("rollbook.web.safety.keys") is not None:
    import_module("rollbook.web.safety.keys")

__all__ = ["backups", "blueprint"]
