"""What is held about one person, gathered for that person: no data of anybody else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import date, datetime
from enum import Enum
from typing import Any

Row = Mapping[str, object]

# section -> the tables of the database that it tells of
SECTIONS: Mapping[str, tuple[str, ...]] = {
    "person": ("subjects", "subject_keys"),
    "groups": ("memberships",),
    "consents": ("consents",),
    "samples": ("samples",),
    "attendance": ("ledger", "sheets", "blocks"),
    "absences": ("absences",),
    "requests": ("requests",),
    "codes": ("credentials",),
    "contacts": ("recipients",),
    "messages": ("outbox",),
    "account": ("users", "group_staff"),
    "browsers": ("web_sessions",),
    "passkeys": ("passkeys",),
    "programs": ("api_tokens",),
    "tasks": ("tasks",),
    "unsure_faces": ("reviews",),
    "entries": ("ledger",),
    "receipts": ("receipts",),
}
NOT_TOLD = {
    "replies": "answers to forms that were sent twice; they are forgotten after two days",
}
_ACTORS = {"by", "told_by", "decided_by"}
_LEFT_OUT = {"secrets", "password", "uniquifier", "secret", "lookup", "template", "crop", "token"}


@dataclass(frozen=True, slots=True)
class Held:
    """Everything about one person. `sections` hold JSON values; files lie beside them."""

    name: str
    at: datetime  # UTC
    sections: Mapping[str, Sequence[Row]]
    pictures: Mapping[str, bytes] = field(default_factory=dict, repr=False)  # file -> JPEG
    templates: Mapping[str, Sequence[float]] = field(default_factory=dict, repr=False)
    facts: Mapping[str, object] = field(default_factory=dict)  # of the site: backups, retention


def plain(value: object, **more: object) -> dict[str, Any]:
    """Return a dataclass as JSON values: who acted by role alone, no secrets, nobody else's id.

    >>> from rollbook.domain.subjects import Subject
    >>> plain(Subject("1", "Ada"))["name"]
    'Ada'
    """
    if not is_dataclass(value):
        raise TypeError("only dataclasses can be told")
    found = {one.name: getattr(value, one.name) for one in fields(value)}
    kept = {name: _told(name, part) for name, part in found.items() if name not in _LEFT_OUT}
    return {**kept, **more}


def role_of(by: object) -> str:
    """Return the role of who acted, without who it was.

    >>> role_of("administrator 0123456789abcdef0123456789abcdef"), role_of("")
    ('administrator', '')
    """
    return str(by or "").partition(" ")[0]


def _told(name: str, value: object) -> object:
    if name in _ACTORS:
        return role_of(value)
    if name == "candidates" and isinstance(value, tuple | list):
        return len(value)  # the others are people, too
    return _json(value)


def _json(value: object) -> object:
    if is_dataclass(value) and not isinstance(value, type):
        return plain(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, list | tuple | set | frozenset):
        return [_json(one) for one in value]
    return None if isinstance(value, bytes) else value
