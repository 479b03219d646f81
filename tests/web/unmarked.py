"""Finding visible text that nobody marked for translation."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator
from html.parser import HTMLParser

SHOWN_ATTRIBUTES = {"alt", "title", "placeholder", "aria-label", "data-confirm", "data-label"}
HIDDEN = {"script", "style", "template"}
NAMES = {"Rollbook", "openapi", "json", "CSV", "PDF", "Excel", "XLSX", "JSON", "ICS"}
NAMES |= {"ID", "PIN", "QR", "API", "IP"}
MARKERS = {"_", "_l", "gettext", "ngettext", "lazy_gettext", "lazy_ngettext"}
LOGGING = {"debug", "info", "warning", "error", "exception"}
_CLASSES = r"\{% block \w+_class %\}.*?\{% endblock %\}"
_JINJA = re.compile(rf"{_CLASSES}|\{{#.*?#\}}|\{{%.*?%\}}|\{{\{{.*?\}}\}}", re.DOTALL)
_WORD = re.compile(r"[A-Za-zÀ-ž]{2,}")
_SENTENCE = re.compile(r"[A-Z][a-z]*( [\w'-]+[,;:]?)+[.?!…]$|[A-Z][a-z]+( [a-z'-]+){2,}")


def words_of_template(template: str) -> list[str]:
    """Return the texts that a template shows without `_(...)`."""
    parser = _Shown()
    parser.feed(_JINJA.sub("", template))
    return [text for text in parser.texts if _speaks(text)]


def _speaks(text: str) -> bool:
    attributes = '="' in text  # of a macro that writes a part of a tag
    return not attributes and any(word not in NAMES for word in _WORD.findall(text))


class _Shown(HTMLParser):
    """Collects what a person sees or hears of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._within: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        data = tag in {"code", "kbd", "pre"} or ("translate", "no") in attrs
        if tag in HIDDEN or data:
            self._within.append(tag)
        self.texts += [value for name, value in attrs if name in SHOWN_ATTRIBUTES and value]

    def handle_endtag(self, tag: str) -> None:
        if self._within and self._within[-1] == tag:
            self._within.pop()

    def handle_data(self, data: str) -> None:
        if not self._within and data.strip():
            self.texts.append(data.strip())


def shown_texts(page: str) -> list[str]:
    """Return what a finished page shows, piece by piece."""
    parser = _Shown()
    parser.feed(page)
    return parser.texts


def sentences_of_python(tree: ast.Module, known: Collection[str]) -> list[str]:
    """Return the sentences in a module that no gettext gets: neither docstrings nor log lines,
    nor what is in the catalog for another reason."""
    silent = {id(node) for node in _silent(tree)}
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        if id(node) not in silent and node.value not in known and _SENTENCE.match(node.value)
    ]


def _silent(tree: ast.Module) -> Iterator[ast.AST]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _is_silent(node):
            yield from ast.walk(node)
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield node.value  # a docstring


def _is_silent(call: ast.Call) -> bool:
    function = call.func
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    error = name[:1].isupper() and isinstance(function, ast.Name)  # its text is in the catalog
    return name in MARKERS or name in LOGGING or error


def sentences_of_script(source: str) -> list[str]:
    """Return the texts in a script that look as if a person would read them."""
    code = re.sub(r"/\*.*?\*/|(?<![:\"'])//.*?$", "", source, flags=re.DOTALL | re.MULTILINE)
    strings = re.findall(
        r"\"((?:[^\"\\\n]|\\.)*)\"|'((?:[^'\\\n]|\\.)*)'|`((?:[^`\\]|\\.)*)`", code
    )
    return [text for found in strings for text in found if re.match(r"[A-Z][a-z]+ [a-z]", text)]
