"""The blueprint of the area."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("privacy", __name__, url_prefix="/privacy")
