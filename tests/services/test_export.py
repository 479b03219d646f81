"""A month out of the real store: who is in it, what it says, how it is sealed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from builders import make_consent
from rollbook.domain.attendance import Direction, Method, Session, Status, plan_session
from rollbook.domain.month import GroupMonth, Month, MonthRegister
from rollbook.domain.ports import Progress
from rollbook.domain.register import EntryKind
from rollbook.domain.subjects import Group, Membership, Subject
from rollbook.errors import DecryptionFailed, InvalidInput, NotFound
from rollbook.services.export import Exporter
from rollbook.services.register import RegisterKeeper
from rollbook.storage.database import Database

BERLIN = ZoneInfo("Europe/Berlin")
APRIL = Month(2025, 4)


@dataclass
class Clock:
    at: datetime = datetime(2025, 5, 2, 8, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at


class School:
    """A small school on a real database."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.clock = Clock()
        self.keeper = RegisterKeeper(database.uow, self.clock)
        self.exporter = Exporter(database.uow, self.clock, BERLIN, {"txt": self._render})
        self.rendered: list[MonthRegister] = []
        self.languages: list[str] = []

    def _render(self, register: MonthRegister, language: str, progress: Progress | None) -> bytes:
        self.rendered.append(register)
        self.languages.append(language)
        return "\n".join(row.person.name for row in register.rows()).encode()

    def add_group(self, name: str, **members: date) -> None:
        """Add a group; each member's id is their name in lower case, with the day they joined."""
        with self.database.uow() as uow:
            uow.groups.add(Group(name, name))
            known = uow.subjects.names()
            for member, since in members.items():
                if member.lower() not in known:
                    uow.subjects.add(Subject(member.lower(), member, external_id=f"X-{member}"))
                    uow.consents.add(make_consent(member.lower()))
                uow.groups.join(Membership(name, member.lower(), since))
            uow.commit()

    def hold(self, group: str, day: date, start: time = time(8), hours: int = 1) -> Session:
        end = (datetime.combine(day, start) + timedelta(hours=hours)).time()
        starts_at, ends_at, business_date = plan_session(day, start, end, BERLIN)
        return self.keeper.open_session(
            group, starts_at, ends_at, business_date=business_date, title="Lesson"
        )

    def arrive(self, session: Session, person: str, minutes: int = 0) -> None:
        at = session.starts_at + timedelta(minutes=minutes)
        self.keeper.sight(session.session_id, person, at, Method.FACE, Direction.BOTH, "door")

    def month(self, *groups: str, month: Month = APRIL) -> MonthRegister:
        return self.exporter.read(month, groups)


@pytest.fixture
def school(database: Database) -> School:
    return School(database)


START = date(2025, 1, 7)


def letters(group: GroupMonth) -> dict[str, list[str | None]]:
    return {
        line.person.name: [cell.status.value if cell else None for cell in line.cells]
        for line in group.people
    }


def test_an_empty_register_is_an_empty_month(school: School) -> None:
    register = school.month()
    assert (register.groups, register.idle_groups, register.site) == ((), (), "Rollbook")


def test_a_month_holds_groups_sessions_and_what_follows_from_marks(school: School) -> None:
    school.add_group("8A", Ada=START, Bob=START, Eve=START)
    first = school.hold("8A", date(2025, 4, 1))
    school.arrive(first, "ada")
    school.arrive(first, "bob", minutes=20)
    school.keeper.mark_by_hand(first.session_id, "eve", Status.EXCUSED, "ill", "Office")
    school.keeper.close_session(first.session_id)
    second = school.hold("8A", date(2025, 4, 30))
    school.arrive(second, "ada")
    (group,) = school.month().groups
    assert letters(group) == {
        "Ada": ["present", "present"],
        "Bob": ["late", "absent"],
        "Eve": ["excused", "absent"],
    }
    eve = group.people[2].cells[0]
    assert eve is not None
    assert (eve.reason, eve.method) == ("ill", Method.HAND)
    assert group.people[0].person.external_id == "X-Ada"


def test_people_of_a_session_that_still_runs_are_open(school: School) -> None:
    school.add_group("8A", Ada=START, Bob=START)
    session = school.hold("8A", date(2025, 4, 1))
    school.arrive(session, "ada")
    school.clock.at = session.starts_at + timedelta(minutes=30)
    (group,) = school.month().groups
    assert letters(group) == {"Ada": ["present"], "Bob": ["open"]}
    assert group.totals.percent == "100.0"


def test_who_joins_or_leaves_in_the_month_counts_only_for_their_days(school: School) -> None:
    school.add_group("8A", Ada=START, New=date(2025, 4, 10), Later=date(2025, 5, 1))
    with school.database.uow() as uow:
        uow.subjects.add(Subject("gone", "Gone"))
        uow.consents.add(make_consent("gone"))
        uow.groups.join(Membership("8A", "gone", START, until=date(2025, 4, 8)))
        uow.commit()
    for day in (1, 9, 10):
        school.hold("8A", date(2025, 4, day))
    (group,) = school.month().groups
    assert letters(group) == {
        "Ada": ["absent"] * 3,
        "Gone": ["absent", None, None],
        "New": [None, None, "absent"],
    }


