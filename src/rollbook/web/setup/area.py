"""The blueprint of set-up and of the site's settings."""

from __future__ import annotations

from flask import Blueprint
from flask.blueprints import BlueprintSetupState

from rollbook.web.setup import gate
from rollbook.web.setup.words import status_words

blueprint = Blueprint("setup", __name__)


@blueprint.record_once
def _init(state: BlueprintSetupState) -> None:
    gate.init_app(state.app)
    state.app.jinja_env.globals["status_words"] = status_words
