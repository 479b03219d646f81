"""Languages: catalogs that are read from their sources, so that none can be out of date."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable
from functools import lru_cache
from importlib import resources
from typing import Any

from babel import Locale, negotiate_locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations
from flask import Flask, request, session
from flask_babel import Babel, Domain, get_locale, gettext
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

from rollbook.errors import StorageError
from rollbook.web.parts import options, parts

LANGUAGES = {"en": "English", "de": "Deutsch"}
PSEUDO = {"eo": "[Ŧëšŧ]", "he": "[טסט]"}  # to see, in tests, what nobody marked for translation
CHOSEN = "language"  # in the browser's session
TELLING = 6  # letters beside its values that a text needs to be known by them
_HOLE = re.compile(r"%\((\w+)\)[a-z]")
_ACCENTS = str.maketrans("aceiounyAEIOU", "áçéíóúñýÁÉÍÓÚ")


class SourceDomain(Domain):  # type: ignore[misc]
    """Messages from `translations/<language>.po`."""

    def get_translations(self) -> Translations:
        return catalog(str(get_locale() or "en"))


class Pseudo(NullTranslations):
    """Every marked text with accents, and in right-to-left runs between marks."""

    def __init__(self, *, mirrored: bool) -> None:
        super().__init__()
        self._mirrored = mirrored

    def _made(self, text: str) -> str:
        if self._mirrored:
            return f"\u202b{text}\u202c"
        parts_of_text = text.split("%(")
        made = [parts_of_text[0].translate(_ACCENTS)]
        for part in parts_of_text[1:]:
            name, _, rest = part.partition(")")
            made.append(f"{name}){rest[:1]}{rest[1:].translate(_ACCENTS)}")
        return "%(".join(made)

    def ugettext(self, message: str) -> str:
        return self._made(message)

    def ungettext(self, singular: str, plural: str, n: int) -> str:
        return self._made(singular if n == 1 else plural)

    gettext, ngettext = ugettext, ungettext

    def upgettext(self, context: str, message: str) -> str:
        return self._made(message)

    def unpgettext(self, context: str, singular: str, plural: str, n: int) -> str:
        return self.ungettext(singular, plural, n)


@lru_cache
def catalog(language: str) -> Any:
    """Return the messages of a language; English is in the source itself."""
    if language in PSEUDO:
        return Pseudo(mirrored=language == "he")
    file = resources.files("rollbook.web").joinpath("translations", f"{language}.po")
    if not file.is_file():
        return NullTranslations()
    made = io.BytesIO()
    write_mo(made, read_po(io.BytesIO(file.read_bytes()), locale=language))
    made.seek(0)
    return Translations(made)


@lru_cache
def patterns(language: str) -> tuple[tuple[re.Pattern[str], str], ...]:
    """Return what knows the finished form of each text with values, the most telling first."""
    file = resources.files("rollbook.web").joinpath("translations", f"{language}.po")
    if not file.is_file():
        return ()
    found = [m.id for m in read_po(io.BytesIO(file.read_bytes())) if isinstance(m.id, str)]
    told = [(_HOLE.sub("", text), text) for text in found if _HOLE.search(text)]
    telling = [(plain, text) for plain, text in told if len(plain) >= TELLING]
    telling.sort(key=lambda one: -len(one[0]))
    return tuple((_finished(text), text) for _plain, text in telling)


def _finished(template: str) -> re.Pattern[str]:
    holes = iter(_HOLE.findall(template))
    pieces = [re.escape(piece.replace("%%", "%")) for piece in _HOLE.split(template)[::2]]
    made, seen = pieces[0], set[str]()
    for piece in pieces[1:]:
        name = next(holes)
        made += (f"(?P={name})" if name in seen else f"(?P<{name}>.*?)") + piece
        seen.add(name)
    return re.compile(made, re.DOTALL)


def spoken(text: str) -> str:
    """Return English sentences that were finished elsewhere, and kept, in the page's language."""
    whole = _known(text)
    if whole is not None:
        return whole
    for end in reversed([found.end() for found in re.finditer(r"[.?!] ", text)]):
        first = _known(text[: end - 1])
        if first is not None:
            return f"{first} {spoken(text[end:])}"
    return text


def _known(text: str) -> str | None:
    plain = str(gettext(text)) if text else text  # the empty text is the catalog's head
    if plain != text:
        return plain
    for pattern, template in patterns(str(get_locale() or "en")):
        if found := pattern.fullmatch(text):
            # a value that was quoted in the sentence brings its quotes with it
            return _HOLE.sub(r"%(\1)s", str(gettext(template))) % found.groupdict()
    return None


def init_app(app: Flask) -> None:
    """Choose the language of each request: what was picked, the browser's, or the site's."""
    babel = Babel()
    babel.init_app(
        app,
        locale_selector=chosen_language,
        timezone_selector=lambda: parts().zone.key,
    )
    babel.domain_instance = SourceDomain()
    app.jinja_env.globals.update(
        languages=LANGUAGES, language=lambda: str(get_locale()), direction=direction
    )


def offered() -> list[str]:
    return [*LANGUAGES, *(PSEUDO if options().pseudo else ())]


def chosen_language() -> str:
    """Return the language of this request; without a database the one that the browser likes."""
    picked = session.get(CHOSEN)
    if picked in offered():
        return str(picked)
    wished = _best(request.accept_languages, offered())
    if wished:
        return wished
    try:
        with parts().uow() as uow:
            return str(uow.site.get("language") or "en")
    except StorageError:
        return "en"  # this may be the page that says so


def language_of(accepted: str) -> str:
    """Return the offered language that an Accept-Language header likes best."""
    return _best(parse_accept_header(accepted, LanguageAccept), LANGUAGES) or "en"


def _best(accepted: LanguageAccept, offered: Iterable[str]) -> str | None:
    """Return what fits first; who asks for de-AT before en is happier with de."""
    wished = [language for language, quality in accepted if quality > 0]
    return negotiate_locale(wished, list(offered), sep="-")


def direction() -> str:
    """Return "rtl" or "ltr" for the page."""
    locale = get_locale() or Locale("en")
    return (
        str(locale.character_order).replace("left-to-right", "ltr").replace("right-to-left", "rtl")
    )
