"""The kiosk's key in its browser: for the kiosk's own addresses, out of every script's reach."""

from __future__ import annotations

from werkzeug.wrappers import Response

from rollbook.web.parts import WebOptions

PATH = "/kiosk"
KEPT = 400 * 24 * 3600  # seconds; longer is not allowed, and each visit renews it


def cookie_name(options: WebOptions) -> str:
    return "__Secure-rollbook-kiosk" if options.secure else "rollbook-kiosk"


def keep_key(response: Response, key: str, options: WebOptions) -> None:
    """Let the browser bring this key from now on."""
    response.set_cookie(
        cookie_name(options),
        key,
        max_age=KEPT,
        path=PATH,
        secure=options.secure,
        httponly=True,
        samesite="Strict",
    )


def drop_key(response: Response, options: WebOptions) -> None:
    response.delete_cookie(
        cookie_name(options),
        path=PATH,
        secure=options.secure,
        httponly=True,
        samesite="Strict",
    )
