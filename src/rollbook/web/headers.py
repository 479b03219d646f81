"""Headers of every answer: nothing from elsewhere, nothing inline, nothing kept on the way."""

from __future__ import annotations

from flask import Flask, Response, request

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "media-src 'self' blob:",
        "font-src 'self'",
        "connect-src 'self'",
        "manifest-src 'self'",
        "worker-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
)
SAFE = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), screen-wake-lock=(self), microphone=(), geolocation=()",
}
PRIVATE = {**SAFE, "Cache-Control": "no-store"}
YEAR = 31_536_000  # seconds


def init_app(app: Flask, *, secure: bool) -> None:
    """Set the headers on everything that Flask answers."""

    @app.after_request
    def _set(response: Response) -> Response:
        found = response.status_code in {200, 206, 304}
        static = found and request.endpoint == "static" and "v" in request.args
        for name, value in SAFE.items():
            response.headers.setdefault(name, value)
        kept = f"public, max-age={YEAR}, immutable" if static else "no-store"
        response.headers["Cache-Control"] = kept
        if secure:
            response.headers["Strict-Transport-Security"] = f"max-age={YEAR}"
        return response
