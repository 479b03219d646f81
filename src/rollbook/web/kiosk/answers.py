"""The kiosk's answers as JSON."""

from __future__ import annotations

from datetime import datetime

from rollbook import __version__
from rollbook.domain.kiosk_answers import FaceSaid, Found, KioskAnswer, Said, SessionShown
from rollbook.domain.kiosks import Device


def answer_json(answer: KioskAnswer, device: Device, now: datetime) -> dict[str, object]:
    """Return what the page draws; texts stand in the page, here are their codes."""
    return {
        "version": __version__,
        "now": int(now.timestamp() * 1000),
        "device": {
            "name": device.name,
            "room": device.room,
            "direction": device.direction.value,
            "needs_pin": device.needs_pin,
        },
        "session": _session(answer.session),
        "choices": [_session(shown) for shown in answer.choices],
        "next": _session(answer.next_session),
        "next_ms": answer.next_ms,
        "faces": [_face(face) for face in answer.faces],
        "code": None if answer.code is None else said_json(answer.code),
        "nobody": answer.nobody_enrolled,
    }


def said_json(said: Said) -> dict[str, object]:
    return {
        "notice": said.notice.value,
        "name": said.name,
        "reason": said.reason,
        "claim": said.claim,
        "wait": round(said.wait_seconds, 1),
        "mark": said.notice.is_mark,
    }


def found_json(found: Found) -> dict[str, object]:
    return {
        "people": [{"id": subject_id, "name": name} for subject_id, name in found.people],
        "more": found.more,
        "too_short": found.too_short,
        "wait": round(found.wait_seconds, 1),
    }


def _face(face: FaceSaid) -> dict[str, object]:
    box = [round(side, 4) for side in face.box]
    return {"track": face.track, "box": box, **said_json(face.said)}


def _session(shown: SessionShown | None) -> dict[str, object] | None:
    if shown is None:
        return None
    return {
        "id": shown.session_id,
        "title": shown.title,
        "group": shown.group,
        "starts": shown.starts_at.isoformat(),
        "ends": shown.ends_at.isoformat(),
    }
