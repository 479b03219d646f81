"""Gathers the pages of this area."""

from __future__ import annotations

from rollbook.web.attending import history, paper, photo, register  # noqa: F401 - add routes
from rollbook.web.attending.blueprint import blueprint as blueprint
