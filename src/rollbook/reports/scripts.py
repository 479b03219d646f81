"""Which of the shipped fonts shows which character, and in which order a line runs."""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

FONT_FOLDER = Path(__file__).parent / "fonts"
MAIN = "NotoSans"
EAST_ASIAN = "DroidSansFallbackFull"

# first code point of a block -> font of the script; blocks without a font of their own say ""
_BLOCKS: tuple[tuple[int, str], ...] = (
    (0x0000, ""),
    (0x0530, "NotoSansArmenian-Regular"),
    (0x0590, "NotoSansHebrew-Regular"),
    (0x0600, "NotoSansArabic-Regular"),
    (0x0700, ""),
    (0x0750, "NotoSansArabic-Regular"),
    (0x0780, "NotoSansThaana-Regular"),
    (0x07C0, "NotoSansNKo-Regular"),
    (0x0800, ""),
    (0x0870, "NotoSansArabic-Regular"),
    (0x0900, "NotoSansDevanagari-Regular"),
    (0x0980, "NotoSansBengali-Regular"),
    (0x0A00, "NotoSansGurmukhi-Regular"),
    (0x0A80, "NotoSansGujarati-Regular"),
    (0x0B00, "NotoSansOriya-Regular"),
    (0x0B80, "NotoSansTamil-Regular"),
    (0x0C00, "NotoSansTelugu-Regular"),
    (0x0C80, "NotoSansKannada-Regular"),
    (0x0D00, "NotoSansMalayalam-Regular"),
    (0x0D80, "NotoSansSinhala-Regular"),
    (0x0E00, "NotoSansThai-Regular"),
    (0x0E80, "NotoSansLao-Regular"),
    (0x0F00, "NotoSerifTibetan-Regular"),
    (0x1000, "NotoSansMyanmar-Regular"),
    (0x10A0, "NotoSansGeorgian-Regular"),
    (0x1100, "NanumSquareR"),
    (0x1200, "NotoSansEthiopic-Regular"),
    (0x13A0, ""),
    (0x1780, "NotoSansKhmer-Regular"),
    (0x1800, ""),
    (0x19E0, "NotoSansKhmer-Regular"),
    (0x1A00, ""),
    (0x1C90, "NotoSansGeorgian-Regular"),
    (0x1CC0, ""),
    (0x1CD0, "NotoSansDevanagari-Regular"),
    (0x1D00, ""),
    (0x2D00, "NotoSansGeorgian-Regular"),
    (0x2D30, "NotoSansTifinagh-Regular"),
    (0x2D80, "NotoSansEthiopic-Regular"),
    (0x2DE0, ""),
    (0x2E80, EAST_ASIAN),
    (0x3130, "NanumSquareR"),
    (0x3190, EAST_ASIAN),
    (0xA000, ""),
    (0xA8E0, "NotoSansDevanagari-Regular"),
    (0xA900, ""),
    (0xA9E0, "NotoSansMyanmar-Regular"),
    (0xAA00, ""),
    (0xAA60, "NotoSansMyanmar-Regular"),
    (0xAA80, ""),
    (0xAB00, "NotoSansEthiopic-Regular"),
    (0xAB30, ""),
    (0xAC00, "NanumSquareR"),
    (0xD7B0, ""),
    (0xF900, EAST_ASIAN),
    (0xFB00, ""),
    (0xFB13, "NotoSansArmenian-Regular"),
    (0xFB18, ""),
    (0xFB1D, "NotoSansHebrew-Regular"),
    (0xFB50, "NotoSansArabic-Regular"),
    (0xFE00, ""),
    (0xFE30, EAST_ASIAN),
    (0xFE70, "NotoSansArabic-Regular"),
    (0xFF00, EAST_ASIAN),
    (0xFFF0, ""),
    (0x20000, EAST_ASIAN),
    (0x30000, ""),
)
_STARTS = [start for start, _ in _BLOCKS]

Covers = Callable[[str, int], bool]
"""Called with (font, code point): does the font have the character?"""


@dataclass(frozen=True, slots=True)
class Run:
    """Text of one font and one direction, in the order in which it is read."""

    text: str
    font: str | None  # None: no shipped font has the character; `text` is that one character
    right_to_left: bool


