"""Looks at faces: each page view is one entry of the register, with who looked and at whom."""

from __future__ import annotations

from collections.abc import Sequence

from flask import current_app
from itsdangerous import BadSignature, URLSafeTimedSerializer

from rollbook.domain.register import EntryKind, NewEntry
from rollbook.domain.subjects import Reference
from rollbook.web.access import actor
from rollbook.web.parts import parts

LASTS = 900  # seconds in which a page's pictures are part of the look that was noted


def note_look(subject_id: str, samples: Sequence[Reference]) -> None:
    """Write that the actor looks at these samples."""
    body: dict[str, object] = {
        "event": "faces looked at",
        "at": parts().clock.now().isoformat(),
        "by": actor().by,
        "subject_id": subject_id,
        "references": [sample.reference_id for sample in samples],
    }
    with parts().uow() as uow:
        uow.register.append(NewEntry(EntryKind.ACCESS, body))
        uow.commit()


def view_token(subject_id: str) -> str:
    """Return what the addresses of a page's pictures carry, so that they are not noted again."""
    return str(_signer().dumps([actor().actor_id, subject_id]))


def was_noted(token: str, subject_id: str) -> bool:
    """Return whether this actor's look at this person was noted lately."""
    try:
        found = _signer().loads(token, max_age=LASTS)
    except BadSignature:
        return False
    return bool(found == [actor().actor_id, subject_id])


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.config["SECRET_KEY"], salt="look at faces")
