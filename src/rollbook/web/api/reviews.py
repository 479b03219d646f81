"""What waits for a person: unsure faces, disputes and excuses."""

from __future__ import annotations

from typing import Annotated

from pydantic import AwareDatetime, BaseModel, Field

from rollbook.domain.review import Doubtful
from rollbook.domain.tokens import Scope
from rollbook.services.requests import Waiting
from rollbook.web.access import actor, require_session
from rollbook.web.api.common import Body, Id, PageInfo, PageQuery, Text, own_groups, paged
from rollbook.web.api.me import Request, request_of
from rollbook.web.api.operations import operation
from rollbook.web.api.sessions import Mark, mark_of
from rollbook.web.parts import parts


class Candidate(BaseModel):
    subject_id: str
    score: float = Field(description="cosine similarity, -1..1, higher is more alike")


class Review(BaseModel):
    """A face that was not certain enough; there is no picture of it."""

    id: str
    session_id: str
    seen_at: AwareDatetime
    doubt: str
    source: str
    candidates: list[Candidate] = Field(description="best first")
    threshold: float | None


class Reviews(PageInfo):
    items: list[Review]


class ReviewDecision(Body):
    subject_id: Annotated[Id | None, Field(description="who it was; null: nobody of the list")]


class Marks(BaseModel):
    """What a decision wrote; empty where the register said so already."""

    marks: list[Mark]


class WaitingRequest(Request):
    name: str
    overdue: bool


class WaitingRequests(PageInfo):
    items: list[WaitingRequest]


class RequestDecision(Body):
    grant: bool
    answer: Text = Field(default="", description="why; required where it is refused")


class Verdict(BaseModel):
    request: Request
    marks: list[Mark]


@operation("GET", "/reviews", scope=Scope.REVIEWS_READ, query=PageQuery, answer=Reviews)
def reviews(query: PageQuery) -> Reviews:
    """List the faces that wait for somebody to say who it was."""
    waiting = parts().reviewing.waiting(own_groups())
    found, info = paged([one for _, items in waiting for one in items], query)
    return Reviews(**dict(info), items=[_review(one) for one in found])


@operation(
    "POST",
    "/reviews/<string(length=32):review_id>",
    scope=Scope.REVIEWS_WRITE,
    body=ReviewDecision,
    answer=Marks,
)
def decide_review(review_id: str, body: ReviewDecision) -> Marks:
    """Say who a face was, or that it was nobody of the list."""
    require_session(parts().reviewing.session_of(review_id))
    desk, by = parts().reviewing, actor().by
    if body.subject_id is None:
        done = desk.it_was_nobody(review_id, by)
    else:
        done = desk.it_was(review_id, body.subject_id, by)
    return Marks(marks=[mark_of(one) for one in done.marks])


@operation("GET", "/requests", scope=Scope.REVIEWS_READ, query=PageQuery, answer=WaitingRequests)
def requests(query: PageQuery) -> WaitingRequests:
    """List the disputes and excuses that wait for a decision, oldest first."""
    found, info = paged(parts().request_desk.waiting(own_groups()), query)
    return WaitingRequests(**dict(info), items=[_waiting(one) for one in found])


@operation(
    "POST",
    "/requests/<string(length=32):request_id>",
    scope=Scope.REVIEWS_WRITE,
    body=RequestDecision,
    answer=Verdict,
    refusals=(409,),
)
def decide_request(request_id: str, body: RequestDecision) -> Verdict:
    """Grant or refuse what somebody asked for."""
    done = parts().request_desk.decide(
        request_id,
        grant=body.grant,
        answer=body.answer,
        by=actor().by,
        group_ids=own_groups(),
    )
    marks = [mark_of(one) for one in done.marks]
    return Verdict(request=request_of(done.request), marks=marks)


def _review(one: Doubtful) -> Review:
    return Review(
        id=one.review_id,
        session_id=one.session_id,
        seen_at=one.seen_at,
        doubt=one.doubt.value,
        source=one.source,
        candidates=[Candidate(subject_id=who, score=score) for who, score in one.candidates],
        threshold=one.threshold,
    )


def _waiting(one: Waiting) -> WaitingRequest:
    request = request_of(one.request)
    return WaitingRequest(**dict(request), name=one.name, overdue=one.overdue)
