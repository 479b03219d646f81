"""How a site sends messages: rules, channels, texts. Every change is in the register."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import time, timedelta
from typing import Any, cast

from rollbook.domain.message_texts import LANGUAGES, Template, checked, default_text
from rollbook.domain.messages import Channel, EventKind, MessageRules, Sender
from rollbook.domain.ports import Clock, OpenUnitOfWork, UnitOfWork
from rollbook.domain.register import EntryKind, NewEntry
from rollbook.domain.subjects import clean_name, new_id
from rollbook.errors import InvalidInput, NotFound

RULES, CHANNELS, TEXTS, ADDRESS = (
    "message rules",
    "message channels",
    "message texts",
    "message address",
)
LONGEST_GRACE = timedelta(hours=4)
URL_LIMIT = 1000  # characters


class MessageSettings:
    """Reads and changes them."""

    def __init__(self, open_uow: OpenUnitOfWork, clock: Clock, sender: Sender) -> None:
        self._open_uow = open_uow
        self._clock = clock
        self._sender = sender

    def rules(self) -> MessageRules:
        with self._open_uow() as uow:
            return rules_of(uow)

    def set_rules(self, rules: MessageRules, by: str) -> None:
        """Raises InvalidInput for what makes no sense."""
        if not timedelta(0) <= rules.grace <= LONGEST_GRACE:
            raise InvalidInput("The time for corrections may be 0 to 240 minutes.")
        if not 0 < rules.low_below <= 100:
            raise InvalidInput("The line of the percentage lies between 1 and 100.")
        if min(rules.row_tutor, rules.row_administrator) < 1:
            raise InvalidInput("Absences in a row are counted from 1 on.")
        self._set(RULES, _rules_to_json(rules), by, "message rules changed")

    def address(self) -> str:
        """Return where links in messages lead, as https://school.example; empty: no links."""
        with self._open_uow() as uow:
            return address_of(uow)

    def set_address(self, address: str, by: str) -> None:
        kept = address.strip().rstrip("/")
        if kept and not kept.startswith(("https://", "http://")):
            raise InvalidInput("The address of this site begins with https://")
        self._set(ADDRESS, kept, by, "message address changed")

    def channels(self) -> list[Channel]:
        with self._open_uow() as uow:
            return channels_of(uow)

    def shown(self, channel: Channel) -> str:
        """Return the channel's address without secrets."""
        try:
            return self._sender.check(channel.url)
        except InvalidInput:
            return channel.url.partition("://")[0] + "://…"

    def add_channel(self, name: str, url: str, by: str) -> Channel:
        """Remember a way to reach people.

        Raises:
            InvalidInput: the name is empty, or nothing can be sent to such an address.
        """
        if len(url) > URL_LIMIT:
            raise InvalidInput("This address is too long.")
        self._sender.check(url.strip())
        made = Channel(new_id(), clean_name(name), url.strip())
        with self._open_uow() as uow:
            uow.register.hold()
            _keep_channels(uow, [*channels_of(uow), made])
            self._note(uow, "message channel added", by, made.channel_id)
            uow.commit()
        return made

    def remove_channel(self, channel_id: str, by: str) -> None:
        """Forget a channel; messages that would leave by it are given up, and shown.

        Raises:
            NotFound: there is no such channel.
        """
        with self._open_uow() as uow:
            uow.register.hold()
            kept = [one for one in channels_of(uow) if one.channel_id != channel_id]
            if len(kept) == len(channels_of(uow)):
                raise NotFound("There is no such channel.")
            _keep_channels(uow, kept)
            self._note(uow, "message channel removed", by, channel_id)
            uow.commit()

    def text(self, kind: EventKind, language: str) -> Template:
        with self._open_uow() as uow:
            return text_of(uow, kind, language)

    def set_text(self, kind: EventKind, language: str, template: Template, by: str) -> Template:
        """Keep a text of the site's own; the one that ships is kept by keeping nothing.

        Raises:
            InvalidInput: something in braces is not known, or a text is empty or too long.
        """
        if language not in LANGUAGES:
            raise InvalidInput("There are no texts in this language.")
        made = checked(kind, template)
        with self._open_uow() as uow:
            uow.register.hold()
            texts = _texts(uow)
            own = dict(texts.get(language, {}))
            own.pop(kind.value, None)
            if made != default_text(kind, language):
                own[kind.value] = [made.subject, made.body]
            uow.site.set(TEXTS, {**texts, language: own})
            self._note(uow, "message text changed", by, f"{kind.value} {language}")
            uow.commit()
        return made

    def _set(self, key: str, value: object, by: str, event: str) -> None:
        with self._open_uow() as uow:
            uow.register.hold()
            if uow.site.get(key) == value:
                return
            uow.site.set(key, value)
            self._note(uow, event, by, value)
            uow.commit()

    def _note(self, uow: UnitOfWork, event: str, by: str, value: object) -> None:
        at = self._clock.now().isoformat()
        body = {"event": event, "at": at, "by": by, "value": value}
        uow.register.append(NewEntry(EntryKind.SETTING, body))


def rules_of(uow: UnitOfWork) -> MessageRules:
    """Return what this site tells, and when."""
    kept = uow.site.get(RULES)
    return _rules_from_json(kept) if isinstance(kept, dict) else MessageRules()


def address_of(uow: UnitOfWork) -> str:
    return str(uow.site.get(ADDRESS) or "")


def channels_of(uow: UnitOfWork) -> list[Channel]:
    """Return the site's channels, in the order in which they were added."""
    kept = cast(Sequence[Mapping[str, str]], uow.site.get(CHANNELS) or [])
    return [Channel(one["channel_id"], one["name"], one["url"]) for one in kept]


def text_of(uow: UnitOfWork, kind: EventKind, language: str) -> Template:
    """Return the site's own text, or the one that ships."""
    own = _texts(uow).get(language, {}).get(kind.value)
    return Template(*own) if own else default_text(kind, language)


def _texts(uow: UnitOfWork) -> dict[str, dict[str, list[str]]]:
    return cast(dict[str, dict[str, list[str]]], uow.site.get(TEXTS) or {})


def _keep_channels(uow: UnitOfWork, channels: Sequence[Channel]) -> None:
    uow.site.set(
        CHANNELS,
        [{"channel_id": one.channel_id, "name": one.name, "url": one.url} for one in channels],
    )


def _rules_to_json(rules: MessageRules) -> dict[str, object]:
    return {
        "enabled": rules.enabled,
        "grace": int(rules.grace.total_seconds()),
        "quiet_from": rules.quiet_from.isoformat("minutes"),
        "quiet_until": rules.quiet_until.isoformat("minutes"),
        "daily_at": rules.daily_at.isoformat("minutes"),
        "row_tutor": rules.row_tutor,
        "row_administrator": rules.row_administrator,
        "low_below": rules.low_below,
        "off": sorted(kind.value for kind in rules.off),
    }


def _rules_from_json(kept: Mapping[str, Any]) -> MessageRules:
    return replace(
        MessageRules(),
        enabled=kept["enabled"],
        grace=timedelta(seconds=kept["grace"]),
        quiet_from=time.fromisoformat(kept["quiet_from"]),
        quiet_until=time.fromisoformat(kept["quiet_until"]),
        daily_at=time.fromisoformat(kept["daily_at"]),
        row_tutor=kept["row_tutor"],
        row_administrator=kept["row_administrator"],
        low_below=kept["low_below"],
        off=frozenset(EventKind(kind) for kind in kept["off"]),
    )
