"""The OpenAPI document, arranged for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

REF = "#/components/schemas/"
_LIMITS = {
    "minimum": "from {}",
    "maximum": "to {}",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minItems": "at least {}",
    "maxItems": "at most {}",
}


@dataclass(frozen=True, slots=True)
class Field:
    name: str
    kind: str
    meaning: str
    required: bool


@dataclass(frozen=True, slots=True)
class Part:
    """A table of fields: a query, a body, or an answer."""

    title: str
    fields: list[Field]


@dataclass(frozen=True, slots=True)
class Way:
    """One operation."""

    method: str
    path: str
    summary: str
    description: str
    scope: str
    token_only: bool
    answers: str
    parts: list[Part]


@dataclass(frozen=True, slots=True)
class Tag:
    name: str
    ways: list[Way]


def described(document: Mapping[str, Any]) -> list[Tag]:
    """Return the operations by tag, in the order of the document."""
    found: dict[str, list[Way]] = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            way = _way(document, method.upper(), path, operation)
            found.setdefault(operation["tags"][0], []).append(way)
    return [Tag(name, ways) for name, ways in found.items()]


def _way(document: Mapping[str, Any], method: str, path: str, operation: Mapping[str, Any]) -> Way:
    scopes = operation["security"][0]["token"]
    return Way(
        method=method,
        path=path,
        summary=operation["summary"],
        description=operation.get("description", ""),
        scope=" ".join(scopes),
        token_only=len(operation["security"]) == 1,
        answers=", ".join(operation["responses"]),
        parts=[part for part in _parts(document, operation) if part.fields],
    )


def _parts(document: Mapping[str, Any], operation: Mapping[str, Any]) -> Iterator[Part]:
    queried = [p for p in operation.get("parameters", []) if p["in"] == "query"]
    yield Part("Query", [_field(p["name"], p["schema"], p["required"]) for p in queried])
    body = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if body:
        yield Part("Body", _fields(document, body["schema"]))
    for status, answer in operation["responses"].items():
        content = answer.get("content", {}).get("application/json")
        if content:
            answered = _fields(document, content["schema"])
            yield Part(f"Answer {status}", [replace(field, required=False) for field in answered])


def _fields(document: Mapping[str, Any], schema: Mapping[str, Any]) -> list[Field]:
    named = document["components"]["schemas"][schema["$ref"].removeprefix(REF)]
    required = set(named.get("required", []))
    fields = []
    for name, field in named.get("properties", {}).items():
        fields.append(_field(name, field, name in required))
        inner = field.get("items", {}).get("$ref")
        if name == "items" and inner:
            fields += [
                Field(f"items[].{one.name}", one.kind, one.meaning, one.required)
                for one in _fields(document, {"$ref": inner})
            ]
    return fields


def _field(name: str, schema: Mapping[str, Any], required: bool) -> Field:
    meaning = [schema.get("description", "")]
    meaning += [text.format(schema[key]) for key, text in _LIMITS.items() if key in schema]
    if schema.get("default") not in (None, "", []):
        meaning.append(f"default {schema['default']}")
    return Field(name, _kind(schema), "; ".join(part for part in meaning if part), required)


def _kind(schema: Mapping[str, Any]) -> str:
    """Return a type in words.

    >>> _kind({"anyOf": [{"type": "string", "format": "date"}, {"type": "null"}]})
    'date or null'
    """
    if "anyOf" in schema:
        return " or ".join(_kind(one) for one in schema["anyOf"])
    if "$ref" in schema:
        return str(schema["$ref"]).removeprefix(REF)
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items', {}))}"
    return str(schema.get("format") or schema.get("type", "any value"))
