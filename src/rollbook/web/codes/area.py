"""The area itself."""

from __future__ import annotations

import segno
from flask import Blueprint

blueprint = Blueprint("codes", __name__)


def picture_of(text: str) -> str:
    """Return a QR code as an address that an <img> shows."""
    made = segno.make(text, error="m", micro=False)
    return str(made.svg_data_uri(scale=8, border=4, dark="#000", light="#fff"))
