"""Who is asking: the account of a browser's session, or what another area can tell."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask, Request, g, request, session

from rollbook.bootstrap import App
from rollbook.domain.access import Actor
from rollbook.domain.accounts import User
from rollbook.domain.ports import UnitOfWork
from rollbook.services.own_groups import groups_seen
from rollbook.web.parts import parts

USER = "_user_id"  # where Flask-Login keeps the user's uniquifier
Loader = Callable[[App, Request], Actor | None]
_LOADERS = "rollbook.loaders"


def init_app(app: Flask) -> None:
    """Find out who is asking before each request."""
    app.extensions.setdefault(_LOADERS, [])

    @app.before_request
    def _find() -> None:
        g.actor = None
        if request.endpoint == "static":
            return
        g.actor = actor_of_session(parts(), session.get(USER)) or _told_by_areas(app)


def also(app: Flask, loader: Loader) -> None:
    """Let an area tell who is asking when nobody is signed in: a kiosk's key, an API token."""
    app.extensions.setdefault(_LOADERS, []).append(loader)


def _told_by_areas(app: Flask) -> Actor | None:
    for loader in app.extensions[_LOADERS]:
        found: Actor | None = loader(parts(), request)
        if found is not None:
            return found
    return None


def actor_of_session(app: App, uniquifier: object) -> Actor | None:
    """Return who has this uniquifier, when the account is active."""
    if not isinstance(uniquifier, str) or not uniquifier:
        return None
    with app.uow() as uow:
        user = uow.users.by_uniquifier(uniquifier)
        return actor_of_user(uow, user, app) if user is not None and user.active else None


def actor_of_token(app: App, token: str) -> Actor | None:
    """Return who is signed in with this session's token."""
    if not token:
        return None
    with app.uow() as uow:
        found = uow.web_sessions.get(token)
        if found is None or found.expires_at <= app.clock.now():
            return None
    return actor_of_session(app, found.data.get(USER))


def actor_of_user(uow: UnitOfWork, user: User, app: App) -> Actor:
    """Return the actor of an account, with the groups that it has today."""
    seen = groups_seen(uow, user, app.today())
    return Actor(user.user_id, user.role, user.shown, user.subject_id, seen)
