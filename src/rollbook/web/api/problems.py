"""Refusals as RFC 9457 problem+json."""

from __future__ import annotations

from typing import NoReturn

from flask import abort, jsonify
from pydantic import BaseModel, Field, ValidationError

MEDIA_TYPE = "application/problem+json"


class Fault(BaseModel):
    """One value that cannot be used."""

    where: str = Field(description="body, query or header, and the field's name")
    what: str


class Problem(BaseModel):
    """Why a request was refused (RFC 9457)."""

    status: int
    title: str
    detail: str
    errors: list[Fault] | None = None


def refuse(
    status: int,
    title: str,
    detail: str,
    errors: list[Fault] | None = None,
    headers: dict[str, str] | None = None,
) -> NoReturn:
    """End the request with a problem."""
    body = Problem(status=status, title=title, detail=detail, errors=errors)
    answer = jsonify(body.model_dump(exclude_none=True))
    answer.mimetype, answer.status_code = MEDIA_TYPE, status
    answer.headers.update(headers or {})
    abort(answer)


def faults(error: ValidationError, part: str) -> list[Fault]:
    """Return what does not fit, without repeating what was sent."""
    return [
        Fault(where=".".join([part, *(str(step) for step in one["loc"])]), what=one["msg"])
        for one in error.errors(include_url=False, include_context=False, include_input=False)
    ][:50]


def refuse_values(error: ValidationError, part: str) -> NoReturn:
    """Answer values that do not fit what is documented."""
    if any(one["type"] == "json_invalid" for one in error.errors(include_input=False)):
        refuse(400, "That cannot be read", "The body is not JSON.")
    detail = "These values do not fit. Look into the description of the interface."
    refuse(422, "That cannot be used", detail, faults(error, part))
