"""Every page in made-up languages: what nobody marked stays English, and right-to-left holds."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from zoneinfo import available_timezones

import pytest
from babel import Locale
from babel.messages.catalog import Message
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations
from flask import Flask
from flask.testing import FlaskClient

from rollbook.languages import catalogs
from rollbook.web.app import create_app
from rollbook.web.parts import WebOptions
from web.full_school import NAMES, make_full_site
from web.pages import ROLES, addresses
from web.school import Site, sign_in
from web.unmarked import shown_texts

pytestmark = [pytest.mark.slow]

PLAIN = re.compile(r"[A-Za-z]{3,}")  # the made-up language has no word of these letters alone
CHANGED = set("aceiounyAEIOU")
DATA = (
    "Hill School Alice Bob Charlie Dora alice bob charlie dora ada Ada Lovelace Alan Turing Grace "
    "Hopper Edsger Dijkstra Barbara Liskov Mathematics German History Physical education guardian "
    "their Room Entrance tablet Hall Door Told telephone The bus was late Was the nurse English "
    "Deutsch Rollbook Europe Berlin UTC Easter holidays second half half colour invented door "
    "There there the back had was dentist appointment My grandmother ill "
    "unknown rtsp camera invalid stream "
    "E-Mail SMS mother mailto office hill example json sms The server answered Jane Roe "
    "Test annabella milbanke org disk unplugged is not there Plug the disk in or make the "
    "folder then try again Road Hilltown The Commissioner of rollbook rbk"
)
PUBLISHED = (  # papers, and texts of messages: there in the languages that they are written in
    "/privacy/notice",
    "/privacy/retention",
    "/privacy/rights",
    "/privacy/texts/",
    "/privacy/papers/",
    "/messages/texts",
)


@pytest.fixture(scope="module")
def school(blank_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    home = Path(shutil.copytree(blank_home, tmp_path_factory.mktemp("languages") / "home"))
    made = make_full_site(home)
    yield made
    made.parts.engines.close()
    made.parts.database.close()


@pytest.fixture(scope="module")
def app(school: Site) -> Flask:
    return create_app(school.parts, WebOptions(testing=True, limits=False, pseudo=True))


@pytest.fixture
def pages_in(school: Site, app: Flask) -> Callable[[str | None, str], Iterator[tuple[str, str]]]:
    """Return what yields the address and text of every page of an account in a language."""

    def walk(login: str | None, language: str) -> Iterator[tuple[str, str]]:
        client: FlaskClient = app.test_client()
        if login is not None:
            client.set_cookie("rollbook", sign_in(school, login))
        for address in addresses(app, school, login):
            if address.startswith("/api/"):
                continue  # for programs, and those who write them
            if address.startswith(PUBLISHED):
                continue
            answer = client.get(address, headers={"Accept-Language": language})
            if answer.mimetype == "text/html" and answer.status_code == 200:
                yield address, answer.get_data(as_text=True)

    return walk


def data_words(school: Site, app: Flask) -> set[str]:
    """Return the words of a page that are data, or come from the calendar of the language."""
    locale = Locale("eo")
    calendar = [*locale.months["format"]["wide"].values(), *locale.days["format"]["wide"].values()]
    calendar += [*locale.months["format"]["abbreviated"].values()]
    places = [*locale.territories.values(), *available_timezones()]
    routes = [
        rule.endpoint for rule in app.url_map.iter_rules()
    ]  # the audit names what was refused
    words = " ".join([DATA, *NAMES, *calendar, *places, *routes])
    return set(PLAIN.findall(words.replace("_", " ")))


@pytest.mark.parametrize("login", ROLES, ids=str)
def test_no_text_is_left_in_english(
    login: str | None,
    school: Site,
    app: Flask,
    pages_in: Callable[[str | None, str], Iterator[tuple[str, str]]],
) -> None:
    known = data_words(school, app)
    wrong = {}
    for address, page in pages_in(login, "eo"):
        shown = [text for text in shown_texts(page) if _english(text, known)]
        wrong |= {address: shown} if shown else {}
    assert wrong == {}


def _english(text: str, known: set[str]) -> bool:
    """Return whether a text has a word that a translation would have changed, and is no data."""
    words = re.findall(r"[^\W\d_]+", re.sub(r"\w*\d\w*", "", text))  # without ids and codes
    return any(PLAIN.fullmatch(w) and CHANGED & set(w) and w not in known for w in words)


def test_pages_run_from_right_to_left_where_the_language_does(
    pages_in: Callable[[str | None, str], Iterator[tuple[str, str]]],
) -> None:
    wrong = [a for a, page in pages_in("alice", "he") if '<html lang="he" dir="rtl">' not in page]
    assert wrong == []


@pytest.mark.parametrize("login", ROLES, ids=str)
def test_every_text_that_a_page_asks_for_is_in_the_catalog(
    login: str | None,
    pages_in: Callable[[str | None, str], Iterator[tuple[str, str]]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Also those that are asked for by a variable, which no tool finds in the source."""
    asked = Asking(catalogs.catalog("de"))
    monkeypatch.setattr(catalogs, "catalog", lambda language: asked)
    for _page in pages_in(login, "de"):
        pass
    assert asked.missing == set()


class Asking(NullTranslations):
    """The catalog of a language, which remembers what it was asked for in vain."""

    def __init__(self, held: Translations) -> None:
        super().__init__()
        self._held = held
        file = catalogs.FOLDER / "de.po"
        self._ids = {_first(message) for message in read_po(BytesIO(file.read_bytes()))}
        self.missing: set[str] = set()

    def ugettext(self, message: str) -> str:
        kept = (pattern.fullmatch(message) for pattern, _text in catalogs.patterns("de"))
        if message not in self._ids and not any(kept):  # `spoken` asks for finished sentences
            self.missing.add(message)
        return str(self._held.ugettext(message))

    def ungettext(self, singular: str, plural: str, n: int) -> str:
        if singular not in self._ids:
            self.missing.add(singular)
        return str(self._held.ungettext(singular, plural, n))

    gettext, ngettext = ugettext, ungettext


def _first(message: Message) -> str:
    return message.id if isinstance(message.id, str) else message.id[0]
