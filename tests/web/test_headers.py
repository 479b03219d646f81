"""What browsers and proxies may keep."""

from __future__ import annotations

from collections.abc import Callable

from flask.testing import FlaskClient

ClientOf = Callable[[str | None], FlaskClient]


def test_a_versioned_file_is_kept_and_a_missing_one_is_not(client_of: ClientOf) -> None:
    nobody = client_of(None)
    assert "immutable" in nobody.get("/static/app.css?v=1", buffered=True).headers["Cache-Control"]
    missing = nobody.get("/static/missing.css?v=1", buffered=True)
    assert missing.status_code == 404 and "no-store" in missing.headers["Cache-Control"]


def test_pages_are_kept_nowhere(client_of: ClientOf) -> None:
    for path in ("/people", "/account", "/missing", "/api/v1/people", "/static/app.css"):
        assert "no-store" in client_of("alice").get(path, buffered=True).headers["Cache-Control"]
