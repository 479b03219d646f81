"""All pages of the area; importing them puts them on the blueprint."""

from __future__ import annotations

from rollbook.web.setup import first, settings, wizard
from rollbook.web.setup.area import blueprint

__all__ = ["blueprint", "first", "settings", "wizard"]
