"""Papers of a site: filled from its settings, and set as PDF, A4 upright.

A text is plain: `# ` and `## ` begin headings, `- ` an item, `[ ] ` a box to tick, and a line
`[[sign: label]]` is one to write on. `[[name]]` is where a person's name goes. Everything else is a
paragraph. What the settings do not say becomes a marked gap; nothing is made up.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from rollbook.domain.documents import PaperKind
from rollbook.domain.papers import SiteFacts
from rollbook.reports.typesetting import Canvas, Typesetter

FOLDER = Path(__file__).parent / "paper_texts"
GAPS = {"en": "[to be filled in: {}]", "de": "[zu ergänzen: {}]"}
LAWS = {"eu": "gdpr", "uk": "uk", "ch": "ch", "us-il": "bipa", "us-ny": "ny", "us": "us"}
LAWS |= {"in": "in"}
BLANK = "_" * 34

# millimetres on A4, upright
LEFT, RIGHT, TOP, BOTTOM = 22.0, 190.0, 20.0, 272.0
SIZES = {"title": 18.0, "heading": 12.5, "text": 10.0}
LEADING = {"title": 8.5, "heading": 6.2, "text": 4.9}


def fill_paper(kind: PaperKind, language: str, facts: SiteFacts) -> str:
    """Return the text of a paper in a language."""
    gap = GAPS[language]
    text = (
        _environment()
        .get_template(f"{language}/{kind.value}.txt")
        .render(
            f=facts,
            p=facts.particulars,
            r=facts.rules,
            law=LAWS.get(facts.place, ""),
            school=facts.institution == "school",
            work=facts.institution == "workplace",
            today=_day(facts.today, language),
            gap=gap.format,
            say=lambda value, what: ", ".join(value.split("\n")) if value else gap.format(what),
            number=lambda value: _number(value, language),
        )
    )
    return _tidied(text)


@cache
def _environment() -> Environment:
    """Return what reads the texts; they are plain, so nothing is escaped here."""
    return Environment(
        loader=FileSystemLoader(FOLDER, encoding="utf-8"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # noqa: S701 - the result is text; pages escape it
    )


def _tidied(text: str) -> str:
    """Return the text with at most one empty line in a row."""
    lines: list[str] = []
    for line in (line.rstrip() for line in text.splitlines()):
        if line or (lines and lines[-1]):
            lines.append(line)
    return "\n".join(lines).strip() + "\n"


def _day(day: date, language: str) -> str:
    return f"{day.day}.{day.month}.{day.year}" if language == "de" else day.isoformat()


def _number(value: float, language: str) -> str:
    return f"{value:g}".replace(".", ",") if language == "de" else f"{value:g}"


@dataclass(frozen=True, slots=True)
class Block:
    """One piece of a paper. `kind` is title, heading, text, item, box or sign."""

    kind: str
    text: str


_BEGINNINGS = {"## ": "heading", "# ": "title", "- ": "item", "[ ] ": "box"}


def blocks_of(text: str, name: str = "") -> Iterator[Block]:
    """Yield the pieces of a paper, with the person's name in its place, or a line for it."""
    lines: list[str] = []
    for line in [*text.replace("[[name]]", name or BLANK).splitlines(), ""]:
        block = _special(line)
        if block is None and line:
            lines.append(line)
            continue
        if lines:
            yield Block("text", "\n".join(lines))
            lines = []
        if block is not None:
            yield block


def _special(line: str) -> Block | None:
    """Return the block that a line is by itself, or None."""
    if line.startswith("[[sign:") and line.endswith("]]"):
        return Block("sign", line.removeprefix("[[sign:").removesuffix("]]").strip())
    for beginning, kind in _BEGINNINGS.items():
        if line.startswith(beginning):
            return Block(kind, line.removeprefix(beginning).strip())
    return None


@dataclass(frozen=True, slots=True)
class PaperFoot:
    """What stands below each page."""

    site: str
    version: str  # the id of a published version, or a word that says it is a draft


