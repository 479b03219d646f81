"""Groups, who belongs to them, and who teaches them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated

from pydantic import BaseModel, Field

from rollbook.domain.access import Permission
from rollbook.domain.accounts import Staff
from rollbook.domain.subjects import Group as KeptGroup
from rollbook.domain.tokens import Scope
from rollbook.services.groups import RosterLine
from rollbook.web.access import actor, require_group
from rollbook.web.api.common import (
    Body,
    Day,
    Done,
    Id,
    Name,
    PageInfo,
    PageQuery,
    may,
    own_groups,
    paged,
    require_people,
    require_user,
)
from rollbook.web.api.operations import operation
from rollbook.web.api.people import snapshot
from rollbook.web.parts import parts

ONE = "/groups/<string(length=32):group_id>"


class Group(BaseModel):
    """A class or team."""

    id: str
    name: str


class GroupLine(Group):
    people: int = Field(description="of today")
    staff: list[str] = Field(description="names, of today")


class GroupPage(PageInfo):
    items: list[GroupLine]


class GroupName(Body):
    name: Name


class MembersQuery(PageQuery):
    day: Day | None = Field(default=None, description="a local date; left out: today")


class Member(BaseModel):
    """Somebody who belongs to the group on the day."""

    subject_id: str
    name: str | None = Field(description="null for an erased person, or who may not read people")
    since: Day
    until: Day | None


class Members(PageInfo):
    items: list[Member]


class Joining(Body):
    """Who joins a group, and from when on."""

    subject_ids: Annotated[list[Id], Field(min_length=1, max_length=500)]
    since: Day | None = Field(default=None, description="left out: today")


class Leaving(Body):
    """Who leaves a group, and their last day in it."""

    subject_ids: Annotated[list[Id], Field(min_length=1, max_length=500)]
    last_day: Day | None = Field(default=None, description="left out: today")


class StaffMember(BaseModel):
    user_id: str
    name: str
    since: Day
    until: Day | None


class StaffList(BaseModel):
    items: list[StaffMember]


class Charge(Body):
    """Who teaches a group, from when on and until when."""

    user_id: Id
    since: Day | None = Field(default=None, description="left out: today")
    until: Day | None = None


@operation("GET", "/groups", scope=Scope.GROUPS_READ, query=PageQuery, answer=GroupPage)
def groups(query: PageQuery) -> GroupPage:
    """List groups, one's own or all, by name."""
    own, today = own_groups(), parts().today()
    people = Counter(one for known in snapshot().ordered for one in known.group_ids)
    with parts().uow() as uow:
        seen = [one for one in uow.groups.all() if own is None or one.group_id in own]
        found, info = paged(seen, query)
        names = {user.user_id: user.shown for user in uow.users.all()}
        staff = {one.group_id: uow.staff.of_group(one.group_id) for one in found}
    items = [
        GroupLine(
            id=one.group_id,
            name=one.name,
            people=people[one.group_id],
            staff=_now(staff[one.group_id], names, today),
        )
        for one in found
    ]
    return GroupPage(**dict(info), items=items)


@operation(
    "POST",
    "/groups",
    scope=Scope.GROUPS_WRITE,
    body=GroupName,
    answer=Group,
    status=201,
    refusals=(409,),
)
def add_group(body: GroupName) -> Group:
    """Add a group."""
    return _shown(parts().groups.add(body.name, actor().by))


@operation("GET", ONE, scope=Scope.GROUPS_READ, answer=Group)
def group(group_id: str) -> Group:
    """Show one group."""
    return _shown(require_group(group_id))


@operation("PATCH", ONE, scope=Scope.GROUPS_WRITE, body=GroupName, answer=Group, refusals=(409,))
def rename_group(group_id: str, body: GroupName) -> Group:
    """Give a group another name."""
    require_group(group_id)
    return _shown(parts().groups.rename(group_id, body.name, actor().by))


@operation("GET", f"{ONE}/members", scope=Scope.GROUPS_READ, query=MembersQuery, answer=Members)
def members(group_id: str, query: MembersQuery) -> Members:
    """List who belongs to a group on a day."""
    require_group(group_id)
    lines, info = paged(parts().groups.roster(group_id, query.day or parts().today()), query)
    return Members(**dict(info), items=[_member(line) for line in lines])


@operation("POST", f"{ONE}/members", scope=Scope.GROUPS_WRITE, body=Joining, answer=Done)
def join_group(group_id: str, body: Joining) -> Done:
    """Let people join a group."""
    require_group(group_id)
    require_people(body.subject_ids)
    since = body.since or parts().today()
    count = parts().groups.join(group_id, body.subject_ids, since, actor().by)
    return Done(count=count)


@operation("POST", f"{ONE}/members/leave", scope=Scope.GROUPS_WRITE, body=Leaving, answer=Done)
def leave_group(group_id: str, body: Leaving) -> Done:
    """Let people leave a group; past rosters stay."""
    require_group(group_id)
    last_day = body.last_day or parts().today()
    count = parts().groups.leave(group_id, body.subject_ids, last_day, actor().by)
    return Done(count=count)


@operation("GET", f"{ONE}/staff", scope=Scope.GROUPS_READ, answer=StaffList)
def group_staff(group_id: str) -> StaffList:
    """List who teaches a group: now, before and later."""
    require_group(group_id)
    items = [
        StaffMember(
            user_id=line.staff.user_id,
            name=line.name,
            since=line.staff.since,
            until=line.staff.until,
        )
        for line in parts().groups.staff(group_id)
    ]
    return StaffList(items=items)


@operation(
    "POST", f"{ONE}/staff", scope=Scope.GROUPS_WRITE, body=Charge, answer=StaffList, status=201
)
def put_in_charge(group_id: str, body: Charge) -> StaffList:
    """Let somebody teach a group."""
    require_group(group_id)
    since = body.since or parts().today()
    parts().groups.put_in_charge(group_id, body.user_id, since, body.until, actor().by)
    return group_staff(group_id)


@operation(
    "DELETE",
    f"{ONE}/staff/<string(length=32):user_id>",
    scope=Scope.GROUPS_WRITE,
    answer=StaffList,
)
def relieve(group_id: str, user_id: str) -> StaffList:
    """Let today be somebody's last day with a group."""
    require_group(group_id)
    require_user(user_id)
    parts().groups.relieve(group_id, user_id, parts().today(), actor().by)
    return group_staff(group_id)


def _shown(kept: KeptGroup) -> Group:
    return Group(id=kept.group_id, name=kept.name)


def _now(staff: Sequence[Staff], names: Mapping[str, str], today: date) -> list[str]:
    """Return the names of those who teach on a day."""
    held = {names[one.user_id] for one in staff if one.holds_on(today) and one.user_id in names}
    return sorted(held, key=str.casefold)


def _member(line: RosterLine) -> Member:
    named = line.subject is not None and may(Permission.PEOPLE_READ)
    return Member(
        subject_id=line.membership.subject_id,
        name=line.subject.name if named and line.subject else None,
        since=line.membership.since,
        until=line.membership.until,
    )
