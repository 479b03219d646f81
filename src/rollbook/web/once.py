"""A form that is sent twice, by a double click or a reload, is worked on once."""

from __future__ import annotations

import logging
import secrets
import time
from datetime import datetime, timedelta
from typing import Any

from flask import Flask, Response, g, redirect, request
from flask_babel import gettext as _

from rollbook.errors import RollbookError
from rollbook.web.access import visitor
from rollbook.web.errors import page_of
from rollbook.web.parts import parts

FIELD = "_once"
PATIENCE = 10.0  # seconds that the second click waits for the first one
LONGEST = timedelta(minutes=5)  # no form is worked on for so long; its server was ended meanwhile

log = logging.getLogger(__name__)


def token() -> str:
    """Return the value of the hidden field of one form."""
    return secrets.token_urlsafe(16)


def init_app(app: Flask) -> None:
    """Watch for the field in every form that is sent."""
    app.jinja_env.globals["once_token"] = token

    @app.before_request
    def _claim() -> Any:
        g.once = None
        key = _key()
        if key is None:
            return None
        return _first_or_answered(key)

    @app.after_request
    def _answer(response: Response) -> Response:
        key, g.once = g.get("once"), None
        if key is None:
            return response
        try:
            _keep(key, response)
        except RollbookError as error:  # the claim stays: what was asked is done, and once
            log.warning("the answer to a form was not kept: %s", type(error).__name__)
        return response

    @app.teardown_request
    def _release(error: BaseException | None) -> None:
        key = g.pop("once", None)
        if key is None:
            return
        with parts().uow() as uow:
            uow.replies.release(key)
            uow.commit()


def _keep(key: str, response: Response) -> None:
    with parts().uow() as uow:
        if response.location and response.status_code in {301, 302, 303}:
            uow.replies.answer(key, {"location": response.location})
        else:
            uow.replies.release(key)  # refused, or shown again: the next try is a new one
        uow.commit()


def was_cut_off(claimed_at: datetime | None) -> bool:
    """Return whether the first request ended without an answer, so that none will come."""
    return claimed_at is not None and abs(parts().clock.now() - claimed_at) > LONGEST


def _key() -> str | None:
    if request.method != "POST" or request.mimetype not in _FORMS:
        return None
    sent = request.form.get(FIELD, "")
    who = visitor()
    return f"{who.actor_id if who else ''} {request.path} {sent}" if sent else None


_FORMS = {"application/x-www-form-urlencoded", "multipart/form-data"}


def _first_or_answered(key: str) -> Any:
    """Return None for the first of its key, and for the others what the first was answered."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        with parts().uow() as uow:
            reply, claimed_at = uow.replies.of(key), uow.replies.claimed_at(key)
        if reply is not None:
            return redirect(str(reply["location"]), 303)
        if claimed_at is None and _claimed(key):  # the first, or the one before was refused
            g.once = key
            return None
        if was_cut_off(claimed_at):
            text = _("The server was stopped while it worked on this. Look whether it was done.")
            return page_of(409, text)
        time.sleep(0.1)
    return page_of(409, _("This was sent twice. The first time is still being worked on."))


def _claimed(key: str) -> bool:
    with parts().uow() as uow:
        first = uow.replies.claim(key, parts().clock.now())
        uow.commit()
    return first
