"""The application factory."""

from __future__ import annotations

import hashlib
from importlib import resources
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, abort, request, url_for
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_wtf import CSRFProtect

from rollbook.bootstrap import App
from rollbook.domain.access import Permission
from rollbook.errors import StorageError
from rollbook.services.refusals import Why
from rollbook.web import (
    access,
    areas,
    browser_sessions,
    errors,
    headers,
    identity,
    navigation,
    once,
    parts,
    texts,
    times,
    words,
)
from rollbook.web.parts import WebOptions
from rollbook.web.uploads import UploadRequest

MEGABYTE = 1024 * 1024

csrf = CSRFProtect()
limiter = Limiter(get_remote_address, default_limits=["3000 per minute"], storage_uri="memory://")


def create_app(installation: App, options: WebOptions | None = None) -> Flask:
    """Return the Flask application of one installation."""
    chosen = options or WebOptions()
    app = Flask(__name__)
    app.request_class = UploadRequest
    app.extensions[parts.KEY] = installation
    app.extensions["rollbook.options"] = chosen
    app.config.update(_config(installation, chosen))
    _guard_hosts(app, chosen)
    browser_sessions.init_app(app, chosen)
    texts.init_app(app)
    times.init_app(app)
    words.init_app(app)
    errors.init_app(app)
    identity.init_app(app)
    csrf.init_app(app)
    limiter.init_app(app)
    access.init_app(app)
    once.init_app(app)
    headers.init_app(app, secure=chosen.secure and chosen.hsts)
    _templates(app)
    for blueprint in areas.blueprints():
        app.register_blueprint(blueprint)
    return app


def _config(installation: App, options: WebOptions) -> dict[str, Any]:
    """Return Flask's settings; its secret follows from the site's keys, and is never written."""
    return {
        "SECRET_KEY": secret_of(installation, "flask"),
        "TESTING": options.testing,
        "WTF_CSRF_ENABLED": options.csrf,
        "WTF_CSRF_TIME_LIMIT": None,  # as long as the session, which ends by itself
        "WTF_CSRF_SSL_STRICT": options.secure,
        "RATELIMIT_ENABLED": options.limits,
        "MAX_CONTENT_LENGTH": 16 * MEGABYTE,  # a view that takes more says so
        "MAX_FORM_MEMORY_SIZE": 2 * MEGABYTE,
        "SESSION_COOKIE_SECURE": options.secure,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "PREFERRED_URL_SCHEME": "https" if options.secure else "http",
        "TEMPLATES_AUTO_RELOAD": False,
    }


def secret_of(installation: App, purpose: str) -> str:
    """Return a secret of this site that is the same after a restart."""
    with installation.uow() as uow:
        return uow.vault.blind("web secret", purpose).hex()


def _guard_hosts(app: Flask, options: WebOptions) -> None:
    """Refuse requests for another name: a page of somebody else may have led here."""

    @app.before_request
    def _check() -> None:
        host = urlsplit(f"//{request.host}").hostname or ""
        known = {name.strip("[]").lower() for name in options.hosts}
        if host.lower() not in known:
            access.note_refusal(None, Why.HOST)
            abort(400)


def _templates(app: Flask) -> None:
    versions: dict[str, str] = {}

    def asset(name: str) -> str:
        """Return the address of a static file, which changes with its content."""
        if name not in versions:
            data = resources.files("rollbook.web").joinpath("static", name).read_bytes()
            versions[name] = hashlib.sha256(data).hexdigest()[:12]
        return url_for("static", filename=name, v=versions[name])

    app.jinja_env.globals.update(
        asset=asset,
        actor=access.visitor,
        may=_may,
        main_links=lambda: navigation.links(navigation.MAIN),
        site_links=lambda: navigation.links(navigation.SITE),
        has_route=lambda endpoint: endpoint in app.view_functions,
        Permission=Permission,
        site_name=_site_name,
    )
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True


def _may(permission: Permission) -> bool:
    who = access.visitor()
    return who is not None and who.may(permission)


def _site_name() -> str:
    try:
        with parts.parts().uow() as uow:
            return str(uow.site.get("site_name") or "Rollbook")
    except StorageError:
        return "Rollbook"  # this may be the page that says so
