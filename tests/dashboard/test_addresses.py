"""What is chosen stands in the address, and an address says what is chosen."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path
from unittest.mock import Mock

import pytest
from streamlit.components.v2.component_manager import BidiComponentManager
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from rollbook.dashboard import filters, hosting
from rollbook.domain.access import Actor, Role
from rollbook.domain.subjects import new_id
from web.school import Site, make_site

ADMINISTRATOR = Actor("1", Role.ADMINISTRATOR, group_ids=None)
SENTENCE = {
    "en": "Something in this address is not known here; the usual choice is shown in its place.",
    "de": "Etwas in dieser Adresse ist hier nicht bekannt; stattdessen steht hier das Übliche.",
}


@pytest.fixture(scope="module")
def school(blank_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Site:
    """Return a school that all tests look at; none changes anything of it."""
    return make_site(Path(shutil.copytree(blank_home, tmp_path_factory.mktemp("seen") / "book")))


@pytest.fixture
def site(school: Site, monkeypatch: pytest.MonkeyPatch) -> Site:
    """Return the school, looked at by its administrator."""
    monkeypatch.setattr(hosting, "_host", [])
    # AppTest would read what all installed packages say of themselves, for half a second
    monkeypatch.setattr(BidiComponentManager, "discover_and_register_components", Mock())
    looks_at(school, ADMINISTRATOR)
    return school


def looks_at(site: Site, actor: Actor, language: str = "en") -> None:
    """Let this be who looks from now on."""
    visitor = hosting.Visitor(actor, language)
    hosting.become(hosting.Host(site.parts, lambda: visitor))


def opened(path: str, **asked: str | list[str]) -> AppTest:
    """Open an address in a new tab."""
    page = AppTest.from_file(hosting.SCRIPT, default_timeout=30)
    page._page_hash = calc_hash(path)  # AppTest knows no public name for pages without a file
    page.query_params.update(asked)
    return held(page.run())


def held(page: AppTest) -> AppTest:
    assert not page.exception, page.exception
    return page


def by_link(page: AppTest, path: str) -> AppTest:
    """Go to another page as the links beside do it: without anything in the address."""
    page._page_hash = calc_hash(path)
    page.query_params = {}
    return held(page.run())


def by_history(page: AppTest, monkeypatch: pytest.MonkeyPatch, path: str, **asked: str) -> AppTest:
    """Go to what was seen before, as the browser's own buttons do it."""
    page._page_hash = calc_hash(path)
    page.query_params = dict(asked)
    with monkeypatch.context() as patched:
        patched.setattr(filters, "_came_through_history", lambda: True)
        return held(page.run())


def is_odd(page: AppTest, language: str = "en") -> bool:
    told = [one.value for one in page.warning]
    assert told in ([], [SENTENCE[language]])
    return bool(told)


def value_of(page: AppTest, name: str) -> object:
    return page.session_state[name]


@pytest.mark.parametrize(
    "path,asked,usual",
    [
        (
            "at-risk",
            {"below": "70", "row": "5", "drop": "40"},
            {"below": 85, "row": 3, "drop": 20},
        ),
        (
            "trends",
            {"line": "92", "step": "month", "period": "13w"},
            {"line": 85, "step": "week", "period": "4w"},
        ),
        ("punctuality", {"width": "10"}, {"width": 5}),
    ],
)
def test_fields_take_their_values_from_the_address_and_usual_ones_are_not_in_it(
    site: Site, path: str, asked: dict[str, str], usual: dict[str, object]
) -> None:
    page = opened(path, **asked)
    fields = [*page.slider, *page.selectbox, *page.button_group]
    shown = {one.key: str(one.value) for one in fields}
    assert shown | asked == shown
    assert page.query_params == asked
    assert not is_odd(page)
    for name, value in usual.items():
        page.session_state[name] = value
    assert held(page.run()).query_params == {}
    page = opened(path, **{name: str(value) for name, value in usual.items()})
    assert page.query_params == {}
    assert not is_odd(page)


ODD = ["", "-1", "70.5", "1e1", "9" * 5000, "\x00", "=1", "\u0667\u0660", " 70", "７０", "0x46"]


@pytest.mark.parametrize("text", [*ODD, "49", "101"])
def test_what_is_no_whole_number_within_bounds_stands_for_nothing(text: str) -> None:
    known = filters.whole(50, 100)
    assert known(text) is None
    assert (known("50"), known("100")) == (50, 100)


@pytest.mark.parametrize("text", [*ODD, "1989-12-31", "2026-02-30", "2027-01-02", "yesterday"])
def test_what_is_no_day_within_bounds_stands_for_nothing(text: str) -> None:
    known = filters.between(date(1990, 1, 1), date(2027, 1, 1))
    assert known(text) is None
    assert known("2026-03-02") == date(2026, 3, 2)


@pytest.mark.parametrize(
    "path,asked",
    [
        ("at-risk", {"below": "49", "row": "", "drop": "9" * 5000}),
        ("trends", {"line": "85.5", "step": "year", "period": f"term-{'0' * 32}", "group": "5b"}),
        ("punctuality", {"width": "2"}),
        ("heat-map", {"map": "0" * 32}),
        ("person", {"person": "Ada Lovelace"}),
        ("", {"session": "\x00"}),
    ],
)
def test_odd_values_give_the_usual_choice_and_one_sentence(
    site: Site, path: str, asked: dict[str, str]
) -> None:
    page, usual = opened(path, **asked), opened(path)
    assert is_odd(page) and not is_odd(usual)
    assert page.query_params == usual.query_params
    assert [value_of(page, name) for name in asked] == [value_of(usual, name) for name in asked]
    assert not is_odd(held(page.run()))


