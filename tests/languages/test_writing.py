"""How numbers and days are written in each language, and that the letters of reports differ."""

from __future__ import annotations

from datetime import date

import pytest

from rollbook.domain.attendance import Status
from rollbook.domain.figures import AtRisk, RiskRules
from rollbook.domain.month import Days, Month
from rollbook.domain.totals import Totals
from rollbook.languages.catalogs import LANGUAGES
from rollbook.languages.register_words import risk_reasons
from rollbook.languages.writing import Words
from rollbook.reports.letters import legend

ENGLISH, GERMAN = Words("en", "Europe/Berlin"), Words("de", "Europe/Berlin")
DAY = date(2025, 3, 3)  # a Monday


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (ENGLISH, ("66.7 %", "1,234", "Monday", "Mo", "March 2025", "3 Mar 2025 to 4 Mar 2025")),
        (GERMAN, ("66,7 %", "1.234", "Montag", "Mo", "März 2025", "03.03.2025 bis 04.03.2025")),
    ],
    ids=["en", "de"],
)
def test_numbers_and_days_are_written_as_the_language_does(
    words: Words, said: tuple[str, ...]
) -> None:
    assert (
        words.share("66.7"),
        words.number(1234),
        words.weekday(DAY),
        words.initials(DAY),
        words.period(Month(2025, 3)),
        words.period(Days(DAY, date(2025, 3, 4))),
    ) == said


def test_the_place_decides_how_english_writes_a_day() -> None:
    found = {Words("en", zone).day(DAY) for zone in ("America/New_York", "UTC", "Nowhere/City")}
    assert found == {"Mar 3, 2025"}
    assert Words("en", "Europe/London").day(DAY) == "3 Mar 2025"


def test_what_is_not_there_stays_a_dash_or_empty() -> None:
    assert (GERMAN.share(""), GERMAN.percent(None), GERMAN.decimal("")) == ("–", "–", "")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_status_has_a_letter_of_its_own(language: str) -> None:
    entries = legend(Words(language)).values()
    assert len({one.letter for one in entries}) == len(Status)
    assert all(len(one.letter) == 1 and one.word for one in entries)


def test_reasons_are_whole_sentences_in_each_language() -> None:
    totals = Totals(present=6, absent=3)
    risk = AtRisk("x", totals, low=66.7, in_a_row=3, fell=(100.0, 66.7))
    assert list(risk_reasons(risk, RiskRules(), ENGLISH)) == [
        "Attendance is 66.7 %, below 85 %: 3 of 9 sessions were missed without an excuse.",
        "The last 3 sessions in a row were missed without an excuse.",
        "Attendance fell from 100 % to 66.7 % in the last 4 weeks of these days.",
    ]
    assert list(risk_reasons(risk, RiskRules(), GERMAN)) == [
        "Die Anwesenheit ist 66,7 %, unter 85 %: "
        "3 von 9 Stunden wurden ohne Entschuldigung versäumt.",
        "Die letzten 3 Stunden hintereinander wurden ohne Entschuldigung versäumt.",
        "Die Anwesenheit fiel in den letzten 4 Wochen dieser Tage von 100 % auf 66,7 %.",
    ]
