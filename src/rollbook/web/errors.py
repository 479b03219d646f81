"""What went wrong, as a page for people and as problem+json for programs."""

from __future__ import annotations

import re
from typing import Any

from flask import Flask, Response, jsonify, make_response, render_template
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from rollbook import errors
from rollbook.errors import places_of
from rollbook.services.refusals import Why
from rollbook.web.access import note_refusal, visitor, wants_json
from rollbook.web.texts import spoken

STATUS: tuple[tuple[type[errors.RollbookError], int], ...] = (
    (errors.NotFound, 404),
    (errors.AlreadyExists, 409),
    (errors.InvalidInput, 400),
    (errors.SessionClosed, 409),
    (errors.ConsentMissing, 409),
    (errors.Busy, 503),
    (errors.StorageUnavailable, 503),
    (errors.CameraUnavailable, 503),
)
_COMMAND = re.compile(r"[^.!?]*\brollbook \w[^.]*\.?$|[^.!?]*--[a-z-]+[^.]*\.?$")


def init_app(app: Flask) -> None:
    """Answer every error in words; what nobody foresaw is logged without what was sent."""
    app.register_error_handler(errors.RollbookError, _rollbook)
    app.register_error_handler(CSRFError, _csrf)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _unforeseen)
    app.jinja_env.filters["sentence"] = sentence


def sentence(error: errors.RollbookError | str) -> str:
    """Return what an error says, translated, without the commands that a terminal would need."""
    if isinstance(error, str):
        return spoken(without_commands(error)) if error else _text(500)
    return _(without_commands(error.template) or _text(500), **error.values)


def without_commands(text: str) -> str:
    """Return a sentence, or the template of one, without what only a terminal can do.

    >>> without_commands("There is no group %(name)s. Look with: rollbook group list")
    'There is no group %(name)s.'
    """
    return _COMMAND.sub("", text).strip() or text


def status_of(error: errors.RollbookError) -> int:
    return next((status for kind, status in STATUS if isinstance(error, kind)), 500)


def page_of(status: int, text: str, title: str = "") -> Response:
    """Return the page, or the JSON, that says what happened."""
    if wants_json():
        answer = jsonify({"status": status, "title": title or _title(status), "detail": text})
        answer.mimetype = "application/problem+json"
        answer.status_code = status
    else:
        shown = render_template(
            "error.html", status=status, heading=title or _title(status), text=text
        )
        answer = make_response(shown, status)
    if status == 503:
        answer.headers["Retry-After"] = "2"
    return answer


def _title(status: int) -> str:
    return {
        400: _("That cannot be used"),
        401: _("Please sign in"),
        403: _("This is not for you"),
        404: _("There is no such page"),
        405: _("This cannot be done here"),
        409: _("That does not fit"),
        413: _("That is too large"),
        429: _("Too many tries"),
        503: _("Not now"),
    }.get(status, _("Something went wrong"))


def _text(status: int) -> str:
    return {
        400: _("What was sent cannot be used. Go back and try again."),
        401: _("You have to sign in to see this."),
        403: _("Your account may not do this. Ask an administrator if it should."),
        404: _("There is no such page, or it is not for you."),
        405: _("This address takes no such request."),
        413: _("The file is larger than is taken here. Make it smaller, or send fewer at once."),
        429: _("Wait a moment, then try again."),
    }.get(status, _("Nothing was changed. Try again; if it stays, tell your administrator."))


def _rollbook(error: errors.RollbookError) -> Response:
    status = status_of(error)
    return page_of(status, _text(404) if status == 404 else sentence(error))


def _csrf(error: CSRFError) -> Response:
    note_refusal(visitor(), Why.FORM)
    text = _("The page was open for too long, so nothing was changed. Load it anew and try again.")
    return page_of(400, text)


def _http(error: HTTPException) -> Any:
    status = error.code or 500
    if status < 400:
        return error
    answer = page_of(status, _text(status))
    for name, value in error.get_headers():
        if name.lower() in {"allow", "retry-after"}:
            answer.headers[name] = value
    return answer


def _unforeseen(error: Exception) -> Response:
    from flask import current_app, request

    current_app.logger.error(
        "unforeseen %s in %s", type(error).__name__, request.endpoint, exc_info=places_of(error)
    )
    return page_of(500, _text(500))
