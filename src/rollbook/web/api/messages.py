"""Messages on their way: what was sent, what was given up. Never to whom, or what it says."""

from __future__ import annotations

from pydantic import AwareDatetime, BaseModel, Field

from rollbook.domain.messages import EventKind, MessageState, Queued
from rollbook.domain.tokens import Scope
from rollbook.web.access import actor
from rollbook.web.api.common import PageInfo, PageQuery, page_info, paged
from rollbook.web.api.operations import operation
from rollbook.web.parts import parts


class MessagesQuery(PageQuery):
    state: MessageState | None = None


class SentMessage(BaseModel):
    """One message, without its recipient and its text."""

    id: str
    kind: EventKind
    state: MessageState
    happened_at: AwareDatetime
    due_at: AwareDatetime = Field(description="of one that waits: not before then")
    over_at: AwareDatetime | None = Field(description="null: it waits")
    attempts: int


class SentMessages(PageInfo):
    """Messages, newest first."""

    items: list[SentMessage]


class MessageChannel(BaseModel):
    """A way to reach people, without its address."""

    id: str
    name: str


class MessageChannels(PageInfo):
    items: list[MessageChannel]


@operation("GET", "/messages", scope=Scope.MESSAGES_READ, query=MessagesQuery, answer=SentMessages)
def messages(query: MessagesQuery) -> SentMessages:
    """List messages, newest first.

    What was sent or not sent on purpose is kept for 30 days.
    """
    states = list(MessageState) if query.state is None else [query.state]
    with parts().uow() as uow:
        counts = uow.outbox.counts()
        rows = uow.outbox.newest(states, query.size, (query.page - 1) * query.size)
    info = page_info(sum(counts.get(state, 0) for state in states), query)
    return SentMessages(**dict(info), items=[_message(row) for row in rows])


@operation(
    "POST",
    "/messages/<string(length=32):message_id>/again",
    scope=Scope.MESSAGES_WRITE,
    status=204,
)
def send_again(message_id: str) -> None:
    """Let a message that was given up wait anew; 404 where none with this id was."""
    parts().outbox.try_again(message_id, actor().by)


@operation(
    "GET",
    "/messages/channels",
    scope=Scope.MESSAGES_READ,
    query=PageQuery,
    answer=MessageChannels,
)
def message_channels(query: PageQuery) -> MessageChannels:
    """List the ways by which messages leave; their addresses are never answered."""
    found, info = paged(parts().message_settings.channels(), query)
    items = [MessageChannel(id=one.channel_id, name=one.name) for one in found]
    return MessageChannels(**dict(info), items=items)


def _message(row: Queued) -> SentMessage:
    return SentMessage(
        id=row.message_id,
        kind=row.event.kind,
        state=row.state,
        happened_at=row.event.at,
        due_at=row.due_at,
        over_at=row.over_at,
        attempts=row.attempts,
    )
