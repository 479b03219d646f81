"""Whatever the script, people, groups and titles come back as they were written."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rollbook.domain.attendance import AttendancePolicy, Session
from rollbook.domain.subjects import Consent, Group, Subject, new_id
from rollbook.storage.database import Database

texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)
zones = st.integers(-14 * 60, 14 * 60).map(lambda m: timezone(timedelta(minutes=m)))
instants = st.datetimes(datetime(1971, 1, 1), datetime(2900, 1, 1), timezones=zones)  # noqa: DTZ001
days = st.dates(date(1900, 1, 1), date(2900, 1, 1))
on_one_database = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@on_one_database
@given(texts, st.none() | texts, st.lists(texts, max_size=3), st.booleans())
def test_people_come_back(
    database: Database, name: str, external_id: str | None, contacts: list[str], invented: bool
) -> None:
    person = Subject(new_id(), name, external_id, tuple(contacts), invented)
    with database.uow() as uow:
        uow.subjects.add(person)
        assert uow.subjects.get(person.subject_id) == person
        assert person in uow.subjects.all()
        if external_id is not None:
            assert uow.subjects.by_external_id(external_id) == person


@on_one_database
@given(texts, texts, instants, st.none() | days, st.none() | instants)
def test_consents_come_back(
    database: Database,
    text_id: str,
    given_by: str,
    recorded_at: datetime,
    retain_until: date | None,
    withdrawn_at: datetime | None,
) -> None:
    person = Subject(new_id(), "Ada")
    consent = Consent(
        new_id(),
        person.subject_id,
        text_id,
        given_by,
        recorded_at,
        retain_until=retain_until,
        withdrawn_at=withdrawn_at,
    )
    with database.uow() as uow:
        uow.subjects.add(person)
        uow.consents.add(consent)
        assert uow.consents.of(person.subject_id) == [consent]


@on_one_database
@given(texts, texts, instants, st.timedeltas(timedelta(microseconds=1), timedelta(days=3)), days)
def test_groups_and_sessions_come_back(
    database: Database, name: str, title: str, starts_at: datetime, length: timedelta, day: date
) -> None:
    group = Group(new_id(), name)
    policy = AttendancePolicy(late_after=length, name=title)
    session = Session(new_id(), group.group_id, title, starts_at, starts_at + length, day, policy)
    with database.uow() as uow:
        uow.groups.add(group)
        uow.sessions.add(session)
        assert uow.groups.by_name(name) == group
        assert uow.sessions.get(session.session_id) == session
