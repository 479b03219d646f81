"""Timetable, calendar, groups and absences as people see and change them."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, time, timedelta
from html import unescape
from io import BytesIO

import pytest
from flask.testing import FlaskClient

from rollbook.domain.attendance import OFFICE_DAY, SessionState, Status
from rollbook.domain.timetable import Series
from web.school import DAY, Site

ClientOf = Callable[[str | None], FlaskClient]
WEEK = timedelta(weeks=1)
FILE = b"""BEGIN:VCALENDAR
VERSION:2.0
PRODID:x
BEGIN:VEVENT
UID:1
SUMMARY:5b Physics
DTSTART;TZID=Europe/Berlin:20260303T080000
DTEND;TZID=Europe/Berlin:20260303T084500
RRULE:FREQ=WEEKLY
END:VEVENT
BEGIN:VEVENT
UID:2
SUMMARY:<b>Old</b>
DTSTART:20200303T080000
DURATION:PT1H
END:VEVENT
END:VCALENDAR
"""


def text_of(client: FlaskClient, address: str, status: int = 200) -> str:
    answer = client.get(address)
    assert answer.status_code == status, address
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", answer.text)).split())


def series_form(site: Site, **changes: object) -> dict[str, object]:
    return {
        "group": site.group.group_id,
        "title": "Physics",
        "weekdays": ["1", "3"],
        "start": "10:00",
        "end": "10:45",
        "first_day": "2026-03-02",
        "last_day": "",
        "every_weeks": "1",
        "term": "",
        "room": "Lab",
        "policy": "school lesson",
        **changes,
    }


def planned(site: Site) -> list[date]:
    with site.parts.uow() as uow:
        found = uow.sessions.all(group_id=site.group.group_id, states=[SessionState.PLANNED])
    return [session.business_date for session in found]


def only_series(site: Site) -> Series:
    (found,) = site.parts.timetable.all()
    return found


# The timetable


def test_a_series_is_added_and_seen_in_the_week_by_those_who_may(
    site: Site, client_of: ClientOf
) -> None:
    alice = client_of("alice")
    answer = alice.post("/timetable/new", data=series_form(site))
    assert answer.status_code == 302
    week = text_of(alice, answer.location)
    assert "Physics" in week and "Room Lab" in week and "8 new" in week
    assert "Physics" in text_of(client_of("bob"), "/timetable")
    assert "Physics" not in text_of(client_of("charlie"), "/timetable")
    assert "Physics" in text_of(client_of("dora"), "/timetable")
    assert client_of("ada").get("/timetable").status_code == 403
    assert "Tuesday, Thursday" in text_of(client_of("bob"), "/timetable/series")
    assert "Physics" not in text_of(client_of("charlie"), "/timetable/series")


def test_only_administrators_change_the_timetable(site: Site, client_of: ClientOf) -> None:
    client_of("alice").post("/timetable/new", data=series_form(site))
    series = only_series(site).series_id
    for login in ("bob", "dora", "ada"):
        client = client_of(login)
        for address in (
            "/timetable/new",
            f"/timetable/series/{series}",
            f"/timetable/series/{series}/end",
            "/timetable/calendar/terms",
            "/timetable/import",
        ):
            assert client.post(address, data=series_form(site)).status_code == 403, address
    assert "Add a series" not in text_of(client_of("bob"), "/timetable")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"group": ""}, "Please choose a group."),
        ({"weekdays": []}, "Choose at least one weekday or date."),
        ({"start": "25:00"}, "Please enter a time"),
        ({"first_day": ""}, "Please choose a day."),
        ({"first_day": "03/02/2026"}, "This is not a day."),
        ({"last_day": "2099-01-01"}, "A series can last six years."),
        ({"days_off": "tomorrow"}, "Write each day as year-month-day"),
        ({"late_after": "-1"}, "Please enter a number from 0 to 1440."),
        ({"late_after": "20", "absent_after": "10"}, "must not be shorter"),
        ({"title": "x" * 200}, "A title may have 120 characters"),
    ],
)
def test_what_is_wrong_is_said_beside_the_field_and_nothing_is_lost(
    site: Site, client_of: ClientOf, changes: dict[str, object], said: str
) -> None:
    answer = client_of("alice").post("/timetable/new", data=series_form(site, **changes))
    assert answer.status_code == 422
    assert said in unescape(answer.text)
    assert 'value="Lab"' in answer.text
    assert site.parts.timetable.all() == []


def test_rules_and_limits_are_kept(site: Site, client_of: ClientOf) -> None:
    form = series_form(site, policy="office day", late_after="45")
    client_of("alice").post("/timetable/new", data=form)
    policy = only_series(site).policy
    assert policy.late_after == timedelta(minutes=45)
    assert policy.minimum_presence == OFFICE_DAY.minimum_presence
    page = client_of("alice").get(f"/timetable/series/{only_series(site).series_id}").text
    assert 'value="45"' in page and 'value="240"' in page
    form |= {"minimum_presence": "", "absent_after": "90"}
    client_of("alice").post(f"/timetable/series/{only_series(site).series_id}", data=form)
    policy = only_series(site).policy
    assert policy.minimum_presence is None
    assert policy.absent_after == timedelta(minutes=90)


def test_a_series_is_changed_and_ended(site: Site, client_of: ClientOf) -> None:
    alice = client_of("alice")
    alice.post("/timetable/new", data=series_form(site))
    address = f"/timetable/series/{only_series(site).series_id}"
    assert 'value="Physics"' in alice.get(address).text
    alice.post(address, data=series_form(site, weekdays=["4"], extra_days="2026-03-07"))
    assert planned(site)[:2] == [date(2026, 3, 6), date(2026, 3, 7)]
    assert "Saturday" in text_of(alice, "/timetable?day=2026-03-02"), "a weekend with a session"
    assert alice.post(f"{address}/end", data={"ends": "soon"}).status_code == 422
    alice.post(f"{address}/end", data={"ends": "2026-03-06"})
    assert planned(site) == [date(2026, 3, 6)]


def test_a_single_session_is_added_and_taken_away(site: Site, client_of: ClientOf) -> None:
    alice = client_of("alice")
    assert "Add a single session" in text_of(alice, "/timetable/new?kind=single")
    form = series_form(site, kind="single", date="2026-03-08")
    alice.post("/timetable/new", data=form)
    assert planned(site) == [date(2026, 3, 8)]
    address = f"/timetable/series/{only_series(site).series_id}"
    alice.post(address, data=form | {"date": "2026-03-15"})
    assert planned(site) == [date(2026, 3, 15)]
    alice.post(f"{address}/end")
    assert planned(site) == [] and site.parts.timetable.all() == []


def test_what_overlaps_is_warned_of(site: Site, client_of: ClientOf) -> None:
    alice = client_of("alice")
    alice.post("/timetable/new", data=series_form(site))
    answer = alice.post("/timetable/new", data=series_form(site, title="Art"))
    assert "something else at this time: Physics" in text_of(alice, answer.location)


def test_weeks_that_are_not_planned_yet_are_shown_too(site: Site, client_of: ClientOf) -> None:
    client_of("alice").post("/timetable/new", data=series_form(site))
    assert "Physics" in text_of(client_of("bob"), "/timetable?day=2026-06-02")
    assert "Week 10" in text_of(client_of("bob"), "/timetable?day=odd")


# Terms and holidays


def test_terms_and_holidays_are_added_and_removed(site: Site, client_of: ClientOf) -> None:
    alice = client_of("alice")
    term = {"term-name": "Spring", "term-first": "2026-03-01", "term-last": "2026-03-12"}
    alice.post("/timetable/calendar/terms", data=term)
    (kept,) = site.parts.calendars.read(DAY).terms
    alice.post("/timetable/new", data=series_form(site, term=kept.term_id))
    assert planned(site)[-1] == date(2026, 3, 12)
    longer = term | {"term-last": "2026-03-13"}
    alice.post(f"/timetable/calendar/terms/{kept.term_id}", data=longer)
    assert site.parts.calendars.read(DAY).terms[0].days.last_day == date(2026, 3, 13)
    wrong = alice.post(f"/timetable/calendar/terms/{kept.term_id}", data={"term-name": ""})
    assert wrong.status_code == 422
    assert alice.post(f"/timetable/calendar/terms/{'0' * 32}", data=longer).status_code == 404
    held = {"holiday-name": "Ski", "holiday-first": "2026-03-10"}
    alice.post("/timetable/calendar/holidays", data=held)
    assert date(2026, 3, 10) not in planned(site)
    assert "Ski" in text_of(alice, "/timetable?day=2026-03-10")
    assert "Ski" in text_of(alice, "/timetable/calendar")
    answer = alice.post(f"/timetable/calendar/terms/{kept.term_id}/remove")
    assert answer.status_code == 422 and "Series run in this term" in answer.text
    wrong = {"number": "0", "first_day": "2026-01-01"}
    alice.post("/timetable/calendar/holidays/remove", data=wrong)
    assert site.parts.calendars.read(DAY).holidays
    right = {"number": "0", "first_day": "2026-03-10"}
    alice.post("/timetable/calendar/holidays/remove", data=right)
    assert date(2026, 3, 10) in planned(site)


def test_public_holidays_follow_the_region(site: Site, client_of: ClientOf) -> None:
    alice = client_of("alice")
    alice.post("/timetable/calendar/region", data={"country": "DE", "part": ""})
    assert "Good Friday" in text_of(alice, "/timetable/calendar")
    assert "BE" in text_of(alice, "/timetable/calendar"), "the parts of the country to choose from"
    alice.post("/timetable/calendar/region", data={"country": "DE", "part": "BE"})
    assert "Women" in text_of(alice, "/timetable/calendar"), "a holiday of Berlin"
    answer = alice.post("/timetable/calendar/region", data={"country": "XX"})
    assert answer.status_code == 422
    alice.post("/timetable/calendar/region", data={"country": ""})
    assert "Good Friday" not in text_of(alice, "/timetable/calendar")


@pytest.mark.parametrize(
    ("address", "form"),
    [
        ("terms", {"term-name": "", "term-first": "2026-03-01", "term-last": "2026-03-12"}),
        ("terms", {"term-name": "x", "term-first": "2026-03-12", "term-last": "2026-03-01"}),
        ("holidays", {"holiday-name": "x", "holiday-first": ""}),
        ("weeks", {"weeks": "99"}),
        ("weeks", {}),
    ],
)
def test_odd_calendars_are_refused(client_of: ClientOf, address: str, form: dict[str, str]) -> None:
    answer = client_of("alice").post(f"/timetable/calendar/{address}", data=form)
    assert answer.status_code == 422


# Import


def test_a_file_is_shown_first_and_then_taken_over(site: Site, client_of: ClientOf) -> None:
    alice = client_of("alice")
    form = {"file": (BytesIO(FILE), "plan.ics"), "group": "", "policy": "school lesson"}
    answer = alice.post("/timetable/import", data=form)
    assert answer.status_code == 302
    shown = alice.get(answer.location)
    text = " ".join(unescape(shown.text).split())
    assert "Series of 5b: Physics" in text and "It is over already." in text
    assert "<b>Old</b>" not in shown.text, "what the file says stays text"
    assert site.parts.timetable.all() == []
    alice.post(answer.location, data={"take": ["0", "x", "99"]})
    assert only_series(site).title == "Physics"
    assert planned(site)[0] == date(2026, 3, 3)
    assert alice.get(answer.location).status_code == 404, "it is not kept any longer"


def test_a_bad_file_gets_a_sentence(client_of: ClientOf) -> None:
    alice = client_of("alice")
    for data in (b"", b"hello", b"BEGIN:VCALENDAR\n"):
        answer = alice.post("/timetable/import", data={"file": (BytesIO(data), "x.ics")})
        assert answer.status_code == 422
    assert alice.get("/timetable/import/nonsense").status_code == 404


# Groups


def test_groups_are_listed_for_those_who_see_them(site: Site, client_of: ClientOf) -> None:
    everything = text_of(client_of("alice"), "/groups")
    assert "5b" in everything and "6a" in everything and "Charlie" in everything
    assert "6a" not in text_of(client_of("bob"), "/groups")
    assert client_of("ada").get("/groups").status_code == 403


def test_a_group_is_added_and_renamed(site: Site, client_of: ClientOf) -> None:
    alice = client_of("alice")
    answer = alice.post("/groups", data={"name": " 7 c "})
    assert "7 c was added." in text_of(alice, answer.location)
    assert "Nobody belongs to this group" in text_of(alice, answer.location)
    assert alice.post("/groups", data={"name": "5B"}).status_code == 422
    assert alice.post("/groups", data={"name": ""}).status_code == 422
    alice.post(f"{answer.location}/rename", data={"name": "7c"})
    assert "7c" in text_of(alice, "/groups")
    assert alice.post(f"{answer.location}/rename", data={"name": "5b"}).status_code == 422
    assert client_of("bob").post("/groups", data={"name": "8"}).status_code == 403


def test_a_roster_has_dates(site: Site, client_of: ClientOf) -> None:
    alice, group = client_of("alice"), f"/groups/{site.group.group_id}"
    newcomer = site.others[0]
    assert newcomer.name in text_of(alice, f"{group}?q=edsger")
    alice.post(f"{group}/join", data={"subject": newcomer.subject_id, "since": "2026-03-09"})
    today = text_of(alice, group)
    assert "3 people belong to it." in today and "Join later" in today
    later = text_of(alice, f"{group}?day=2026-03-09")
    assert "4 people belong to it on that day." in later
    alice.post(f"{group}/leave", data={"subject": newcomer.subject_id, "last_day": "2026-03-10"})
    assert newcomer.name not in text_of(alice, f"{group}?day=2026-03-11")
    with site.parts.uow() as uow:
        said = [entry.body for entry in uow.register.entries(["subject"], 3)]
    assert {"left", "people joined"} <= {str(body["event"]) for body in said}
    assert alice.post(f"{group}/join", data={"since": "2026-03-09"}).status_code == 422
    assert alice.post(f"{group}/leave", data={"last_day": ""}).status_code == 422


def test_accents_keep_their_place_in_a_roster(site: Site, client_of: ClientOf) -> None:
    alice, group = client_of("alice"), f"/groups/{site.group.group_id}"
    data = {"name": "Änne Groß", "group_id": site.group.group_id}
    assert "was added" in text_of(alice, alice.post("/people/add", data=data).location)
    page = alice.get(group).text
    places = [page.index(name) for name in ("Alan Turing", "Änne Groß", "Grace Hopper")]
    assert places == sorted(places)


def test_names_are_for_those_who_may_read_them(site: Site, client_of: ClientOf) -> None:
    address = f"/groups/{site.group.group_id}"
    assert site.ada.name in text_of(client_of("bob"), address)
    counted = text_of(client_of("dora"), address)
    assert site.ada.name not in counted and "3 people belong to it." in counted
    assert client_of("charlie").get(address).status_code == 404
    assert client_of("bob").post(f"{address}/join").status_code == 403


def test_a_substitute_sees_the_group_until_a_day(site: Site, client_of: ClientOf) -> None:
    alice, group = client_of("alice"), f"/groups/{site.group.group_id}"
    charlie = site.users["charlie"].user_id
    form = {"user": charlie, "since": "2026-03-02", "until": "2026-03-03"}
    alice.post(f"{group}/staff", data=form)
    assert "Charlie" in text_of(alice, f"{group}/edit")
    assert "Taught by Bob, Charlie." in text_of(client_of("charlie"), group)
    site.clock.advance(2 * 24 * 3600)
    assert client_of("charlie").get(group).status_code == 404
    assert "Before: Charlie" in text_of(client_of("alice"), f"{group}/edit")
    for wrong in ({"user": site.users["ada"].user_id}, {"user": ""}, {"until": "2026-01-01"}):
        answer = client_of("alice").post(f"{group}/staff", data=form | wrong)
        assert answer.status_code == 422


def test_a_teacher_is_relieved(site: Site, client_of: ClientOf) -> None:
    alice, group = client_of("alice"), f"/groups/{site.group.group_id}"
    bob = site.users["bob"].user_id
    assert alice.post(f"{group}/staff/{bob}/end", data={"last_day": ""}).status_code == 422
    alice.post(f"{group}/staff/{bob}/end", data={"last_day": "2026-03-01"})
    assert client_of("bob").get(group).status_code == 404


# Absences


def tell(site: Site, client: FlaskClient, **changes: object) -> int:
    form = {
        "subject": [site.ada.subject_id],
        "first_day": "2026-03-02",
        "last_day": "2026-03-06",
        "reason": "ill",
        "note": "called at seven",
        **changes,
    }
    return client.post("/absences/new", data=form).status_code


def status_of_ada(site: Site) -> Status:
    records = site.parts.register.records(site.session.session_id)
    return next(one.status for one in records if one.subject_id == site.ada.subject_id)


def test_a_teacher_tells_an_absence_and_takes_it_back(site: Site, client_of: ClientOf) -> None:
    bob = client_of("bob")
    assert site.ada.name in text_of(bob, "/absences/new"), "the only group is chosen already"
    assert tell(site, bob) == 302
    page = text_of(bob, "/absences")
    assert site.ada.name in page and "Ill" in page and "called at seven" in page
    assert "away today" in page
    assert status_of_ada(site) is Status.EXCUSED
    (absence,) = site.parts.absences.since(DAY)
    bob.post(f"/absences/{absence.absence_id}/back", data={"well_since": "2026-03-05"})
    assert site.parts.absences.get(absence.absence_id).last_day == date(2026, 3, 4)
    bob.post(f"/absences/{absence.absence_id}/back")
    assert "Nobody is known to be away." in text_of(bob, "/absences")
    assert status_of_ada(site) is Status.OPEN


def test_absences_are_for_own_groups_only(site: Site, client_of: ClientOf) -> None:
    assert tell(site, client_of("charlie")) == 404
    assert tell(site, client_of("bob"), subject=[site.others[0].subject_id]) == 404
    assert tell(site, client_of("alice")) == 302
    (absence,) = site.parts.absences.since(DAY)
    charlie = client_of("charlie")
    assert site.ada.name not in text_of(charlie, "/absences")
    assert charlie.post(f"/absences/{absence.absence_id}/back").status_code == 404
    assert charlie.get(f"/absences/new?group={site.group.group_id}").status_code == 404
    assert charlie.get(f"/absences/new?subject={site.ada.subject_id}").status_code == 404
    for login in ("dora", "ada"):
        assert client_of(login).get("/absences").status_code == 403
        assert tell(site, client_of(login)) == 403


@pytest.mark.parametrize(
    "changes",
    [
        {"subject": []},
        {"first_day": ""},
        {"last_day": "2026-03-01"},
        {"last_day": "2030-01-01"},
        {"reason": "nonsense"},
    ],
    ids=str,
)
def test_odd_absences_are_refused(
    site: Site, client_of: ClientOf, changes: dict[str, object]
) -> None:
    assert tell(site, client_of("bob"), group=site.group.group_id, **changes) == 422
    assert site.parts.absences.since(DAY) == []


def test_the_reasons_can_be_edited_by_administrators(site: Site, client_of: ClientOf) -> None:
    alice = client_of("alice")
    codes = [reason.code for reason in site.parts.absences.reasons()]
    labels = ["Ill", "", "Family matter", "Trip or event of the school", "Holidays", "Other reason"]
    form = {"code": [*codes, ""], "label": [*labels, "Sports"]}
    alice.post("/absences/reasons", data=form)
    kept = [reason.label for reason in site.parts.absences.reasons()]
    assert kept == [label for label in labels if label] + ["Sports"]
    assert "Sports" in text_of(client_of("bob"), "/absences/new")
    assert alice.post("/absences/reasons", data={"code": [], "label": []}).status_code == 422
    assert client_of("bob").get("/absences/reasons").status_code == 403


def test_times_of_a_series_can_cross_midnight(site: Site, client_of: ClientOf) -> None:
    form = series_form(site, start="22:00", end="06:00")
    client_of("alice").post("/timetable/new", data=form)
    assert only_series(site).end == time(6)
    assert "22:00 – 06:00" in text_of(client_of("bob"), "/timetable")
