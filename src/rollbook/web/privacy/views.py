"""The area of privacy: its modules, and its first page."""

from __future__ import annotations

from rollbook.web.privacy import access, erasing, papers, public, receipts, retention
from rollbook.web.privacy.area import blueprint

__all__ = ["access", "blueprint", "erasing", "papers", "public", "receipts", "retention"]
