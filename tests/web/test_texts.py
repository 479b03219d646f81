"""Every text is marked, every mark has a German text, and nothing is inline or from elsewhere."""

from __future__ import annotations

import ast
import asyncio
import importlib.util
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from types import ModuleType

import httpx
import pytest
from flask import Flask

from rollbook.errors import InvalidInput
from rollbook.web.errors import sentence, without_commands
from rollbook.web.streaming import problem
from rollbook.web.texts import spoken
from web.unmarked import sentences_of_python, sentences_of_script, words_of_template

PROJECT = Path(__file__).resolve().parent.parent.parent
WEB = PROJECT / "src" / "rollbook" / "web"
TEMPLATES = sorted(WEB.rglob("*.html"))
SCRIPTS = sorted(WEB.rglob("*.js"))
STYLES = sorted(WEB.rglob("*.css"))
PYTHON = sorted(f for f in WEB.rglob("*.py") if f.parent.name != "api")  # for programs


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    """Return `scripts/texts.py`."""
    spec = importlib.util.spec_from_file_location("texts", PROJECT / "scripts" / "texts.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def known(tool: ModuleType) -> set[str]:
    return {form for text in tool.texts() for form in text.forms}


def test_every_text_has_a_translation_with_the_same_placeholders(tool: ModuleType) -> None:
    assert tool.problems() == [], "run: make texts"


def test_the_catalog_has_texts_of_templates_views_errors_and_constants(tool: ModuleType) -> None:
    places = {text.place.removeprefix("src/rollbook/") for text in tool.texts()}
    assert {"web/templates/base.html", "web/errors.py", "domain/subjects.py"} <= places
    assert {"domain/faces.py", "services/guided.py"} <= places


@pytest.mark.parametrize("file", TEMPLATES, ids=lambda f: f.relative_to(WEB).as_posix())
def test_a_template_shows_no_text_that_is_not_marked(file: Path) -> None:
    assert words_of_template(file.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("file", PYTHON, ids=lambda f: f.relative_to(WEB).as_posix())
def test_a_view_says_no_sentence_that_is_not_marked(file: Path, known: set[str]) -> None:
    assert sentences_of_python(ast.parse(file.read_text(encoding="utf-8")), known) == []


@pytest.mark.parametrize("file", SCRIPTS, ids=lambda f: f.relative_to(WEB).as_posix())
def test_a_script_has_no_sentence_of_its_own(file: Path) -> None:
    assert sentences_of_script(file.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("file", TEMPLATES, ids=lambda f: f.relative_to(WEB).as_posix())
def test_a_template_has_nothing_inline(file: Path) -> None:
    found = list(_inline(file.read_text(encoding="utf-8")))
    assert found == []


@pytest.mark.parametrize("file", [*TEMPLATES, *SCRIPTS, *STYLES], ids=lambda f: f.name)
def test_nothing_comes_from_elsewhere(file: Path) -> None:
    """Addresses of namespaces are names; links that a person may follow are few, and listed."""
    found = re.findall(r"(?:https?:)?//[a-z0-9.-]+\.[a-z]{2,}[^\"')\s]*", _code(file))
    assert [address for address in found if "www.w3.org/" not in address] == []


def _code(file: Path) -> str:
    """Return a file without comments, which nobody loads anything from."""
    text = file.read_text(encoding="utf-8")
    return re.sub(r"/\*.*?\*/|\{#.*?#\}|^\s*//.*?$", "", text, flags=re.DOTALL | re.MULTILINE)


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        self.found += [f"{tag} {name}" for name in named if name == "style" or name[:2] == "on"]
        self.found += [f"{tag} {v}" for v in named.values() if (v or "").startswith("javascript:")]
        data = named.get("type") in {"application/json", "text/plain"}
        if tag == "style" or (tag == "script" and "src" not in named and not data):
            self.found.append(f"inline {tag}")


def _inline(template: str) -> Iterator[str]:
    parser = _Tags()
    parser.feed(re.sub(r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}", "", template, flags=re.DOTALL))
    yield from parser.found


def test_the_words_of_a_terminal_are_left_out() -> None:
    assert without_commands("There is no %(x)s. Look with: rollbook group list") == (
        "There is no %(x)s."
    )
    assert without_commands("Nothing else.") == "Nothing else."


def test_an_error_with_values_is_translated_with_them(web_app: Flask) -> None:
    error = InvalidInput(
        "A name may have %(limit)s characters; this one has %(count)s.", limit=200, count=300
    )
    assert str(error) == "A name may have 200 characters; this one has 300."
    with web_app.test_request_context(headers={"Accept-Language": "de"}):
        assert sentence(error) == "Ein Name darf 200 Zeichen haben; dieser hat 300."


@pytest.mark.parametrize(
    ("accepted", "said"),
    [
        ("de-AT,en;q=0.5", "Melden Sie sich zuerst an."),
        ("fr", "Sign in first."),
        ("", "Sign in first."),
    ],
)
def test_streams_refuse_in_the_language_that_is_asked_for(accepted: str, said: str) -> None:
    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app=problem(401, "Sign in first."))
        async with httpx.AsyncClient(transport=transport, base_url="http://site") as client:
            return await client.get("/", headers={"Accept-Language": accepted})

    answer = asyncio.run(ask())
    assert (answer.status_code, answer.json()["detail"]) == (401, said)
    assert int(answer.headers["content-length"]) == len(answer.content)


@pytest.mark.parametrize(
    ("kept", "said"),
    [
        ("rtsp://10.0.0.7/1 does not answer. It is tried again.",
         "rtsp://10.0.0.7/1 antwortet nicht. Es wird von selbst wieder versucht."),
        ("Line 7 has the same external id.", "Zeile 7 hat dieselbe externe Kennung."),
        ("There is no file 'a.jpg' beside the roster.",
         "Neben der Namensliste gibt es keine Datei 'a.jpg'."),
        ("Nobody has ever said this.", "Nobody has ever said this."),
        ("", ""),
    ],
)  # fmt: skip
def test_sentences_that_were_kept_are_known_again(web_app: Flask, kept: str, said: str) -> None:
    with web_app.test_request_context(headers={"Accept-Language": "de"}):
        assert spoken(kept) == said
    with web_app.test_request_context(headers={"Accept-Language": "en"}):
        assert spoken(kept) == kept