def test_several_odd_values_give_one_sentence_in_the_language_of_the_page(site: Site) -> None:
    looks_at(site, ADMINISTRATOR, "de")
    page = opened("at-risk", below="1", row="x", group=["no", site.group.group_id], junk="1")
    assert is_odd(page, "de")
    assert page.query_params == {"group": site.group.group_id}


def test_what_is_no_filter_of_the_page_is_left_out_without_a_word(site: Site) -> None:
    page = opened("trends", below="60", width="10", utm="1", line="90")
    assert page.query_params == {"line": "90"}
    assert not is_odd(page)


@pytest.mark.parametrize(
    "first,last,is_fine",
    [
        ("2026-02-01", "2026-03-02", True),
        ("2026-03-02", "2026-02-01", True),
        ("0001-01-01", "9999-12-31", False),
        ("2026-02-30", "yesterday", False),
    ],
)
def test_days_of_ones_own_choice(site: Site, first: str, last: str, is_fine: bool) -> None:
    page = opened("trends", period="own", **{"from": first, "to": last})
    wanted = (first, last) if is_fine else ("2026-02-02", "2026-03-02")
    assert page.query_params == {"period": "own", "from": wanted[0], "to": wanted[1]}
    assert is_odd(page) is not is_fine


def test_days_of_ones_own_choice_stand_in_the_address_even_where_they_are_usual(
    site: Site,
) -> None:
    """The usual ones are others tomorrow."""
    page = opened("trends", period="own")
    assert page.query_params == {"period": "own", "from": "2026-02-02", "to": "2026-03-02"}
    page.session_state["period"] = "4w"
    assert held(page.run()).query_params == {}


def test_another_page_keeps_days_and_groups_and_nothing_else(site: Site) -> None:
    group = site.group.group_id
    page = opened("at-risk", period="13w", group=group, below="60")
    kept = {"period": "13w", "group": group}
    assert page.query_params == {**kept, "below": "60"}
    assert by_link(page, "trends").query_params == kept
    assert by_link(page, "at-risk").query_params == kept
    assert value_of(page, "below") == 85


def test_going_back_wins_over_the_fields(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    page = opened("at-risk")
    page.slider(key="below").set_value(60)
    page.selectbox(key="period").set_value("52w")
    assert held(page.run()).query_params == {"below": "60", "period": "52w"}
    page.slider(key="below").set_value(55)
    assert held(page.run()).query_params == {"below": "55", "period": "52w"}
    page = by_history(page, monkeypatch, "at-risk", below="60", period="52w")
    assert (value_of(page, "below"), value_of(page, "period")) == (60, "52w")
    page = by_history(page, monkeypatch, "at-risk")
    assert (value_of(page, "below"), value_of(page, "period")) == (85, "4w")
    assert page.slider(key="below").value == 85
    assert page.query_params == {}
    page = by_history(page, monkeypatch, "trends", line="95", period="13w")
    assert (value_of(page, "line"), value_of(page, "period")) == (95, "13w")


def test_fields_win_over_an_address_that_came_too_late(site: Site) -> None:
    """Whoever moves two fields quickly sends the second with the address of before the first."""
    page = opened("at-risk")
    page.slider(key="below").set_value(60)
    page.run().query_params = {}
    page.slider(key="row").set_value(5)
    assert held(page.run()).query_params == {"below": "60", "row": "5"}


def shown_by(page: AppTest) -> list[str]:
    """Return all that stands on a page, without the random ids of its elements."""
    return [str(getattr(one, "value", "")) + str(getattr(one, "label", "")) for one in page]


def test_of_a_group_one_may_not_see_an_address_tells_as_much_as_of_one_that_is_not(
    site: Site,
) -> None:
    bob = Actor("2", Role.FACULTY, group_ids=frozenset({site.group.group_id}))
    looks_at(site, bob)
    other, nobody = site.others[0].subject_id, new_id()
    for path, name, hidden in (
        ("trends", "group", site.other_group.group_id),
        ("heat-map", "map", site.other_group.group_id),
        ("person", "person", other),
        ("", "session", site.other_session.session_id),
    ):
        first, second = (opened(path, **{name: one}) for one in (hidden, nobody))
        assert is_odd(first) and is_odd(second)
        assert first.query_params == second.query_params
        assert hidden not in str(first.query_params)
        assert shown_by(first) == shown_by(second)


def test_a_subject_learns_nothing_of_others_by_an_address(site: Site) -> None:
    looks_at(site, Actor("3", Role.SUBJECT, "Ada Lovelace", subject_id=site.ada.subject_id))
    for asked in (site.people[1].subject_id, new_id()):
        page = opened("", person=asked, group=site.group.group_id)
        assert page.query_params == {}
        assert not is_odd(page)


def test_person_map_and_session_are_shared_by_their_random_ids(site: Site) -> None:
    one, two = site.group.group_id, site.other_group.group_id
    person, session = site.ada.subject_id, site.session.session_id
    for path, name, asked in (("person", "person", person), ("", "session", session)):
        page = opened(path, **{name: asked})
        assert value_of(page, name) == asked
        assert page.query_params == {name: asked}
    for chosen in (one, two):
        page = opened("heat-map", map=chosen)
        assert value_of(page, "map") == chosen
        assert page.query_params == {"map": chosen}


def test_no_name_gets_into_an_address(site: Site) -> None:
    page = opened("person")
    page.multiselect(key="group").set_value([site.group.group_id])
    page.selectbox(key="person").set_value(site.ada.subject_id)
    assert held(page.run()).query_params == {
        "group": site.group.group_id,
        "person": site.ada.subject_id,
    }
