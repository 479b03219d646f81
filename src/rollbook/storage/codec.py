"""Values as sealed bytes: canonical JSON, dates and instants."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
_ENCODER = json.JSONEncoder(  # made once: `json.dumps` would make one for each value
    sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False
)


def to_json(value: object) -> bytes:
    """Return canonical JSON: sorted keys, no spaces, UTF-8; equal values give equal bytes."""
    return _ENCODER.encode(value).encode()


def from_json(text: bytes) -> Any:
    return json.loads(text.decode())  # bytes would first be searched for their encoding


def to_micros(at: datetime) -> int:
    """Return microseconds since 1970, UTC."""
    return (at - EPOCH) // MICROSECOND


def from_micros(value: int) -> datetime:
    return EPOCH + value * MICROSECOND


def instant(value: Any) -> datetime:
    """Return the instant that `datetime.isoformat` wrote, in UTC."""
    return datetime.fromisoformat(value).astimezone(UTC)


def optional_instant(value: Any) -> datetime | None:
    return None if value is None else instant(value)


def optional_date(value: Any) -> date | None:
    return None if value is None else date.fromisoformat(value)


def iso(value: date | datetime | None) -> str | None:
    return None if value is None else value.isoformat()


def present(fields: Mapping[str, object]) -> dict[str, object]:
    """Return the fields without those that are None."""
    return {name: value for name, value in fields.items() if value is not None}
