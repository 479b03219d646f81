"""The PDF register, read back: who stands where, with which letters and totals."""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import cache

import pytest
from months import APRIL, StatusOf, make_group, make_register, make_sessions, pattern, weekdays
from pypdf import PdfReader

from rollbook.domain.attendance import Status
from rollbook.domain.month import GroupMonth, Month, MonthRegister
from rollbook.languages.writing import Words
from rollbook.reports.letters import letter_of
from rollbook.reports.pdf import month_pdf
from rollbook.reports.typesetting import Canvas, Typesetter, code_point_name

LESSONS = ("08:00", "09:50", "11:30", "13:00")


@dataclass(frozen=True)
class Word:
    """A piece of text and where its baseline begins, in points from the bottom left."""

    text: str
    x: float
    y: float


def words_of(register: MonthRegister) -> list[list[Word]]:
    """Return the words of each page."""
    pages = []
    for page in PdfReader(io.BytesIO(month_pdf(register, cover=False))).pages:
        words: list[Word] = []

        def keep(text: str, matrix: list[float], place: list[float], *_: object) -> None:
            if text.strip():
                words.append(Word(text.strip(), place[4] + matrix[4], place[5] + matrix[5]))  # noqa: B023

        page.extract_text(visitor_text=keep)
        pages.append(words)
    return pages


def texts(register: MonthRegister) -> list[str]:
    return [" | ".join(word.text for word in page) for page in words_of(register)]


def line_of(page: list[Word], number: int, others: int) -> list[Word]:
    """Return what stands right of the name in the person's line with this number."""
    (start,) = [w for w in page if w.text == str(number) and w.x < 45 and 80 < w.y < 510]
    line = [w for w in page if abs(w.y - start.y) < 1.5 and w.x > 190]
    assert len(line) == others
    return sorted(line, key=lambda word: word.x)


@cache
def class_of_28() -> GroupMonth:
    return make_group([f"Person Nr {n:02d}" for n in range(28)], make_sessions(weekdays(APRIL)))


def test_a_class_fits_one_page_and_each_line_is_what_the_register_says() -> None:
    group = class_of_28()
    (page,) = words_of(make_register(group))
    sessions = len(group.sessions)
    for number, person in enumerate(group.people, 1):
        line = line_of(page, number, sessions + 6)
        letters = [word.text for word in line[:sessions]]
        assert letters == [letter_of(cell.status, Words()) for cell in person.cells if cell]
        counts = [letters.count(letter) for letter in "PLEAX"]
        assert [word.text for word in line[sessions:-1]] == [str(count) for count in counts]
        came, missed = sum(counts[:3]), counts[3]
        assert float(line[-1].text) == pytest.approx(100 * came / (came + missed), abs=0.051)


def test_letters_stand_below_their_day() -> None:
    group = make_group(["Ada"], make_sessions(weekdays(APRIL)[3:4]))
    (page,) = words_of(make_register(group))
    (day,) = [word for word in page if word.text == "4" and word.y > 500]
    (letter, *_) = line_of(page, 1, 7)
    assert abs(letter.x - day.x) < 5


def test_sums_by_day_stand_below_the_people() -> None:
    group = class_of_28()
    (page,) = words_of(make_register(group))
    (label,) = [word for word in page if word.text == "Attended"]
    line = sorted((w for w in page if abs(w.y - label.y) < 1 and w.x > 190), key=lambda w: w.x)
    by_day = [group.session_totals(n).attended for n in range(len(group.sessions))]
    assert [int(word.text) for word in line[: len(by_day)]] == by_day
    assert line[-1].text == group.totals.percent


def test_head_foot_and_legend_say_what_the_page_is() -> None:
    (text,) = texts(make_register(class_of_28()))
    for said in ("8A", "Lindenschule Bergfelde", "April 2025", "28 people", "22 sessions"):
        assert said in text
    made = "May 2, 2025 at 09:30"
    for said in ("1 / 1", "present", "left early", "Attendance = (P + L + E)", made):
        assert said in text
    assert "INVENTED" not in text


def test_sixty_people_take_two_pages_with_repeated_heads_and_sums_on_the_last() -> None:
    group = make_group([f"Person {n}" for n in range(60)], make_sessions(APRIL.days))
    first, second = texts(make_register(group))
    assert "people 1–30 of 60" in first and "people 31–60 of 60" in second
    assert "1 / 2" in first and "2 / 2" in second
    assert "Attended" not in first and "Attended" in second
    for page in (first, second):
        assert "Name" in page and "30" in page and "present" in page


def test_thirty_people_and_thirty_one_days_fit_one_page() -> None:
    march = Month(2025, 3)
    group = make_group([f"Person {n}" for n in range(30)], make_sessions(march.days))
    assert len(texts(make_register(group, month=march))) == 1


def test_several_sessions_a_day_are_cut_between_days_and_show_their_times() -> None:
    group = make_group(["Ada", "Bob"], make_sessions(weekdays(APRIL), LESSONS))
    pages = texts(make_register(group))
    assert len(pages) == 3
    assert all("08:00" in page and "13:00" in page and "whole month" in page for page in pages)
    assert "days 1–" in pages[0] and "30 " in pages[2]


