"""The area's routes: settings, texts, the outbox, recipients, and the link that ends messages."""

from __future__ import annotations

from rollbook.web.messages import (  # noqa: F401 - add routes
    contacts,
    own,
    sent,
    site,
    stop,
    texts,
)
from rollbook.web.messages.area import blueprint

__all__ = ["blueprint"]
