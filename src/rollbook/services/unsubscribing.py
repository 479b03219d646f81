"""The link by which a recipient ends messages with one click, without signing in.

It holds a random id and what only this site can compute of it; it names nobody and never expires.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from dataclasses import replace

from rollbook.domain.messages import Recipient
from rollbook.domain.ports import Clock, OpenUnitOfWork, UnitOfWork, Vault
from rollbook.domain.register import EntryKind, NewEntry
from rollbook.errors import NotFound

PURPOSE = "stop messages"
ID_BYTES, DIGEST_BYTES = 16, 20
BY_LINK = "recipient"


class Unsubscribing:
    """Ends messages, and lets them come again: a finger slips."""

    def __init__(self, open_uow: OpenUnitOfWork, clock: Clock) -> None:
        self._open_uow = open_uow
        self._clock = clock

    def look(self, token: str) -> Recipient:
        """Raises NotFound for a link that this site has not made, or whose recipient is gone."""
        with self._open_uow() as uow:
            return _recipient(uow, token)

    def set(self, token: str, active: bool) -> None:
        """Let messages come or not; nothing happens when they do so already.

        Raises:
            NotFound: as `look`.
        """
        with self._open_uow() as uow:
            uow.register.hold()
            found = _recipient(uow, token)
            if found.active == active:
                return
            uow.recipients.put(replace(found, active=active))
            uow.register.append(opted(found, active, BY_LINK, self._clock))
            uow.commit()


def opted(recipient: Recipient, active: bool, by: str, clock: Clock) -> NewEntry:
    """Return the entry of an opt-in or opt-out."""
    body: dict[str, object] = {
        "event": "messages wanted" if active else "messages stopped",
        "at": clock.now().isoformat(),
        "by": by,
        "recipient": recipient.recipient_id,
    }
    if recipient.subject_id is not None:
        body["subject_id"] = recipient.subject_id
        return NewEntry(EntryKind.SUBJECT, body)
    body["user_id"] = recipient.user_id
    return NewEntry(EntryKind.ACCOUNT, body)


def token_of(vault: Vault, recipient_id: str) -> str:
    """Return what stands at the end of the link: 48 characters."""
    digest = vault.blind(PURPOSE, recipient_id)[:DIGEST_BYTES]
    return base64.urlsafe_b64encode(bytes.fromhex(recipient_id) + digest).decode()


def _recipient(uow: UnitOfWork, token: str) -> Recipient:
    try:
        held = base64.urlsafe_b64decode(token.encode("ascii", "replace"))
    except (binascii.Error, ValueError):
        held = b""
    recipient_id = held[:ID_BYTES].hex()
    wanted = uow.vault.blind(PURPOSE, recipient_id)[:DIGEST_BYTES]
    found = None
    if len(held) == ID_BYTES + DIGEST_BYTES and hmac.compare_digest(held[ID_BYTES:], wanted):
        found = uow.recipients.get(recipient_id)
    if found is None:
        raise NotFound("This link is not valid any more.")
    return found
