"""Catalogs of messages that are read from their sources, so that none can be out of date."""

from __future__ import annotations

import io
import re
from functools import lru_cache
from pathlib import Path
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations

FOLDER = Path(__file__).parent / "translations"
LANGUAGES = {"en": "English", "de": "Deutsch"}
PSEUDO = {"eo": "[Ŧëšŧ]", "he": "[טסט]"}  # to see, in tests, what nobody marked for translation
TELLING = 6  # letters beside its values that a text needs to be known by them
_HOLE = re.compile(r"%\((\w+)\)[a-z]")
_ACCENTS = str.maketrans("aceiounyAEIOU", "áçéíóúñýÁÉÍÓÚ")


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
    file = FOLDER / f"{language}.po"
    if not file.is_file():
        return NullTranslations()
    made = io.BytesIO()
    write_mo(made, read_po(io.BytesIO(file.read_bytes()), locale=language))
    made.seek(0)
    return Translations(made)


@lru_cache
def patterns(language: str) -> tuple[tuple[re.Pattern[str], str], ...]:
    """Return what knows the finished form of each text with values, the most telling first."""
    file = FOLDER / f"{language}.po"
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


def spoken(text: str, language: str) -> str:
    """Return English sentences that were finished elsewhere, and kept, in a language."""
    whole = _known(text, language)
    if whole is not None:
        return whole
    for end in reversed([found.end() for found in re.finditer(r"[.?!] ", text)]):
        first = _known(text[: end - 1], language)
        if first is not None:
            return f"{first} {spoken(text[end:], language)}"
    return text


def _known(text: str, language: str) -> str | None:
    said = catalog(language).gettext
    plain = str(said(text)) if text else text  # the empty text is the catalog's head
    if plain != text:
        return plain
    for pattern, template in patterns(language):
        if found := pattern.fullmatch(text):
            # a value that was quoted in the sentence brings its quotes with it
            return _HOLE.sub(r"%(\1)s", str(said(template))) % found.groupdict()
    return None
