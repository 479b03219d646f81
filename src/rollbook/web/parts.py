"""What views work with."""

from __future__ import annotations

from dataclasses import dataclass

from flask import current_app

from rollbook.bootstrap import App

KEY = "rollbook.parts"


@dataclass(frozen=True, slots=True)
class WebOptions:
    """How the application is reached; `rollbook up` knows it."""

    secure: bool = False  # reached by HTTPS alone: cookies say so
    hsts: bool = False  # browsers may remember that; not with an authority of the site's own
    address: str = ""  # what others write into their browser: https://192.168.1.20:8000
    trust_address: str = ""  # where a device that trusts nothing yet learns how to
    hosts: tuple[str, ...] = ("127.0.0.1", "localhost", "[::1]")  # without port; others are refused
    testing: bool = False
    csrf: bool = True
    limits: bool = True
    pseudo: bool = False  # two made-up languages, to see texts that nobody marked for translation

    @property
    def session_cookie(self) -> str:
        return "__Host-rollbook" if self.secure else "rollbook"


def parts() -> App:
    """Return the parts of this installation."""
    app: App = current_app.extensions[KEY]
    return app


def options() -> WebOptions:
    """Return how the application is reached."""
    chosen: WebOptions = current_app.extensions["rollbook.options"]
    return chosen
