"""The blueprint that the parts of this area share."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, current_app

blueprint = Blueprint("safety", __name__, url_prefix="/safety")


@blueprint.context_processor
def _known() -> dict[str, Callable[[str], bool]]:
    """Let templates link to a part only where it is there."""
    return {"has_endpoint": lambda name: name in current_app.view_functions}
