"""Flask's session, kept by the server: the cookie holds a random token and nothing else."""

from __future__ import annotations

import logging
import secrets
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from flask import Flask, Request, Response, session
from flask.sessions import SessionInterface, SessionMixin
from werkzeug.datastructures import CallbackDict

from rollbook.bootstrap import App
from rollbook.domain.accounts import WebSession
from rollbook.domain.ports import UnitOfWork
from rollbook.errors import StorageError
from rollbook.web.errors import page_of, sentence
from rollbook.web.identity import USER
from rollbook.web.parts import KEY, WebOptions

log = logging.getLogger(__name__)

SIGNED_IN = timedelta(hours=10)  # without being used, a signed-in session lasts so long
ANONYMOUS = timedelta(hours=1)
MOST_ANONYMOUS = 10_000  # who asks for pages again and again, without a cookie, fills no disk
TIDY_EVERY = 250  # new sessions
TOUCH = timedelta(minutes=2)  # so often it is written that a session is used


class ServerSession(CallbackDict[str, Any], SessionMixin):
    """The data of one browser; `token` is what its cookie holds."""

    def __init__(
        self, data: dict[str, Any] | None = None, stored: WebSession | None = None
    ) -> None:
        def changed(_data: CallbackDict[str, Any]) -> None:
            self.modified = True

        super().__init__(data, changed)
        self.stored = stored
        self.user_before = self.get(USER)
        self.modified = False
        self.new = stored is None
        self.failure: StorageError | None = None  # why it is not known who asks

    @property
    def token(self) -> str | None:
        return None if self.stored is None else self.stored.token

    def is_due(self, now: datetime) -> bool:
        """Return whether it has to be written that the session is used."""
        return self.stored is not None and now - self.stored.seen_at >= TOUCH


class ServerSessions(SessionInterface):
    """Opens and saves sessions in the database, digests of tokens and sealed data."""

    def __init__(self, options: WebOptions) -> None:
        self._options = options
        self._made = count()

    def open_session(self, app: Flask, request: Request) -> ServerSession:
        token = request.cookies.get(self._options.session_cookie, "")
        parts: App = app.extensions[KEY]
        if not token or request.path.startswith("/static/"):
            return ServerSession()
        try:
            with parts.uow() as uow:
                found = uow.web_sessions.get(token)
        except StorageError as error:
            unknown = ServerSession()
            unknown.failure = error
            return unknown
        if found is None or found.expires_at <= parts.clock.now():
            return ServerSession()
        return ServerSession(dict(found.data), found)

    def save_session(  # type: ignore[override]
        self, app: Flask, session: ServerSession, response: Response
    ) -> None:
        parts: App = app.extensions[KEY]
        now = parts.clock.now()
        if session.failure is not None:
            return  # the browser keeps its cookie for when the database is back
        if session.accessed or session.modified:
            response.vary.add("Cookie")
        if not session and session.stored is None:
            return
        if not session.modified and not session.is_due(now):
            return
        try:
            with parts.uow() as uow:
                token = self._written(uow, session, now)
                uow.commit()
        except StorageError as error:
            _not_saved(session, response, error)
        else:
            self._set_cookie(response, token)

    def _written(self, uow: UnitOfWork, session: ServerSession, now: datetime) -> str | None:
        """Write the session and return its token; another one when somebody else signed in.

        A session that was ended while the request was on its way stays ended.
        """
        token = session.token
        if token is not None and (not session or session.get(USER) != session.user_before):
            uow.web_sessions.remove(token)  # a token from before signing in is worth nothing after
            token = None
        if not session:
            return None
        signed_in = session.get(USER)
        user = uow.users.by_uniquifier(signed_in) if isinstance(signed_in, str) else None
        lasts = SIGNED_IN if user is not None else ANONYMOUS
        if token is not None and not session.modified:
            return token if uow.web_sessions.touch(token, now, now + lasts) else None
        user_id = None if user is None else user.user_id
        if token is not None:
            kept = WebSession(token, user_id, now, now + lasts, dict(session))
            return token if uow.web_sessions.replace(kept) else None
        token = secrets.token_urlsafe(32)
        if next(self._made) % TIDY_EVERY == TIDY_EVERY - 1:
            uow.web_sessions.purge(now)
            uow.web_sessions.trim(MOST_ANONYMOUS)
        uow.web_sessions.put(WebSession(token, user_id, now, now + lasts, dict(session)))
        return token

    def _set_cookie(self, response: Response, token: str | None) -> None:
        name, secure = self._options.session_cookie, self._options.secure
        if token is None:
            response.delete_cookie(name, path="/", secure=secure, httponly=True, samesite="Lax")
            return
        response.set_cookie(name, token, path="/", secure=secure, httponly=True, samesite="Lax")


def _not_saved(session: ServerSession, response: Response, error: StorageError) -> None:
    """Say so where the page is worth nothing without its session; all others are shown."""
    log.warning("a session was not saved: %s", type(error).__name__)
    if session.stored is not None and session.get(USER) == session.user_before:
        return
    told = page_of(503, sentence(error))
    response.headers.pop("Location", None)
    response.status_code, response.mimetype = told.status_code, told.mimetype
    response.headers["Retry-After"] = told.headers["Retry-After"]
    response.set_data(told.get_data())


def init_app(app: Flask, options: WebOptions) -> None:
    """Keep sessions on the server; refuse requests of which it cannot be known who asks."""
    app.session_interface = ServerSessions(options)

    @app.before_request
    def _known() -> None:
        failure = getattr(session, "failure", None)
        if failure is not None:
            raise failure
