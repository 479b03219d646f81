"""The areas of the application: a package each, with a blueprint, and streams where there are."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec

from flask import Blueprint
from starlette.routing import BaseRoute

from rollbook.web.streaming import StreamContext

AREAS = (
    "start",
    "setup",
    "accounts",
    "people",
    "timetable",
    "sessions",
    "attending",
    "board",
    "kiosk",
    "devices",
    "codes",
    "review",
    "me",
    "cameras",
    "audit",
    "privacy",
    "safety",
    "messages",
    "exports",
    "dashboard",
    "api",
    "trust",
)


def blueprints() -> Iterator[Blueprint]:
    """Yield the blueprint of every area."""
    for area in AREAS:
        if _has(area, "views"):
            yield import_module(f"rollbook.web.{area}.views").blueprint


def stream_routes(context: StreamContext) -> Iterator[BaseRoute]:
    """Yield the ASGI routes of every area that has streams."""
    for area in AREAS:
        if _has(area, "streams"):
            yield from import_module(f"rollbook.web.{area}.streams").routes(context)


def _has(area: str, module: str) -> bool:
    package = find_spec(f"rollbook.web.{area}")
    return package is not None and find_spec(f"rollbook.web.{area}.{module}") is not None
