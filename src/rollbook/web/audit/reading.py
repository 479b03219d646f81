"""What the audit page and the REST interface share when they read the register."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from rollbook.domain.localtime import to_utc
from rollbook.domain.register import Entry
from rollbook.web.times import zone

HIDDEN = "reason"  # of a mark: sealed under the person's own key


def midnight(day: date, *, after: bool = False) -> datetime:
    """Return the instant at which a local day begins, or the one after it."""
    return to_utc(day + timedelta(days=1) if after else day, time.min, zone())


def plain_body(entry: Entry) -> Mapping[str, Any]:
    """Return what an entry says, without what is sealed in it once more."""
    if "mark_id" not in entry.body:
        return entry.body
    return {name: value for name, value in entry.body.items() if name != HIDDEN}
