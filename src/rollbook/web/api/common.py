"""What the models of all resources share."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Annotated, Any, TypeVar

from flask import abort
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
)

from rollbook.domain.access import Permission
from rollbook.domain.attendance import POLICIES, AttendancePolicy
from rollbook.domain.timetable import EARLIEST, LATEST
from rollbook.web import access
from rollbook.web.access import ID_LENGTH, actor
from rollbook.web.parts import parts

ID = r"^[0-9a-f]{32}$"
LONGEST_PAGE, LAST_PAGE = 200, 100_000

Item = TypeVar("Item")


def _within_reach(value: date) -> date:
    day = value.date() if isinstance(value, datetime) else value
    if not EARLIEST <= day <= LATEST:
        raise ValueError("this day is too far away")
    return value


def _whole(value: object) -> object:
    """Return 3 for 3.0, which JSON Schema takes for an integer as well."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


Id = Annotated[str, StringConstraints(pattern=ID)]
Day = Annotated[
    date, AfterValidator(_within_reach), Field(description=f"a local date, {EARLIEST} to {LATEST}")
]
Instant = Annotated[
    AwareDatetime,
    AfterValidator(_within_reach),
    AfterValidator(lambda value: value.astimezone(UTC)),
    Field(description="with its offset from UTC"),
]
WHOLE = BeforeValidator(_whole)  # put last, or the description loses the limits
Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]
PolicyName = Annotated[
    str,
    Field(
        description="name of a policy; left out: the site's own",
        json_schema_extra={"enum": sorted(POLICIES)},
        pattern="^(" + "|".join(sorted(POLICIES)) + ")$",
    ),
]
Text = Annotated[str, StringConstraints(max_length=1000)]


class Body(BaseModel):
    """What is sent: nothing that is not known, and nothing of another type."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Query(BaseModel):
    """What stands behind the question mark."""

    model_config = ConfigDict(extra="forbid")


class PageQuery(Query):
    page: Annotated[int, Field(ge=1, le=LAST_PAGE, description="pages are counted from 1")] = 1
    size: Annotated[int, Field(ge=1, le=LONGEST_PAGE, description="entries of a page")] = 50


class PageInfo(BaseModel):
    """Where a page stands among the others."""

    page: int
    pages: int
    total: int


class Done(BaseModel):
    """How many a change concerned."""

    count: int


def paged(items: Sequence[Item], query: PageQuery) -> tuple[Sequence[Item], PageInfo]:
    """Return the items of a page; a page after the last one is empty."""
    start = (query.page - 1) * query.size
    return items[start : start + query.size], page_info(len(items), query)


def page_info(total: int, query: PageQuery) -> PageInfo:
    """Return where a page stands among so many things."""
    return PageInfo(page=query.page, pages=max(1, -(-total // query.size)), total=total)


def own_groups() -> frozenset[str] | None:
    """Return the groups that the asking account sees; None stands for all."""
    return actor().group_ids


def may(permission: Permission) -> bool:
    return actor().may(permission)


def policy_named(name: str | None) -> AttendancePolicy:
    """Return a policy that every site has, or without a name the site's own."""
    return parts().site.policy() if name is None else POLICIES[name]


def require_people(subject_ids: Sequence[str]) -> None:
    """Refuse when one of these is nobody whom the account may see."""
    for subject_id in dict.fromkeys(subject_ids):
        access.require_subject(subject_id)


def require_user(user_id: str) -> None:
    """Refuse an id that is no account's."""
    if len(user_id) != ID_LENGTH:
        abort(404)
    with parts().uow() as uow:
        uow.users.get(user_id)


def taken(source: object, *names: str) -> dict[str, Any]:
    """Return these attributes by name."""
    return {name: getattr(source, name) for name in names}
