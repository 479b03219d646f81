"""The first start, and the choices of a site."""

from __future__ import annotations

import pytest

from builders import NOW, make_class, make_session, quick_hasher
from rollbook.domain.attendance import OFFICE_DAY, SCHOOL_LESSON
from rollbook.domain.passwords import Weakness
from rollbook.domain.register import EntryKind
from rollbook.errors import AlreadyExists, FacesOff, InvalidInput
from rollbook.services.setup import Setup
from rollbook.services.site import Site, default_policy, require_faces
from rollbook.storage.database import Database
from rollbook.testing import FixedClock

HERE = "192.0.2.1"
PASSWORD = "violet kettle on thursday"


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture
def setup(database: Database, clock: FixedClock) -> Setup:
    return Setup(database.uow, clock, quick_hasher())


@pytest.fixture
def site(database: Database, clock: FixedClock) -> Site:
    return Site(database.uow, clock)


def test_the_code_of_the_last_start_opens_set_up_and_no_other(setup: Setup) -> None:
    first, second = setup.begin(), setup.begin()
    assert first is not None
    assert second is not None
    assert not setup.is_code(first, HERE)
    assert setup.is_code(second.lower().replace("-", ""), HERE)


def test_guessing_the_code_is_throttled_until_the_next_start(
    setup: Setup, clock: FixedClock
) -> None:
    setup.begin()
    for _ in range(7):
        assert not setup.is_code("AAAA-AAAA-AAAA", HERE)
    assert setup.wait(HERE) > 0
    assert setup.wait("192.0.2.9") == 0
    clock.advance(10)
    assert setup.wait(HERE) == 0


def test_with_the_first_administrator_set_up_is_over(setup: Setup, database: Database) -> None:
    code = setup.begin() or ""
    assert setup.is_needed()
    user = setup.first_administrator("Root", "root", PASSWORD)
    assert not isinstance(user, Weakness)
    assert not setup.is_needed()
    assert setup.begin() is None
    assert not setup.is_code(code, HERE)
    with pytest.raises(AlreadyExists):
        setup.first_administrator("Eve", "eve", PASSWORD)
    with database.uow() as uow:
        assert [user.login for user in uow.users.all()] == ["root"]


@pytest.mark.parametrize(
    ("password", "weakness"),
    [
        ("short", Weakness.SHORT),
        ("password1", Weakness.COMMON),
        ("Qwertyuiop", Weakness.COMMON),
        ("aaaaaaaaaaaaaaaa", Weakness.COMMON),
        ("headmistress1", Weakness.OWN),
        ("x" * 300, Weakness.LONG),
    ],
)
def test_weak_passwords_are_not_taken(setup: Setup, password: str, weakness: Weakness) -> None:
    assert setup.first_administrator("Root", "headmistress", password) is weakness
    assert setup.is_needed()


@pytest.mark.parametrize(
    "password", ["lower case alone", "渡辺さくらの合言葉", "7" * 32 + "ab" * 16, "p@$$ wörd 🙂"]
)
def test_no_rules_of_composition(setup: Setup, password: str) -> None:
    assert not isinstance(setup.first_administrator("Root", "root", password), Weakness)


def test_choices_are_kept_and_written_in_the_register(site: Site, database: Database) -> None:
    changed = site.change("administrator 1", site_name="Hill School", time_zone="Asia/Kolkata")
    assert changed == ["site_name", "time_zone"]
    assert site.change("administrator 1", site_name=" Hill  School ") == []
    assert site.choices().time_zone == "Asia/Kolkata"
    with database.uow() as uow:
        entries = uow.register.entries([EntryKind.SETTING])
    assert [entry.body["setting"] for entry in entries] == ["time_zone", "site_name"]


@pytest.mark.parametrize("zone", ["", "Mars/Base", "../../etc/passwd", "Europe", "x" * 5000])
def test_odd_time_zones_are_refused(site: Site, zone: str) -> None:
    with pytest.raises(InvalidInput):
        site.change("test", time_zone=zone)


def test_the_policy_of_new_sessions_can_be_chosen(site: Site, database: Database) -> None:
    with database.uow() as uow:
        assert default_policy(uow) == SCHOOL_LESSON
    site.set_policy("test", OFFICE_DAY)
    assert site.policy() == OFFICE_DAY


def test_where_faces_are_off_nothing_is_computed(
    site: Site, database: Database, clock: FixedClock
) -> None:
    with database.uow() as uow:
        require_faces(uow)
        before = uow.gallery_version()
    site.change("test", faces_enabled=False)
    with database.uow() as uow:
        assert uow.gallery_version() > before  # running cameras look again, and stop
        with pytest.raises(FacesOff):
            require_faces(uow)


def test_no_gallery_is_built_where_faces_are_off(site: Site, database: Database) -> None:
    from rollbook.services.galleries import Galleries

    group, _ = make_class(database.uow, ["Ada"], "5b")
    site.change("test", faces_enabled=False)
    empty = Galleries(database.uow, FixedClock(NOW), None, {}, 0.01, None)  # type: ignore[arg-type]
    with pytest.raises(FacesOff):
        empty.for_session(make_session(group.group_id))
