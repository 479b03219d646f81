"""Tickets to the dashboard, and the cookie that they are exchanged for.

The cookie follows from the token of the browser's session, so that it is worth nothing without
that session, and nothing any more once somebody signed out.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from importlib.util import find_spec

from itsdangerous import BadData, URLSafeSerializer

from rollbook.bootstrap import App
from rollbook.dashboard.hosting import Visitor
from rollbook.domain.access import Permission
from rollbook.web import identity, texts
from rollbook.web.app import secret_of
from rollbook.web.parts import WebOptions

PATH = "/dashboard"
SCRIPTS = f"{PATH}/"  # where Streamlit answers
LASTS = timedelta(minutes=1)  # from the button to the dashboard


def is_possible() -> bool:
    """Return whether Streamlit is installed; it is not imported for that."""
    return find_spec("streamlit") is not None


def cookie_name(options: WebOptions) -> str:
    return "__Secure-rollbook-dashboard" if options.secure else "rollbook-dashboard"


class Entrance:
    """Lets browsers in that came by a ticket."""

    def __init__(self, parts: App, options: WebOptions) -> None:
        self._parts, self._options = parts, options
        self._secret = secret_of(parts, "dashboard")
        self._tickets = URLSafeSerializer(self._secret, salt="ticket")

    def ticket(self, token: str) -> str:
        """Return a ticket for the browser with this session; it can be used once, and soon."""
        at = self._parts.clock.now().isoformat()
        ticket = {"id": secrets.token_urlsafe(16), "for": self._bound("ticket", token), "at": at}
        return str(self._tickets.dumps(ticket))

    def redeem(self, ticket: str, token: str) -> bool:
        """Use a ticket up; False when it is not this browser's, too old, or was used already."""
        try:
            kept = self._tickets.loads(ticket)
        except BadData:
            return False
        now = self._parts.clock.now()
        own = hmac.compare_digest(kept["for"], self._bound("ticket", token))
        if not own or abs(now - datetime.fromisoformat(kept["at"])) > LASTS:
            return False
        with self._parts.uow() as uow:
            first = uow.replies.claim(f"dashboard ticket {kept['id']}", now)
            uow.commit()
        return first

    def cookie(self, token: str) -> str:
        """Return the value of the cookie that goes with a session."""
        return self._bound("cookie", token)

    def visitor(self, cookies: Mapping[str, str], accepted_language: str) -> Visitor | None:
        """Return who looks at the dashboard with these cookies, or None. Reads the database."""
        token = cookies.get(self._options.session_cookie, "")
        shown = cookies.get(cookie_name(self._options), "")
        if not token or not hmac.compare_digest(shown.encode(), self.cookie(token).encode()):
            return None
        actor = identity.actor_of_token(self._parts, token)
        if actor is None or not actor.may(Permission.DASHBOARD):
            return None
        return Visitor(actor, self._language(token, accepted_language))

    def _language(self, token: str, accepted: str) -> str:
        with self._parts.uow() as uow:
            session = uow.web_sessions.get(token)
        picked = None if session is None else session.data.get(texts.CHOSEN)
        return picked if isinstance(picked, str) else texts.language_of(accepted)

    def _bound(self, purpose: str, token: str) -> str:
        text = f"{purpose} {token}".encode()
        return hmac.new(self._secret.encode(), text, hashlib.sha256).hexdigest()
