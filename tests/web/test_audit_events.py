"""Every event that the services write has a sentence on the audit page."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import rollbook
from rollbook.web.audit.sentences import BY_KIND

SOURCE = Path(rollbook.__file__).parent
WRITERS = {"_log", "_entry", "_moved", "_note", "_end", "_write"}  # the event is their argument
WRITERS |= {f"{kind}_entry" for kind in ("account", "access", "subject", "session", "consent")}


def constant(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value


def events(tree: ast.AST) -> Iterator[str]:
    """Yield the events that a module names in full."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            if name in WRITERS:
                yield from (text for argument in node.args for text in constant(argument))
        elif isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if key is not None and list(constant(key)) == ["event"]:
                    yield from constant(value)


def test_every_event_has_a_sentence() -> None:
    known = set().union(*(set(sentences) for sentences in BY_KIND.values()))
    written = {
        (event, file.name)
        for file in SOURCE.rglob("*.py")
        for event in events(ast.parse(file.read_text(encoding="utf-8")))
    }
    assert {one for one in written if one[0] not in known} == set()
    assert len(written) > 60
