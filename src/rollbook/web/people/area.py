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

LONG_FORMS = {"people.write_year", "people.write_leavers", "people.write_move"}
MOST_PARTS = 25_000  # a field for each group, or for each of the people who are ticked

blueprint = Blueprint("people", __name__, url_prefix="/people")


@blueprint.url_value_preprocessor
def _limit(endpoint: str | None, values: dict[str, Any] | None) -> None:
    """Say how much the route takes, before anything looks into the form."""
    if endpoint in LIMITS:
        request.max_content_length = LIMITS[endpoint]
    if endpoint in LONG_FORMS:
        request.max_form_parts = MOST_PARTS
