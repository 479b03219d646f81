"""People and their consents."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from flask import abort
from pydantic import AwareDatetime, BaseModel, Field

from rollbook.domain.subjects import Consent, ConsentScope
from rollbook.domain.tokens import Scope
from rollbook.errors import Busy
from rollbook.services.consenting import ConsentTerms
from rollbook.services.people_index import Known, Snapshot
from rollbook.services.people_search import Order, Show, search
from rollbook.services.people_search import Query as Wanted
from rollbook.web.access import actor, require_group, require_subject
from rollbook.web.api.common import Body, Day, Id, Name, PageInfo, PageQuery, own_groups
from rollbook.web.api.operations import operation
from rollbook.web.api.problems import refuse
from rollbook.web.parts import parts


class Person(BaseModel):
    """Somebody of the register."""

    id: str
    name: str
    external_id: str | None
    group_ids: list[str] = Field(description="groups of today")
    samples: int
    consent: bool = Field(description="whether a consent covers this moment")
    minor: bool = Field(description="whether a guardian has to agree for them")


class People(PageInfo):
    items: list[Person]


class PeopleQuery(PageQuery):
    q: Annotated[str, Field(max_length=200, description="name, external id, or part of one")] = ""
    group_id: Id | None = None
    show: Show = Show.ALL
    order: Order = Order.NAME


class ConsentGiven(Body):
    """What was agreed to, and by whom."""

    text_id: Name
    given_by: Name
    language: Annotated[str, Field(max_length=35)] = ""
    retain_until: Day | None = None
    guardian: Annotated[
        str, Field(max_length=200, description="who agreed for a minor; needed for one")
    ] = ""
    crops: bool = Field(
        default=True,
        description="whether the piece of each picture that shows the face may be kept as well",
    )


class NewPerson(Body):
    """Somebody who is to be added."""

    name: Name
    external_id: Annotated[str, Field(max_length=100)] | None = None
    group_ids: list[Id] = Field(default_factory=list, max_length=20)
    consent: ConsentGiven | None = None
    minor: bool = False


class PersonChange(Body):
    """Another name; what is left out stays."""

    name: Name
    external_id: Annotated[str, Field(max_length=100)] | None = None
    minor: bool | None = None


class ConsentRecord(BaseModel):
    """A consent, also one that was withdrawn."""

    id: str
    text_id: str
    given_by: str
    guardian: str
    language: str
    scopes: list[ConsentScope]
    recorded_at: AwareDatetime
    retain_until: Day | None
    withdrawn_at: AwareDatetime | None
    crops_withdrawn_at: AwareDatetime | None
    covers_now: bool


class Consents(BaseModel):
    items: list[ConsentRecord]


class Withdrawn(BaseModel):
    """What ended with the consent."""

    consents: int
    samples: int


@operation(
    "GET",
    "/people",
    scope=Scope.PEOPLE_READ,
    query=PeopleQuery,
    answer=People,
    refusals=(404,),
)
def people(query: PeopleQuery) -> People:
    """List people, of one's own groups or of all."""
    if query.group_id is not None:
        require_group(query.group_id)
    asked = Wanted(query.q, query.group_id, query.show, query.order, query.page)
    found = search(snapshot(), asked, own_groups(), query.size)
    items = [shown(known) for known in found.people] if query.page <= found.pages else []
    return People(page=query.page, pages=found.pages, total=found.total, items=items)


@operation(
    "POST",
    "/people",
    scope=Scope.PEOPLE_WRITE,
    body=NewPerson,
    answer=Person,
    status=201,
    refusals=(404, 409),
)
def add_person(body: NewPerson) -> Person:
    """Add somebody.

    Faculty name at least one of their groups.
    """
    for group_id in body.group_ids:
        require_group(group_id)
    if own_groups() is not None and not body.group_ids:
        refuse(422, "That cannot be used", "Name at least one of your groups.")
    made = (
        parts()
        .people.acting(actor().by)
        .add(
            body.name,
            body.external_id,
            group_ids=body.group_ids,
            terms=None if body.consent is None else _terms(body.consent),
            minor=body.minor,
        )
    )
    return person(made.subject_id)


