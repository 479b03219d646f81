"""Which font shows which character, and in which order a line runs."""

from __future__ import annotations

import unicodedata

import pytest
from fontTools.ttLib import TTFont
from hypothesis import given
from hypothesis import strategies as st

from rollbook.reports.scripts import FONT_FOLDER, MAIN, Run, clusters, isolated, visual_runs

_coverage: dict[str, frozenset[int]] = {}


def covers(font: str, code_point: int) -> bool:
    if font not in _coverage:
        name = f"{font}-Regular" if font == MAIN else font
        with TTFont(FONT_FOLDER / f"{name}.ttf", lazy=True) as opened:
            _coverage[font] = frozenset(opened.getBestCmap())
    return code_point in _coverage[font]


def runs(text: str) -> list[Run]:
    return visual_runs(text, covers)


NAMES = {
    "Latin": ("Nguyễn Thị Ánh Tuyết", "NotoSans"),
    "Cyrillic": ("Ёлкина Анна Сергеевна", "NotoSans"),
    "Greek": ("Ελένη Παπαδοπούλου", "NotoSans"),
    "Arabic": ("محمد بن أحمد", "NotoSansArabic-Regular"),
    "Arabic with vowel signs": ("مُحَمَّد عَلِيّ", "NotoSansArabic-Regular"),
    "Persian with a joiner": ("می‌خواهم", "NotoSansArabic-Regular"),
    "Hebrew": ("דוד כהן", "NotoSansHebrew-Regular"),
    "Devanagari": ("अनन्या शर्मा क्‍ष", "NotoSansDevanagari-Regular"),
    "Bengali": ("শ্রেয়া বন্দ্যোপাধ্যায়", "NotoSansBengali-Regular"),
    "Tamil": ("தமிழ்ச்செல்வி", "NotoSansTamil-Regular"),
    "Thai": ("ณัฐวุฒิ ศรีสุข", "NotoSansThai-Regular"),
    "Georgian": ("გიორგი ბერიძე", "NotoSansGeorgian-Regular"),
    "Armenian": ("Արմեն Սարգսյան", "NotoSansArmenian-Regular"),
    "Ethiopic": ("አበበ በቂላ", "NotoSansEthiopic-Regular"),
    "Han": ("王小明", "DroidSansFallbackFull"),
    "full width": ("ＡＢＣ（１）", "DroidSansFallbackFull"),
    "Kana": ("やまだ タロウ", "DroidSansFallbackFull"),
    "Hangul": ("김민준", "NanumSquareR"),
    "Gurmukhi": ("ਗੁਰਪ੍ਰੀਤ", "NotoSansGurmukhi-Regular"),
    "Gujarati": ("ગુજરાતી", "NotoSansGujarati-Regular"),
    "Oriya": ("ଓଡ଼ିଆ", "NotoSansOriya-Regular"),
    "Telugu": ("తెలుగు", "NotoSansTelugu-Regular"),
    "Kannada": ("ಕನ್ನಡ", "NotoSansKannada-Regular"),
    "Malayalam": ("മലയാളം", "NotoSansMalayalam-Regular"),
    "Sinhala": ("සිංහල", "NotoSansSinhala-Regular"),
    "Lao": ("ລາວ", "NotoSansLao-Regular"),
    "Tibetan": ("བསྟན་འཛིན", "NotoSerifTibetan-Regular"),
    "Myanmar": ("မောင်မောင်", "NotoSansMyanmar-Regular"),
    "Khmer": ("សុខា", "NotoSansKhmer-Regular"),
    "Thaana": ("މޫސާ", "NotoSansThaana-Regular"),
    "NKo": ("ߒߞߏ", "NotoSansNKo-Regular"),
    "Tifinagh": ("ⵜⵉⴼⵉⵏⴰⵖ", "NotoSansTifinagh-Regular"),
}


@pytest.mark.parametrize("script", NAMES)
def test_a_name_of_one_script_is_one_run_of_its_font(script: str) -> None:
    text, font = NAMES[script]
    assert [(run.text, run.font) for run in runs(text)] == [(text, font)]


def test_a_line_from_right_to_left_puts_its_first_word_right() -> None:
    assert [run.text for run in runs("דוד Cohen 5")] == ["Cohen 5", "דוד "]
    assert [run.text for run in runs("محمد (12)")] == [")", "12", "(", "محمد "]


def test_hebrew_inside_a_latin_line_stays_in_its_place() -> None:
    found = runs("Ada אבג Bo")
    assert [run.text for run in found] == ["Ada ", "אבג", " ", "Bo"]
    assert [run.right_to_left for run in found] == [False, True, False, False]


def test_a_character_without_a_font_is_a_run_of_its_own_and_joiners_go_with_it() -> None:
    family = "\U0001f469\u200d\U0001f467"
    found = runs(f"Ada {family}")
    assert [(run.text, run.font) for run in found] == [
        ("Ada ", "NotoSans"),
        ("\U0001f469", None),
        ("\U0001f467", None),
    ]


def test_marks_stay_with_their_letter() -> None:
    assert list(clusters("e\u0327\u0301x")) == ["e\u0327\u0301", "x"]
    assert list(clusters("")) == []


@given(st.text(max_size=40))
def test_every_visible_character_is_on_the_line(text: str) -> None:
    found = "".join(run.text for run in runs(text))
    invisible = {c for c in text if c not in found}
    assert sorted(c for c in text if c not in invisible) == sorted(found)
    for character in invisible:
        assert unicodedata.category(character) == "Cf" or 0xFE00 <= ord(character) <= 0xFE0F


def test_each_font_has_its_licence_and_all_together_stay_small() -> None:
    files = list(FONT_FOLDER.glob("*.ttf"))
    listed = (FONT_FOLDER / "LICENSE.md").read_text(encoding="utf-8")
    for file in files:
        assert file.name in listed or file.name.startswith("NotoSans")
    assert "SIL OPEN FONT LICENSE" in (FONT_FOLDER / "LICENSE.OFL").read_text(encoding="utf-8")
    assert "Apache License" in (FONT_FOLDER / "LICENSE.Apache-2.0").read_text(encoding="utf-8")
    assert sum(file.stat().st_size for file in files) < 9.3e6


def test_a_name_beside_others_keeps_its_direction_and_turns_nothing_else() -> None:
    line = f"{isolated('7b מתמטיקה')}, {isolated('8A')} · id 1002"
    shown = [(run.text.strip("\u2068\u2069 "), run.right_to_left) for run in runs(line)]
    assert [text for text, turned in shown if turned] == ["מתמטיקה"]
    assert "".join(text for text, turned in shown if not turned).endswith("8A · id 1002")
    assert isolated("8A") == "8A"
