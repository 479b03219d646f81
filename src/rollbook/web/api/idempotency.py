"""A change that is sent twice with one Idempotency-Key is made once."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable

from flask import Response, request

from rollbook.web.access import actor
from rollbook.web.api.problems import refuse
from rollbook.web.once import was_cut_off
from rollbook.web.parts import parts

HEADER = "Idempotency-Key"
PATTERN = r"^[!-~]{1,200}$"
REPEATED = "Idempotency-Replayed"  # header of an answer that was given before
CUT_OFF = (
    "The server was stopped while it worked on the first request with this key. Look whether the "
    "change was made; if not, send it with another key."
)


def answered_once(raw: bytes, make: Callable[[], Response]) -> Response:
    """Return the answer of the change, or the one that was given to its key before."""
    sent = request.headers.get(HEADER)
    if sent is None:
        return make()
    if not re.fullmatch(PATTERN, sent):
        refuse(422, "That cannot be used", f"{HEADER} has 1 to 200 visible ASCII characters.")
    key, mark = f"api {actor().actor_id} {sent}", _fingerprint(raw)
    with parts().uow() as uow:
        first = uow.replies.claim(key, parts().clock.now())
        uow.commit()
    return _first(key, mark, make) if first else _again(key, mark)


def _first(key: str, mark: str, make: Callable[[], Response]) -> Response:
    try:
        answer = make()
    except BaseException:
        _release(key)
        raise
    if answer.status_code < 300:
        _keep(key, mark, answer)  # where this fails the key stays claimed: the change was made
    else:
        _release(key)
    return answer


def _release(key: str) -> None:
    """Let the next try be a new one: nothing was changed."""
    with parts().uow() as uow:
        uow.replies.release(key)
        uow.commit()


def _keep(key: str, mark: str, answer: Response) -> None:
    reply: dict[str, object] = {
        "mark": mark,
        "status": answer.status_code,
        "body": answer.get_data(as_text=True),
        "type": answer.mimetype,
    }
    with parts().uow() as uow:
        uow.replies.answer(key, reply)
        uow.commit()


def _again(key: str, mark: str) -> Response:
    with parts().uow() as uow:
        reply, claimed_at = uow.replies.of(key), uow.replies.claimed_at(key)
    if reply is None and was_cut_off(claimed_at):
        refuse(409, "That does not fit", CUT_OFF)
    if reply is None:
        detail = "The first request with this key is still being worked on. Ask again."
        refuse(409, "That does not fit", detail, headers={"Retry-After": "1"})
    if reply["mark"] != mark:
        refuse(422, "That cannot be used", "This key came with another request before.")
    answer = Response(str(reply["body"]), int(str(reply["status"])), mimetype=str(reply["type"]))
    answer.headers[REPEATED] = "true"
    return answer


def _fingerprint(raw: bytes) -> str:
    said = f"{request.method} {request.full_path}".encode()
    return hashlib.sha256(said + b"\n" + raw).hexdigest()
