"""The blueprint of the area, and how much its routes take."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request

from rollbook.services.archive import LARGEST_ARCHIVE

MEGABYTE = 1024 * 1024
PICTURES = 100 * MEGABYTE  # of one form with photographs
FRAME = 2 * MEGABYTE  # one picture of a browser's camera

LIMITS = {
    "people.add_samples": PICTURES,
    "people.frame": FRAME,
    "people.upload": LARGEST_ARCHIVE + 32 * MEGABYTE,
}

blueprint = Blueprint("people", __name__, url_prefix="/people")


@blueprint.url_value_preprocessor
def _limit(endpoint: str | None, values: dict[str, Any] | None) -> None:
    """Say how much the route takes, before anything looks into the form."""
    if endpoint in LIMITS:
        request.max_content_length = LIMITS[endpoint]
