"""Papers from any settings: whole, without holes, gaps marked, and set on paper."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pypdf import PdfReader

from rollbook.domain.documents import LANGUAGES, PaperKind, gaps_of, title_of
from rollbook.domain.key_safety import KeyPlace
from rollbook.domain.papers import ModelFact, Particulars, SiteFacts, ThresholdFact
from rollbook.domain.retention import RetentionRules
from rollbook.reports.papers import PaperFoot, blocks_of, fill_paper, paper_file

FACTS = SiteFacts(
    site="Hill School",
    institution="school",
    place="eu",
    zone="Europe/Berlin",
    faces=True,
    keep_crops=True,
    target_fpir=0.001,
    today=date(2026, 3, 2),
    rules=RetentionRules(),
    review_days=14,
    particulars=Particulars(*["told"] * 8),
    models=(ModelFact("sface", "Apache-2.0", "OpenCV Zoo"),),
    thresholds=(ThresholdFact(30, 0.412),),
    backups=("NAS",),
    key_case="file",
    version="0.1.0",
)
PLACES = ("", "eu", "uk", "ch", "us-ny", "us-il", "us", "in", "other")
MADE = datetime(2026, 3, 2, tzinfo=UTC)


@st.composite
def some_facts(draw: st.DrawFn) -> SiteFacts:
    told = draw(st.sampled_from(["", "told"]))
    return replace(
        FACTS,
        institution=draw(st.sampled_from(["", "school", "workplace", "other"])),
        place=draw(st.sampled_from(PLACES)),
        faces=draw(st.booleans()),
        keep_crops=draw(st.booleans()),
        particulars=Particulars(*[told] * 8),
        models=draw(st.sampled_from([(), FACTS.models, (ModelFact("own", "", ""),)])),
        thresholds=draw(st.sampled_from([(), FACTS.thresholds])),
        backups=draw(st.sampled_from([None, (), ("NAS", "office")])),
        key_case=draw(st.sampled_from(["", "file", "passphrase", "keyring", "environment"])),
        cameras=draw(st.integers(0, 2)),
    )


@given(some_facts(), st.sampled_from(list(PaperKind)), st.sampled_from(LANGUAGES))
def test_every_paper_is_whole_whatever_the_settings_say(
    facts: SiteFacts, kind: PaperKind, language: str
) -> None:
    text = fill_paper(kind, language, facts)
    lines = text.splitlines()
    assert title_of(text) and "{{" not in text and "None" not in text
    assert "  " not in text and "\n\n\n" not in text
    assert all(lines[n - 1] == "" for n, line in enumerate(lines) if n and line.startswith("#"))
    assert not [line for line in lines if "## " in line[3:] or re.search(r"\S- [A-ZÄÖÜ]", line)]


@pytest.mark.parametrize("kind", PaperKind)
def test_both_languages_say_as_much(kind: PaperKind) -> None:
    def shape(language: str) -> tuple[int, ...]:
        text = fill_paper(kind, language, FACTS)
        return (*(text.count(mark) for mark in ("\n## ", "\n- ", "\n[ ]", "[[sign", "[[name")),)

    assert shape("en") == shape("de")
    assert len(gaps_of(fill_paper(kind, "en", FACTS))) == len(
        gaps_of(fill_paper(kind, "de", FACTS))
    )


def test_what_is_not_told_is_a_gap_and_what_is_told_is_none() -> None:
    empty = replace(FACTS, particulars=Particulars())
    assert gaps_of(fill_paper(PaperKind.NOTICE, "en", FACTS)) == []
    assert "supervisory authority: name and address" in gaps_of(
        fill_paper(PaperKind.NOTICE, "en", empty)
    )


@pytest.mark.parametrize("place", KeyPlace)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_place_of_the_key_has_words(place: KeyPlace, language: str) -> None:
    facts = replace(FACTS, key_case=place.value)
    assert gaps_of(fill_paper(PaperKind.NOTICE, language, facts)) == []


def test_the_assessment_names_the_risks_that_stay() -> None:
    text = fill_paper(PaperKind.DPIA, "en", FACTS)
    for risk in ("Not detected", "stolen as a whole", "pressed to agree", "They are not: whoever"):
        assert risk in text
    assert "A PIN or a card with a code" in text


@pytest.mark.parametrize("kind", [PaperKind.ADULT, PaperKind.GUARDIAN, PaperKind.CHILD])
def test_a_form_has_boxes_lines_to_sign_and_says_what_a_no_means(kind: PaperKind) -> None:
    text = fill_paper(kind, "en", FACTS)
    kinds = [block.kind for block in blocks_of(text)]
    assert kinds.count("box") >= 3 and "sign" in kinds
    assert "no" in text.casefold() and ("PIN" in text or "number to type in" in text)


def test_a_form_carries_the_name_on_the_page_that_is_signed() -> None:
    text = fill_paper(PaperKind.GUARDIAN, "de", FACTS)
    made = paper_file(text, PaperFoot("Hill School", "guardian-de-1"), MADE, "Aylin Öztürk")
    pages = [page.extract_text() for page in PdfReader(io.BytesIO(made)).pages]
    signed = [page for page in pages if "Ort und Datum" in page]
    assert len(signed) == 1 and "Aylin Öztürk" in signed[0] and "Ihre Wahl" in signed[0]
    assert all("guardian-de-1" in page for page in pages)


def test_without_a_name_there_is_a_line_for_it() -> None:
    (_, name, *_) = blocks_of("# Form\n\nName: [[name]]\n")
    assert name.text.startswith("Name: ____")
