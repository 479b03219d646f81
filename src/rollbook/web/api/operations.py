"""One decorator for every operation: what it documents is what it checks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from flask import Blueprint, Response, abort, current_app, g, request
from pydantic import BaseModel, ValidationError

from rollbook.domain.access import Permission
from rollbook.domain.tokens import Scope
from rollbook.web.access import permit
from rollbook.web.api.bearer import BY_TOKEN, require_scope, use_bearer
from rollbook.web.api.idempotency import answered_once
from rollbook.web.api.problems import refuse, refuse_values
from rollbook.web.app import csrf

PREFIX = "/api/v1"
BODY_LIMIT = 1024 * 1024  # bytes
SAFE = frozenset({"GET", "HEAD"})
JSON = "application/json"

View = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one address, as it is checked and documented."""

    method: str
    path: str
    name: str
    summary: str
    description: str
    tag: str
    scope: Scope | None  # None: any token
    permission: Permission
    query: type[BaseModel] | None = None
    body: type[BaseModel] | None = None
    answer: type[BaseModel] | None = None
    files: tuple[str, ...] = ()  # media types, where the answer is a file
    status: int = 200
    refusals: frozenset[int] = frozenset()
    body_limit: int = BODY_LIMIT
    token_only: bool = False  # pages ask for a fresh sign-in; a browser's session is not enough

    @property
    def changes(self) -> bool:
        return self.method not in SAFE


OPERATIONS: list[Operation] = []
blueprint = Blueprint("api", __name__)


def operation(
    method: str,
    path: str,
    *,
    scope: Scope | None = None,
    permission: Permission | None = None,
    query: type[BaseModel] | None = None,
    body: type[BaseModel] | None = None,
    answer: type[BaseModel] | None = None,
    files: tuple[str, ...] = (),
    status: int = 200,
    refusals: tuple[int, ...] = (),
    token_only: bool = False,
    body_limit: int = BODY_LIMIT,
) -> Callable[[View], View]:
    """Register a view: it gets `query` and `body` checked, and returns the model of the answer."""

    def register(view: View) -> View:
        summary, _, more = (view.__doc__ or "").strip().partition("\n")
        made = Operation(
            method=method,
            path=path,
            name=view.__name__,
            summary=summary.rstrip("."),
            description=" ".join(more.split()),
            tag=path.split("/")[1],
            scope=scope,
            permission=permission or (scope.permission if scope else Permission.SIGNED_IN),
            query=query,
            body=body,
            answer=answer,
            files=files,
            status=status,
            refusals=frozenset(refusals),
            token_only=token_only,
            body_limit=body_limit,
        )
        OPERATIONS.append(made)
        blueprint.add_url_rule(
            PREFIX + path, made.name, csrf.exempt(_guarded(made, view)), methods=[method]
        )
        return view

    return register


def _guarded(operation: Operation, view: View) -> View:
    """Return the view with everything that happens before it."""

    @permit(operation.permission)
    @wraps(view)
    def permitted(**ids: str) -> Response:
        require_scope(operation.scope)
        _refuse_browsers(operation)
        given: dict[str, Any] = dict(ids)
        if operation.query is not None:
            given["query"] = _query(operation.query)
        elif request.args:
            refuse(422, "That cannot be used", "This address takes no query.")
        raw = _raw_body(operation.body_limit) if operation.changes else b""
        if operation.body is not None:
            given["body"] = _body(operation.body, raw)
        if operation.changes and not operation.files:
            return answered_once(raw, lambda: _rendered(operation, view(**given)))
        return _rendered(operation, view(**given))

    @wraps(permitted)
    def guarded(**ids: str) -> Any:
        use_bearer()
        return permitted(**ids)

    return guarded


def _refuse_browsers(operation: Operation) -> None:
    """Let browsers' sessions read, and change where the page proves that it is ours."""
    if g.get(BY_TOKEN) is not None:
        return
    if operation.token_only:
        refuse(403, "This is not for you", "This takes a token, or the page that does the same.")
    if operation.changes and current_app.config["WTF_CSRF_ENABLED"]:
        csrf.protect()


def _query(model: type[BaseModel]) -> BaseModel:
    given: dict[str, object] = {
        name: values[0] if len(values) == 1 else values for name, values in request.args.lists()
    }
    try:
        return model.model_validate(given)
    except ValidationError as error:
        refuse_values(error, "query")


def _raw_body(limit: int) -> bytes:
    if (request.content_length or 0) > limit:
        abort(413)
    raw = request.get_data(cache=False)  # without a length: as much as any page takes
    if len(raw) > limit:
        abort(413)
    return raw


def _body(model: type[BaseModel], raw: bytes) -> BaseModel:
    if request.mimetype != JSON:
        refuse(415, "That cannot be read", "Send JSON, with Content-Type: application/json.")
    try:
        return model.model_validate_json(raw)
    except ValidationError as error:
        refuse_values(error, "body")


def _rendered(operation: Operation, result: Any) -> Response:
    if isinstance(result, Response):
        return result
    if result is None:
        return Response(status=204)
    return Response(result.model_dump_json(), operation.status, mimetype=JSON)