def test_one_day_with_two_sessions_in_a_full_month_shows_times() -> None:
    sessions = make_sessions(APRIL.days[:29]) + make_sessions(APRIL.days[29:], ("08:00", "10:00"))
    (text,) = texts(make_register(make_group(["Ada"], sessions)))
    assert "10:00" in text


def test_a_month_without_sessions_is_a_page_that_says_so() -> None:
    (text,) = texts(make_register(idle=["8A", "9B"]))
    assert "There were no sessions in April 2025." in text
    assert "8A, 9B" in text


def test_groups_without_sessions_are_named_at_the_end() -> None:
    pages = texts(make_register(class_of_28(), idle=["9B"]))
    assert "9B" in pages[-1] and "2 / 2" in pages[-1]


def test_a_long_name_is_shortened_in_its_line_and_given_in_full_below() -> None:
    name = "Maximiliane " * 16 + "von Ende"
    register = make_register(make_group(["Ada", name], make_sessions(weekdays(APRIL)[:3])))
    (text,) = texts(register)
    assert "Maximiliane…" in text or "…" in text
    assert "Names in full" in text and "von Ende" in text


def test_many_long_names_get_pages_of_their_own() -> None:
    names = [f"{'x' * 290}{n:02d}" for n in range(30)]
    pages = texts(make_register(make_group(names, make_sessions(weekdays(APRIL)))))
    assert len(pages) > 1 and "names in full" in pages[1]
    rest = "".join(pages[1:])
    assert all(f"x{n:02d}" in rest for n in range(30))


def test_a_long_group_name_is_given_in_full_too() -> None:
    name = "Group " * 30 + "end"
    (text,) = texts(make_register(make_group(["Ada"], make_sessions(weekdays(APRIL)), name=name)))
    assert "Group end" in text


def test_characters_without_a_font_are_boxes_with_their_code_and_are_named_in_words() -> None:
    group = make_group(["Ada \U0001f600"], make_sessions(weekdays(APRIL)))
    first, second = texts(make_register(group, class_of_28()))
    assert "U+1F600 GRINNING FACE" in first
    assert "01F" in first and "600" in first
    assert "U+1F600" not in second  # the note is about the page on which it stands


def test_a_flood_of_characters_without_a_font_keeps_to_one_line_and_says_how_many_more() -> None:
    names = ["".join(chr(0x1F600 + 6 * n + k) for k in range(6)) for n in range(9)]
    text = texts(make_register(make_group(names, make_sessions(weekdays(APRIL)))))[0]
    assert " more" in text


@pytest.mark.parametrize(
    "name",
    ["Ёлкина Анна", "Ελένη", "გიორგი", "Արմեն", "አበበ", "王小明", "김민준", "ณัฐ", "מרים", "محمد"],
)
@pytest.mark.slow
def test_names_in_other_scripts_are_on_the_page(name: str) -> None:
    (text,) = texts(make_register(make_group([name], make_sessions(weekdays(APRIL)[:1]))))
    assert set(name) - {" "} <= set(text)
    assert "Drawn as boxes" not in text


def test_vowel_signs_do_not_cut_arabic_words() -> None:
    with Canvas() as canvas:
        setter = Typesetter(canvas)
        plain, with_signs = setter.width("محمد", 10), setter.width("مُحَمَّد", 10)
    assert with_signs == pytest.approx(plain, rel=0.02)  # cut, it would be wider by a third


def test_guests_are_starred_and_invented_data_are_marked_on_every_page() -> None:
    names = [f"Person {n}" for n in range(60)]
    group = make_group(names, make_sessions(weekdays(APRIL)), guests=1, invented=True)
    pages = texts(make_register(group))
    assert all("INVENTED DATA" in page for page in pages)
    assert "Person 59 *" in pages[1]
    assert "59 people" in pages[0]


def open_at_the_end(person: int, session: int) -> Status | None:
    return Status.OPEN if session == 2 else pattern(person, session)


@pytest.mark.parametrize(
    ("status", "expected"), [(open_at_the_end, "excused and open"), (pattern, "excused sessions")]
)
def test_the_rule_names_open_sessions_where_there_are_some(status: StatusOf, expected: str) -> None:
    group = make_group(["Ada"], make_sessions(weekdays(APRIL)[:3]), status=status)
    (text,) = texts(make_register(group))
    assert expected in text


def test_a_group_without_people_and_a_person_without_cells_are_drawn() -> None:
    sessions = make_sessions(weekdays(APRIL)[:2])
    nobody = make_group([], sessions)
    never = make_group(["Ada"], sessions, status=lambda _p, _s: None)
    first, second = texts(make_register(nobody, never))
    assert "0 people" in first and "Ada" in second


def test_code_points_without_a_name_are_said_too() -> None:
    assert code_point_name("\ue000") == "U+E000 without a name"