def paper_file(text: str, foot: PaperFoot, made_at: datetime, name: str = "") -> bytes:
    """Return the PDF of a paper; with a name it is made out to this person."""
    with Canvas() as canvas:
        canvas.set_title(foot.version)
        canvas.set_creator("Rollbook")
        canvas.set_creation_date(made_at)
        page = _Pages(Typesetter(canvas))
        for section in _sections(blocks_of(text, name)):
            page.put(section)
        page.number(foot)
        return bytes(canvas.output())


def _sections(blocks: Iterable[Block]) -> list[list[Block]]:
    """Return the pieces between headings, each heading with what follows it."""
    found: list[list[Block]] = [[]]
    for block in blocks:
        if block.kind == "heading":
            found.append([])
        found[-1].append(block)
    return found


class _Pages:
    """Fills pages from the top; a heading is never left alone at the bottom."""

    def __init__(self, setter: Typesetter) -> None:
        self._setter = setter
        self._y = 0.0
        self._turn()

    def put(self, section: Sequence[Block]) -> None:
        """Draw a section; what is signed stands on one page with the lines to sign on."""
        if any(block.kind == "sign" for block in section):
            self._room(min(sum(map(self._height, section)), BOTTOM - TOP))
        draw = {"title": self._heading, "heading": self._heading, "sign": self._sign}
        for block in section:
            draw.get(block.kind, self._text)(block)

    def _height(self, block: Block) -> float:
        """Return about how much a block takes, rather too much."""
        if block.kind == "sign":
            return 19.0
        room = RIGHT - LEFT - 7
        lines = sum(len(self._setter.wrap(p, SIZES["text"], room)) for p in block.text.split("\n"))
        return lines * LEADING["text"] + (9.0 if block.kind == "heading" else 1.8)

    def number(self, foot: PaperFoot) -> None:
        """Write version and page numbers below each page."""
        canvas, pages = self._setter.canvas, self._setter.canvas.pages_count
        for page in range(1, pages + 1):
            canvas.page = page
            said = self._setter.shorten(f"{foot.site} · {foot.version}", 7.5, RIGHT - LEFT - 20)
            self._setter.draw(LEFT, BOTTOM + 11, said, 7.5)
            self._setter.right(RIGHT, BOTTOM + 11, f"{page} / {pages}", 8)

    def _turn(self) -> None:
        self._setter.canvas.add_page(orientation="portrait")
        self._y = TOP

    def _room(self, height: float) -> None:
        if self._y + height > BOTTOM:
            self._turn()

    def _heading(self, block: Block) -> None:
        size, leading = SIZES[block.kind], LEADING[block.kind]
        lines = self._setter.wrap(block.text, size * 1.06, RIGHT - LEFT)  # bold is wider
        self._room(len(lines) * leading + 18)
        self._y += 4.5 if block.kind == "heading" and self._y > TOP else 0
        for line in lines:
            self._y += leading
            self._setter.draw(LEFT, self._y - 1.2, line, size, bold=True)
        self._y += 2.2 if block.kind == "title" else 0.8

    def _text(self, block: Block) -> None:
        inset = {"item": 5.0, "box": 7.0}.get(block.kind, 0.0)
        first = True
        for part in block.text.split("\n"):
            for line in self._setter.wrap(part, SIZES["text"], RIGHT - LEFT - inset):
                self._room(LEADING["text"])
                self._y += LEADING["text"]
                if first:
                    self._mark(block.kind)
                self._setter.draw(LEFT + inset, self._y - 1.2, line, SIZES["text"])
                first = False
        self._y += {"text": 1.8, "box": 1.4}.get(block.kind, 0.6)

    def _mark(self, kind: str) -> None:
        """Draw a bullet or a box before the first line."""
        canvas = self._setter.canvas
        canvas.set_line_width(0.25)
        if kind == "item":
            self._setter.draw(LEFT + 1, self._y - 1.2, "–", SIZES["text"])
        elif kind == "box":
            canvas.rect(LEFT + 0.5, self._y - 4.3, 3.8, 3.8)

    def _sign(self, block: Block) -> None:
        self._room(19)
        self._y += 13
        self._setter.canvas.set_line_width(0.2)
        self._setter.canvas.line(LEFT, self._y, LEFT + 105, self._y)
        self._setter.draw(LEFT, self._y + 3.8, block.text, 8)
        self._y += 5.5
