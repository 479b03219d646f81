"""Codes of authenticator apps (RFC 6238), by libpass."""

from __future__ import annotations

from datetime import datetime

from passlib.exc import TokenError
from passlib.totp import TOTP

STEP = 30  # seconds that an app shows a code
CLOCKS_DIFFER = 30  # seconds by which a phone's clock may be wrong


class AuthenticatorCodes:
    """Makes the secret that an app is given, and checks what it shows."""

    def new_secret(self) -> str:
        """Return a new secret of 160 bits in base32."""
        secret: str = TOTP.new().base32_key
        return secret

    def link(self, secret: str, name: str, issuer: str) -> str:
        """Return the otpauth address that an app reads from a QR code."""
        link: str = TOTP(key=secret, issuer=issuer.replace(":", " ")).to_uri(name.replace(":", " "))
        return link

    def step_of(self, secret: str, code: str, at: datetime, after: int | None) -> int | None:
        """Return the step of time that the code belongs to; None: wrong, or used already.

        A last step that no code could have had by now was counted before the clock was set back.
        """
        latest = (int(at.timestamp()) + CLOCKS_DIFFER) // STEP
        last = None if after is None or after > latest else after
        try:
            found = TOTP(key=secret).match(code, at, window=CLOCKS_DIFFER, last_counter=last)
        except (TokenError, ValueError):
            return None
        step: int = found.counter
        return step
