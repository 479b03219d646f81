"""The area's routes: people's own codes and PINs, and those that staff hand out."""

from __future__ import annotations

from rollbook.web.codes import mine, staff  # noqa: F401 - add routes
from rollbook.web.codes.area import blueprint

__all__ = ["blueprint"]