@operation("GET", "/people/<string(length=32):subject_id>", scope=Scope.PEOPLE_READ, answer=Person)
def person(subject_id: str) -> Person:
    """Show one person."""
    require_subject(subject_id)
    known = snapshot().people.get(subject_id)
    if known is None:
        abort(404)
    return shown(known)


@operation(
    "PATCH",
    "/people/<string(length=32):subject_id>",
    scope=Scope.PEOPLE_WRITE,
    body=PersonChange,
    answer=Person,
    refusals=(409,),
)
def rename_person(subject_id: str, body: PersonChange) -> Person:
    """Give somebody another name or external id."""
    require_subject(subject_id)
    people = parts().people.acting(actor().by)
    if body.minor is not None:
        people.set_minor(subject_id, body.minor)
    people.rename(subject_id, body.name, body.external_id)
    return person(subject_id)


@operation(
    "DELETE",
    "/people/<string(length=32):subject_id>",
    scope=Scope.PEOPLE_REMOVE,
    status=204,
    token_only=True,
)
def remove_person(subject_id: str) -> None:
    """Remove somebody and destroy their key.

    Marks keep the random id alone. This cannot be undone.
    """
    require_subject(subject_id)
    parts().erasing.erase([subject_id], actor().by)


@operation(
    "GET",
    "/people/<string(length=32):subject_id>/consents",
    scope=Scope.PEOPLE_READ,
    answer=Consents,
)
def consents(subject_id: str) -> Consents:
    """List somebody's consents, oldest first."""
    require_subject(subject_id)
    with parts().uow() as uow:
        found = uow.consents.of(subject_id)
    now = parts().clock.now()
    return Consents(items=[_consent(one, now) for one in found])


@operation(
    "POST",
    "/people/<string(length=32):subject_id>/consents",
    scope=Scope.PEOPLE_WRITE,
    body=ConsentGiven,
    answer=ConsentRecord,
    status=201,
)
def record_consent(subject_id: str, body: ConsentGiven) -> ConsentRecord:
    """Record what somebody agreed to."""
    require_subject(subject_id)
    made = parts().consenting.acting(actor().by).record(subject_id, _terms(body))
    return _consent(made, parts().clock.now())


@operation(
    "DELETE",
    "/people/<string(length=32):subject_id>/consents",
    scope=Scope.PEOPLE_WRITE,
    answer=Withdrawn,
)
def withdraw_consent(subject_id: str) -> Withdrawn:
    """Withdraw all consents and delete all samples at once."""
    require_subject(subject_id)
    ended = parts().consenting.acting(actor().by).withdraw(subject_id)
    return Withdrawn(consents=ended.consents, samples=ended.samples)


def snapshot() -> Snapshot:
    """Return the index of people.

    Raises:
        Busy: it is being built, after a start.
    """
    found = parts().people_index.current()
    if found is None:
        raise Busy("The list of people is being opened. Try again in a moment.")
    return found


def shown(known: Known) -> Person:
    own = own_groups()
    groups = known.group_ids if own is None else known.group_ids & own
    return Person(
        id=known.subject_id,
        name=known.subject.name,
        external_id=known.subject.external_id,
        group_ids=sorted(groups),
        samples=known.samples,
        consent=known.agreed,
        minor=known.subject.minor,
    )


def _terms(given: ConsentGiven) -> ConsentTerms:
    return ConsentTerms(
        given.text_id,
        given.given_by,
        given.language,
        given.retain_until,
        given.guardian,
        crops=given.crops,
    )


def _consent(one: Consent, now: datetime) -> ConsentRecord:
    return ConsentRecord(
        id=one.consent_id,
        text_id=one.text_id,
        given_by=one.given_by,
        guardian=one.guardian,
        language=one.language,
        scopes=list(one.scopes),
        recorded_at=one.recorded_at,
        retain_until=one.retain_until,
        withdrawn_at=one.withdrawn_at,
        crops_withdrawn_at=one.crops_withdrawn_at,
        covers_now=one.covers(now),
    )
