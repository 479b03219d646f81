"""The OpenAPI document, made of what the operations check."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from rollbook.web.api.common import ID
from rollbook.web.api.idempotency import HEADER, PATTERN
from rollbook.web.api.operations import OPERATIONS, PREFIX, Operation
from rollbook.web.api.problems import MEDIA_TYPE, Problem

REF = "#/components/schemas/{model}"
_PARAMETER = re.compile(r"<[^:>]+:([a-z_]+)>")

TAGS = (
    "me people groups sessions figures timetable absences reviews requests "
    "cameras devices users messages exports audit"
).split()
TEXTS = {
    400: "The values cannot be used; `detail` says why.",
    401: "No token, or one that is worth nothing.",
    403: "Not for this account, or the token was not made for it.",
    404: "There is no such thing, or it is not for this account.",
    409: "It does not fit what is there, or the same request is still being worked on.",
    413: "The body is too large.",
    415: "The body is not JSON.",
    422: "Values do not fit this description; `errors` says which.",
    429: "Too many requests.",
    503: "Not now; `Retry-After` says when to try again.",
}
INTRODUCTION = (
    "What Rollbook's pages do, for programs. Make a token on the page *Tokens* of your account "
    "and send it as `Authorization: Bearer …`: it acts for you, cut to its scopes. A signed-in "
    "browser may read as well, and may change with the header `X-CSRFToken`. Times are instants "
    "with their offset; days are those of the site. Refusals are `application/problem+json` "
    "(RFC 9457). A change with an `Idempotency-Key` is made once: the same request gets the same "
    "answer again for a day. Lists are paged by `page` and `size`, the audit by `before`."
)


@lru_cache(maxsize=1)
def document() -> dict[str, Any]:
    """Return the OpenAPI 3.1 document."""
    modes: list[tuple[type[BaseModel], JsonSchemaMode]] = [(Problem, "serialization")]
    for one in OPERATIONS:
        modes += [(model, "validation") for model in (one.query, one.body) if model is not None]
        modes += [(one.answer, "serialization")] if one.answer is not None else []
    schemas, defined = models_json_schema(list(dict.fromkeys(modes)), ref_template=REF)
    known = defined.get("$defs", {})
    paths: dict[str, dict[str, Any]] = {}
    for one in sorted(OPERATIONS, key=lambda one: TAGS.index(one.tag)):
        path = _PARAMETER.sub(r"{\1}", one.path)
        paths.setdefault(path, {})[one.method.lower()] = _operation(one, schemas, known)
    queries = {_name(one.query, schemas) for one in OPERATIONS if one.query is not None}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Rollbook", "version": "1", "description": INTRODUCTION},
        "servers": [{"url": PREFIX}],
        "paths": paths,
        "components": {
            "schemas": {name: one for name, one in known.items() if name not in queries},
            "responses": {f"Refused{status}": _refused(text) for status, text in TEXTS.items()},
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "browser": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": "rollbook",
                    "description": "of a signed-in browser; changes also need X-CSRFToken",
                },
            },
        },
    }


def _operation(one: Operation, schemas: Any, known: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {
        "operationId": one.name,
        "summary": one.summary,
        "tags": [one.tag],
        "security": _security(one),
        "responses": _responses(one, schemas),
    }
    if one.description:
        made["description"] = one.description
    parameters = [*_path_parameters(one), *_query_parameters(one, schemas, known)]
    if one.changes and not one.files:
        parameters.append(_idempotency())
    if parameters:
        made["parameters"] = parameters
    if one.body is not None:
        content = {"application/json": {"schema": _schema(one.body, "validation", schemas)}}
        made["requestBody"] = {"required": True, "content": content}
    return made


def _security(one: Operation) -> list[dict[str, list[str]]]:
    token = {"token": [one.scope.value] if one.scope else []}
    return [token] if one.token_only else [token, {"browser": []}]


def _responses(one: Operation, schemas: Any) -> dict[str, Any]:
    done: dict[str, Any] = {"description": one.summary}
    if one.answer is not None:
        schema = _schema(one.answer, "serialization", schemas)
        done["content"] = {"application/json": {"schema": schema}}
    elif one.files:
        done["content"] = {kind: {"schema": {}} for kind in one.files}
    refused = {
        str(status): {"$ref": f"#/components/responses/Refused{status}"}
        for status in sorted(_refusals(one))
    }
    return {str(one.status if one.answer or one.files else 204): done, **refused}


def _refused(text: str) -> dict[str, Any]:
    problem = {"schema": {"$ref": REF.format(model="Problem")}}
    return {"description": text, "content": {MEDIA_TYPE: problem}}


def _refusals(one: Operation) -> set[int]:
    found = {400, 401, 403, 422, 429, 503} | one.refusals
    if "<" in one.path:
        found.add(404)
    if one.changes:
        found.add(413)
        found |= set() if one.files else {409}
    return found | ({415} if one.body is not None else set())


def _path_parameters(one: Operation) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": {"type": "string", "pattern": ID},
        }
        for name in _PARAMETER.findall(one.path)
    ]


def _query_parameters(one: Operation, schemas: Any, known: dict[str, Any]) -> list[dict[str, Any]]:
    if one.query is None:
        return []
    schema = known[_name(one.query, schemas)]
    required = schema.get("required", [])
    return [
        {"name": name, "in": "query", "required": name in required, "schema": _filled(field)}
        for name, field in schema["properties"].items()
    ]


def _filled(field: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a query's value: one that is left out is not sent as null."""
    choices = [one for one in field.get("anyOf", []) if one != {"type": "null"}]
    kept = {name: value for name, value in field.items() if name not in {"anyOf", "title"}}
    if kept.get("default", "") is None:
        del kept["default"]
    return {**kept, **choices[0]} if len(choices) == 1 else kept


def _idempotency() -> dict[str, Any]:
    return {
        "name": HEADER,
        "in": "header",
        "required": False,
        "description": "The change is made once, however often it is sent with this key.",
        "schema": {"type": "string", "pattern": PATTERN},
    }


def _schema(model: type[BaseModel], mode: JsonSchemaMode, schemas: Any) -> dict[str, Any]:
    found: dict[str, Any] = schemas[(model, mode)]
    return found


def _name(model: type[BaseModel], schemas: Any) -> str:
    return str(schemas[(model, "validation")]["$ref"]).rpartition("/")[2]