def clusters(text: str) -> Iterator[str]:
    """Yield each character together with the marks that belong on it.

    >>> list(clusters("a\\u0301b"))
    ['á', 'b']
    """
    current = ""
    for character in text:
        if current and not _belongs_to_previous(character):
            yield current
            current = ""
        current += character
    if current:
        yield current


def _belongs_to_previous(character: str) -> bool:
    return unicodedata.category(character) in {"Mn", "Mc", "Me", "Cf"}


def _is_invisible(character: str) -> bool:
    return unicodedata.category(character) == "Cf" or 0xFE00 <= ord(character) <= 0xFE0F


def script_font(code_point: int) -> str:
    """Return the font of the block that the character lies in, or "" where there is none."""
    return _BLOCKS[bisect_right(_STARTS, code_point) - 1][1]


def visual_runs(text: str, covers: Covers) -> list[Run]:
    """Return what stands on a line from left to right."""
    levels = _levels(text)
    pieces: list[tuple[int, Run]] = []
    position = 0
    for cluster in clusters(text):
        level = levels[position]
        position += len(cluster)
        font_before = pieces[-1][1].font if pieces else None
        for part, font in _fonts_of(cluster, font_before, covers):
            pieces.append((level, Run(part, font, level % 2 == 1)))
    return _in_visual_order(_merged(pieces))


def _fonts_of(
    cluster: str, font_before: str | None, covers: Covers
) -> list[tuple[str, str | None]]:
    """Return the cluster with its font, or its characters one by one where no font has all."""
    wanted = [ord(c) for c in cluster if not _is_invisible(c)]
    if not wanted:
        return [(cluster, font_before)] if font_before else []
    order = [MAIN, script_font(wanted[0])]
    if cluster.isspace() and font_before:
        order.insert(0, font_before)
    for font in filter(None, order):
        if all(covers(font, code_point) for code_point in wanted):
            return [(cluster, font)]
    if len(wanted) == 1:
        return [(chr(wanted[0]), None)]
    return [part for c in cluster for part in _fonts_of(c, font_before, covers)]


def _merged(pieces: list[tuple[int, Run]]) -> list[tuple[int, Run]]:
    merged: list[tuple[int, Run]] = []
    for level, run in pieces:
        before = merged[-1] if merged else None
        if before and run.font and (before[0], before[1].font) == (level, run.font):
            merged[-1] = level, Run(before[1].text + run.text, run.font, run.right_to_left)
        else:
            merged.append((level, run))
    return merged


def _in_visual_order(pieces: list[tuple[int, Run]]) -> list[Run]:
    """Reverse runs as rule L2 of the Unicode bidirectional algorithm says."""
    ordered = list(pieces)
    highest = max((level for level, _ in pieces), default=0)
    for level in range(highest, 0, -1):
        start = None
        for index in range(len(ordered) + 1):
            inside = index < len(ordered) and ordered[index][0] >= level
            if inside and start is None:
                start = index
            elif not inside and start is not None:
                ordered[start:index] = reversed(ordered[start:index])
                start = None
    return [run for _, run in ordered]


def isolated(text: str) -> str:
    """Return a text that keeps its own direction, and does not change that of what is beside it."""
    return f"\u2068{text}\u2069" if _turns(text) else text


def _turns(text: str) -> bool:
    """Return whether some of the text runs from right to left."""
    return any(unicodedata.bidirectional(c) in {"R", "AL", "AN", "RLE", "RLO"} for c in text)


def _levels(text: str) -> list[int]:
    """Return the embedding level of each character: odd ones run from right to left."""
    if not _turns(text):
        return [0] * len(text)
    from fpdf.bidi import BidiParagraph, auto_detect_base_direction

    paragraph = BidiParagraph(text, auto_detect_base_direction(text), preserve_bn_chars=True)
    paragraph.get_reordered_characters()  # also puts spaces at the end on the line's own level
    levels = [c.embedding_level for c in paragraph.characters]
    return levels if len(levels) == len(text) else [0] * len(text)
