"""Who gets messages: the contacts of a person, and staff; each said yes, and can stop it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from rollbook.domain.access import Role
from rollbook.domain.message_texts import LANGUAGES
from rollbook.domain.messages import FOR, Audience, EventKind, Recipient
from rollbook.domain.ports import Clock, OpenUnitOfWork, UnitOfWork
from rollbook.domain.register import EntryKind, NewEntry
from rollbook.domain.subjects import new_id
from rollbook.errors import InvalidInput, NotFound
from rollbook.services.message_settings import channels_of
from rollbook.services.unsubscribing import opted

ADDRESS_LIMIT, LABEL_LIMIT = 200, 80  # characters
MOST = 10  # contacts of one person
NO_RECIPIENT = "This recipient is not there any more."


class Recipients:
    """Adds, changes and removes recipients; each change is in the register, without addresses."""

    def __init__(self, open_uow: OpenUnitOfWork, clock: Clock) -> None:
        self._open_uow = open_uow
        self._clock = clock

    def of_subject(self, subject_id: str) -> list[Recipient]:
        """Return a person's contacts, guardians first."""
        with self._open_uow() as uow:
            found = uow.recipients.of_subjects([subject_id])
        return sorted(found, key=lambda one: (one.audience.value, one.label, one.recipient_id))

    def of_user(self, user_id: str) -> Recipient | None:
        """Return how an account gets messages, None while it gets none."""
        with self._open_uow() as uow:
            found = uow.recipients.of_users([user_id])
        return found[0] if found else None

    def add_contact(
        self,
        subject_id: str,
        audience: Audience,
        channel_id: str,
        address: str,
        *,
        language: str,
        label: str = "",
        wants: Iterable[EventKind] | None = None,
        daily: bool = False,
        by: str,
    ) -> Recipient:
        """Note whom to tell about a person, who has said that they want it.

        Raises:
            NotFound: there is no such person.
            InvalidInput: the address or channel cannot be used, or there are ten contacts already.
        """
        if audience not in (Audience.GUARDIAN, Audience.PERSON):
            raise InvalidInput("Choose whether it is a guardian or the person.")
        one = Recipient(
            recipient_id=new_id(),
            audience=audience,
            channel_id=channel_id,
            address=_address(address),
            language=_language(language),
            wants=_wants(audience, FOR[audience] if wants is None else wants),
            subject_id=subject_id,
            label=" ".join(label.split())[:LABEL_LIMIT],
            daily=daily,
        )
        with self._open_uow() as uow:
            uow.register.hold()
            uow.subjects.get(subject_id)
            if len(uow.recipients.of_subjects([subject_id])) >= MOST:
                raise InvalidInput("A person can have %(most)s contacts.", most=MOST)
            self._put(uow, one, by)
            uow.commit()
        return one

    def set_staff(
        self,
        user_id: str,
        channel_id: str,
        address: str,
        *,
        language: str,
        wants: Iterable[EventKind],
        daily: bool = False,
        by: str,
    ) -> Recipient:
        """Write how an account gets messages; its role says which it can choose from.

        Raises:
            NotFound: there is no such account.
            InvalidInput: the address or channel cannot be used, or the role gets no messages.
        """
        with self._open_uow() as uow:
            uow.register.hold()
            audience = audience_of(uow.users.get(user_id).role)
            held = uow.recipients.of_users([user_id])
            one = Recipient(
                recipient_id=held[0].recipient_id if held else new_id(),
                audience=audience,
                channel_id=channel_id,
                address=_address(address),
                language=_language(language),
                wants=_wants(audience, wants),
                user_id=user_id,
                daily=daily,
            )
            self._put(uow, one, by)
            uow.commit()
        return one

    def set_active(self, recipient_id: str, active: bool, by: str) -> Recipient:
        """Let messages come, or not. Raises NotFound."""
        with self._open_uow() as uow:
            uow.register.hold()
            one = _held(uow, recipient_id)
            if one.active != active:
                one = replace(one, active=active)
                uow.recipients.put(one)
                uow.register.append(opted(one, active, by, self._clock))
                uow.commit()
        return one

    def remove(self, recipient_id: str, by: str) -> None:
        """Forget a recipient; what waits for them is dropped when its time comes.

        Raises:
            NotFound: it is gone already.
        """
        with self._open_uow() as uow:
            uow.register.hold()
            one = _held(uow, recipient_id)
            uow.recipients.remove(recipient_id)
            uow.register.append(self._entry("recipient removed", one, by))
            uow.commit()

    def _put(self, uow: UnitOfWork, one: Recipient, by: str) -> None:
        channel = {each.channel_id: each for each in channels_of(uow)}.get(one.channel_id)
        if channel is None:
            raise InvalidInput("Choose by which channel the messages go.")
        if channel.is_mail and "@" not in one.address:
            raise InvalidInput("This is no e-mail address.")
        if channel.asks_address and not one.address:
            raise InvalidInput("Messages by this channel need a number or address.")
        uow.recipients.put(one)
        uow.register.append(self._entry("recipient set", one, by))

    def _entry(self, event: str, one: Recipient, by: str) -> NewEntry:
        body: dict[str, object] = {
            "event": event,
            "at": self._clock.now().isoformat(),
            "by": by,
            "recipient": one.recipient_id,
            "audience": one.audience.value,
            "wants": sorted(kind.value for kind in one.wants),
        }
        if one.subject_id is not None:
            return NewEntry(EntryKind.SUBJECT, {**body, "subject_id": one.subject_id})
        return NewEntry(EntryKind.ACCOUNT, {**body, "user_id": one.user_id})


def audience_of(role: Role) -> Audience:
    """Return as what an account of this role gets messages; raises InvalidInput for others."""
    if role is Role.ADMINISTRATOR:
        return Audience.ADMINISTRATOR
    if role is Role.FACULTY:
        return Audience.TUTOR
    raise InvalidInput("Accounts of this role get no messages.")


def _held(uow: UnitOfWork, recipient_id: str) -> Recipient:
    found = uow.recipients.get(recipient_id)
    if found is None:
        raise NotFound(NO_RECIPIENT)
    return found


def _address(text: str) -> str:
    kept = text.strip()
    if len(kept) > ADDRESS_LIMIT or any(not c.isprintable() or c.isspace() for c in kept):
        raise InvalidInput("This address cannot be used.")
    return kept


def _language(text: str) -> str:
    if text not in LANGUAGES:
        raise InvalidInput("There are no texts in this language.")
    return text


def _wants(audience: Audience, wants: Iterable[EventKind]) -> frozenset[EventKind]:
    return frozenset(wants) & FOR[audience]
