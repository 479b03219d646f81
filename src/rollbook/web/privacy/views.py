"""The area of privacy: its modules, and its first page."""

from __future__ import annotations

from rollbook.web.privacy import erasing
from rollbook.web.privacy.area import blueprint

__all__ = ["blueprint", "erasing"]