def test_guests_come_after_the_roster_and_erased_people_last_without_their_name(
    school: School,
) -> None:
    school.add_group("8A", Zoe=START, Bob=START)
    school.add_group("8B", Ann=START)
    session = school.hold("8A", date(2025, 4, 1))
    for person in ("zoe", "ann", "bob"):
        school.arrive(session, person)
    school.keeper.mark_by_hand(session.session_id, "bob", Status.LATE, "bus of Bob", "Office")
    school.keeper.close_session(session.session_id)
    with school.database.uow() as uow:
        uow.subjects.remove("bob")
        uow.commit()
    (group,) = school.month("8A").groups
    assert [(p.person.name, p.on_roster) for p in group.people] == [
        ("Zoe", True),
        ("Ann", False),
        ("erased person", True),
    ]
    erased = group.people[-1].cells[0]
    assert erased is not None
    assert (erased.status, erased.reason) == (Status.LATE, "erased")
    assert group.totals.attended == 3


def test_sessions_belong_to_the_month_of_the_local_day_they_begin_on(school: School) -> None:
    school.add_group("Night", Ada=START)
    night = school.hold("Night", date(2025, 3, 31), time(22), hours=8)  # ends on 1 April
    early = school.hold("Night", date(2025, 4, 1), time(0, 30))  # 31 March in UTC
    school.arrive(night, "ada", minutes=180)  # on 1 April by the clock
    school.keeper.close_session(night.session_id)
    (march,) = school.month(month=Month(2025, 3)).groups
    (april,) = school.month().groups
    assert letters(march) == {"Ada": ["late"]}
    assert [session.session_id for session in april.sessions] == [early.session_id]


def test_overlapping_sessions_of_two_groups_are_decided_each_by_itself(school: School) -> None:
    school.add_group("8A", Ada=START)
    school.add_group("Choir", Ada=START)
    lesson = school.hold("8A", date(2025, 4, 1), time(8), hours=2)
    school.hold("Choir", date(2025, 4, 1), time(9), hours=2)
    school.arrive(lesson, "ada")
    found = {group.group.name: letters(group) for group in school.month().groups}
    assert found == {"8A": {"Ada": ["present"]}, "Choir": {"Ada": ["absent"]}}


def test_groups_can_be_chosen_and_those_without_sessions_are_named(school: School) -> None:
    school.add_group("8A", Ada=START)
    school.add_group("8B", Bob=START)
    school.add_group("8C", Eve=START)
    school.hold("8A", date(2025, 4, 1))
    school.hold("8B", date(2025, 4, 1))
    register = school.month("8b", " 8C ", "8B")
    assert [group.group.name for group in register.groups] == ["8B"]
    assert [group.name for group in register.idle_groups] == ["8C"]
    with pytest.raises(NotFound, match="no group called 9Z"):
        school.month("9Z")


def test_an_export_is_noted_in_the_register_without_any_name(school: School) -> None:
    school.add_group("8A", Ada=START)
    school.hold("8A", date(2025, 4, 1))
    made = school.exporter.export(APRIL, "txt", encrypt=False, by="command line")
    assert (made.name, made.data) == ("Attendance_2025-04.txt", b"Ada")
    with school.database.uow() as uow:
        (entry,) = uow.register.entries([EntryKind.EXPORT])
        assert uow.register.verify().holds
    assert entry.body == {
        "at": "2025-05-02T08:00:00+00:00",
        "by": "command line",
        "month": "2025-04",
        "format": "txt",
        "encrypted": False,
        "group_ids": ["8A"],
    }


def test_a_sealed_export_opens_again_and_shows_nothing(school: School) -> None:
    school.add_group("8A", Ada_Lovelace=START)
    school.hold("8A", date(2025, 4, 1))
    made = school.exporter.export(APRIL, "txt", encrypt=True, by="command line")
    assert made.name == "Attendance_2025-04.txt.enc"
    assert b"Ada_Lovelace" not in made.data
    assert school.exporter.unseal(made.data) == b"Ada_Lovelace"


def test_damaged_foreign_and_other_files_are_refused(school: School, tmp_path: Path) -> None:
    sealed = school.exporter.export(APRIL, "txt", encrypt=True, by="command line").data
    middle = len(sealed) // 2
    flipped = b"A" if sealed[middle : middle + 1] != b"A" else b"B"
    for damaged in (sealed[:-20], sealed[:middle] + flipped + sealed[middle + 1 :], sealed[:18]):
        with pytest.raises(DecryptionFailed, match="damaged, or another Rollbook"):
            school.exporter.unseal(damaged)
    with pytest.raises(InvalidInput, match="not a file that Rollbook encrypted"):
        school.exporter.unseal(b"date,weekday\n")
    url = f"sqlite:///{(tmp_path / 'other.db').as_posix()}"
    other = Database.open(url, keys_dir=tmp_path / "other keys", create=True)
    with pytest.raises(DecryptionFailed, match="another Rollbook"):
        School(other).exporter.unseal(sealed)
    other.close()


def test_the_site_is_named_and_its_invented_groups_are_marked(school: School) -> None:
    with school.database.uow() as uow:
        uow.site.set("site_name", "Lindenschule")
        uow.groups.add(Group("g", "Made up", invented=True))
        uow.commit()
    school.hold("g", date(2025, 4, 1))
    register = school.month()
    assert (register.site, register.invented) == ("Lindenschule", True)


def test_marks_are_what_counts_whether_a_session_is_open_or_sealed(school: School) -> None:
    school.add_group("8A", Ada=START, Bob=START)
    session = school.hold("8A", date(2025, 4, 1))
    school.arrive(session, "ada", minutes=3)
    before = school.month().groups[0]
    school.keeper.close_session(session.session_id)
    after = school.month().groups[0]
    assert letters(before) == letters(after)
    assert [replace(s, state=session.state) for s in after.sessions] == list(before.sessions)
