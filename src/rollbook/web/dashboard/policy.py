"""Headers of the dashboard: as strict as Streamlit's pages allow."""

from __future__ import annotations

import base64
import hashlib
import re
from importlib.util import find_spec
from pathlib import Path

from rollbook.web.headers import SAFE

_INLINE = re.compile(rb"<script>(.*?)</script>", re.DOTALL)


def headers() -> dict[str, str]:
    """Return what is set on every answer. Styles are written by Streamlit's scripts, inline."""
    policy = "; ".join(
        (
            "default-src 'none'",
            " ".join(("script-src 'self'", *_digests())),
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            "connect-src 'self'",
            "manifest-src 'self'",
            "worker-src 'self' blob:",
            "form-action 'none'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
        )
    )
    return {**SAFE, "Content-Security-Policy": policy, "Permissions-Policy": "camera=()"}


def _digests() -> list[str]:
    """Return the digests of the few scripts that stand in Streamlit's page itself.

    Streamlit is not imported for it: that takes a second, which the server's start has not.
    """
    found_at = find_spec("streamlit")
    if found_at is None or found_at.origin is None:
        return []
    page = Path(found_at.origin).with_name("static").joinpath("index.html").read_bytes()
    found = [hashlib.sha256(script).digest() for script in _INLINE.findall(page)]
    return [f"'sha256-{base64.b64encode(digest).decode()}'" for digest in found]
