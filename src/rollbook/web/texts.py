"""The language of each request, and the site's texts in it."""

from __future__ import annotations

from collections.abc import Iterable

from babel import Locale, negotiate_locale
from babel.support import Translations
from flask import Flask, request, session
from flask_babel import Babel, Domain, get_locale
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

from rollbook.errors import StorageError
from rollbook.languages import catalogs
from rollbook.languages.catalogs import LANGUAGES, PSEUDO
from rollbook.web.parts import options, parts

CHOSEN = "language"  # in the browser's session


class SourceDomain(Domain):  # type: ignore[misc]
    """Messages from `languages/translations/<language>.po`."""

    def get_translations(self) -> Translations:
        return catalogs.catalog(str(get_locale() or "en"))


def spoken(text: str) -> str:
    """Return English sentences that were finished elsewhere, and kept, in the page's language."""
    return catalogs.spoken(text, str(get_locale() or "en"))


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
