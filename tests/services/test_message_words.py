"""What stands in the place of names: in both languages, and never a code that nobody reads."""

from __future__ import annotations

import pytest

from rollbook.domain.message_texts import DEFAULTS, LANGUAGES, PLACEHOLDERS, fill
from rollbook.domain.messages import EventKind
from rollbook.languages.writing import Words
from rollbook.services.backup_problems import PROBLEM_TEXT
from rollbook.services.message_words import examples, in_words, sentence

EN, DE = Words("en", "Europe/Berlin"), Words("de", "Europe/Berlin")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", EventKind)
def test_every_preview_says_everything(kind: EventKind, language: str) -> None:
    values = examples(kind, Words(language, "Europe/Berlin"))
    empty = {name for name in PLACEHOLDERS[kind] if not values[name]}
    assert empty <= {"answer"}
    text = DEFAULTS[language][kind]
    filled = fill(text.subject, values) + fill(text.body, values)
    assert not set("{}") & set(filled) and "%(" not in filled and "2026-" not in filled


@pytest.mark.parametrize(
    "text, values, english, german",
    [
        ("Door does not answer.", {}, "Door does not answer.", "Door antwortet nicht."),
        (
            PROBLEM_TEXT["failed"],
            {"why": "There is no such camera."},
            "The last backup failed: There is no such camera.",
            "Die letzte Sicherung ist fehlgeschlagen: Diese Kamera gibt es nicht.",
        ),
        ("100 %(odd of %(nothing)s.", {}, "100 %(odd of .", "100 %(odd of ."),
        ("What nobody knows, 50 % of it.", {}, *2 * ("What nobody knows, 50 % of it.",)),
    ],
    ids=["camera", "backup", "percent", "unknown"],
)
def test_sentences_are_said_in_the_language_of_who_reads_them(
    text: str, values: dict[str, str], english: str, german: str
) -> None:
    assert sentence(text, values, EN) == english
    assert sentence(text, values, DE) == german


def test_messages_that_waited_before_an_upgrade_are_said_too() -> None:
    """They hold finished words, where newer ones hold values."""
    kept = {"first": "2026-03-02", "last": "2026-03-08", "figures": "7a: 94 %"}
    assert in_words(EventKind.WEEKLY, kept, DE, "")["figures"] == "7a: 94 %"
    low = in_words(EventKind.LOW, {"percentage": "82", "line": "85"}, DE, "")
    assert (low["percentage"], low["line"]) == ("82", "85")


def test_a_site_without_an_address_says_where_reports_are() -> None:
    kept = {"report": "2026-02", "until": "2026-04-05"}
    assert in_words(EventKind.REPORT, kept, EN, "")["page"].endswith("“Exports”")
    assert in_words(EventKind.REPORT, kept, DE, "https://a.example")["page"] == (
        "https://a.example/exports"
    )
    assert in_words(EventKind.REPORT, kept, DE, "")["report"] == "Februar 2026"
