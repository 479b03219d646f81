"""The blueprint of signing in and accounts."""

from __future__ import annotations

from flask import Blueprint

from rollbook.web.accounts import security

blueprint = Blueprint("accounts", __name__)
blueprint.record_once(lambda state: security.init_app(state.app))
