"""PINs: hashed, sealed, and tried ever more slowly."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import select

from builders import make_class
from rollbook.domain.register import EntryKind
from rollbook.errors import InvalidInput, NotFound
from rollbook.services.pins import NoPin, PinKeeper, PinRight, PinWrong, new_pin
from rollbook.storage.database import Database
from rollbook.storage.hashing import ArgonPins
from rollbook.storage.tables import credentials
from rollbook.testing import FixedClock

PIN, DOOR = "270316", "door"


class School:
    def __init__(self, database: Database) -> None:
        self.database = database
        self.clock = FixedClock()
        _, people = make_class(database.uow, ["Ada Lovelace", "Alan Turing"])
        self.ada, self.alan = (person.subject_id for person in people)
        self.pins = PinKeeper(database.uow, self.clock, ArgonPins())


@pytest.fixture
def school(database: Database) -> School:
    return School(database)


def test_the_right_pin_and_no_other(school: School) -> None:
    assert school.pins.check(school.ada, PIN, DOOR) == NoPin()
    school.pins.set(school.ada, PIN, "subject 0")
    assert school.pins.has(school.ada) and not school.pins.has(school.alan)
    assert school.pins.check(school.ada, f" {PIN[:3]} {PIN[3:]} ", DOOR) == PinRight()
    assert school.pins.check(school.ada, "٢٧٠٣١٦", DOOR) == PinRight(), "digits of any script"
    assert school.pins.check(school.ada, "270317", DOOR) == PinWrong()
    assert school.pins.check(school.ada, "", DOOR) == PinWrong()


@pytest.mark.parametrize(
    "pin", ["", "123", "1" * 13, "1234", "4321", "0000", "9012", "abcd", "12a4"]
)
def test_a_pin_that_everybody_would_try_is_refused(school: School, pin: str) -> None:
    with pytest.raises(InvalidInput):
        school.pins.set(school.ada, pin, "subject 0")
    assert not school.pins.has(school.ada)


def test_nobody_gets_a_pin_who_is_not_there(school: School) -> None:
    with pytest.raises(NotFound):
        school.pins.set("0" * 32, PIN, "administrator 0")


def test_guessing_takes_longer_each_time_also_at_another_kiosk(school: School) -> None:
    school.pins.set(school.ada, PIN, "subject 0")
    tries, seconds = 0, 0.0
    while seconds < 3600:
        outcome = school.pins.check(school.ada, f"{5000 + tries}", f"door {tries}")
        assert isinstance(outcome, PinWrong)
        school.clock.advance(outcome.wait_seconds)
        tries, seconds = tries + 1, seconds + outcome.wait_seconds
    assert tries < 16, "a PIN of four digits would take a year"


def test_the_right_pin_waits_too_and_then_forgives(school: School) -> None:
    school.pins.set(school.ada, PIN, "subject 0")
    outcome = PinWrong()
    for _ in range(5):
        outcome = school.pins.check(school.ada, "9999", DOOR)  # type: ignore[assignment]
        assert isinstance(outcome, PinWrong)
    assert outcome.wait_seconds > 0
    early = school.pins.check(school.ada, PIN, DOOR)
    assert isinstance(early, PinWrong) and early.wait_seconds > 0
    school.clock.advance(early.wait_seconds)
    assert school.pins.check(school.ada, PIN, DOOR) == PinRight()
    assert school.pins.check(school.ada, "9999", DOOR) == PinWrong(), "the count starts anew"


def test_one_kiosk_that_tries_many_people_has_to_wait(school: School) -> None:
    for person in (school.ada, school.alan):
        school.pins.set(person, PIN, "subject 0")
    waits = []
    for number in range(60):
        outcome = school.pins.check((school.ada, school.alan)[number % 2], "8642", DOOR)
        assert isinstance(outcome, PinWrong)
        waits.append(outcome.wait_seconds)
        school.clock.advance(1)
    assert max(waits) >= 16 and waits.count(0.0) <= 21


def test_many_tries_at_once_are_not_many_for_the_price_of_one(school: School) -> None:
    school.pins.set(school.ada, PIN, "subject 0")
    start, compared = threading.Barrier(12), list[object]()

    def guess() -> None:
        start.wait(10)
        compared.append(school.pins.check(school.ada, "8642", DOOR))

    threads = [threading.Thread(target=guess) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    with school.database.uow() as uow:
        refused = [
            entry
            for entry in uow.register.entries([EntryKind.ACCESS])
            if entry.body["event"] == "PIN refused"
        ]
    assert len(compared) == 12 and len(refused) <= 5


def test_a_new_pin_of_staff_is_shown_once_and_lifts_the_wait(school: School) -> None:
    school.pins.set(school.ada, PIN, "subject 0")
    for _ in range(6):
        school.pins.check(school.ada, "9999", DOOR)
    made = school.pins.reset(school.ada, "faculty 1")
    assert school.pins.check(school.ada, made, "another door") == PinRight()
    assert school.pins.remove(school.ada, "faculty 1") and not school.pins.remove(
        school.ada, "faculty 1"
    )
    assert school.pins.check(school.ada, made, "another door") == NoPin()


def test_pins_that_are_made_are_never_the_first_that_one_would_try() -> None:
    from rollbook.services.pins import checked

    made = {new_pin() for _ in range(200)}
    assert len(made) > 190 and all(checked(pin) == pin for pin in made)


def test_neither_database_nor_register_tells_a_pin(school: School) -> None:
    pin, wrong = "270316864297", "864201735926"  # four digits stand in random ids by chance
    school.pins.set(school.ada, pin, "subject 0")
    school.pins.check(school.ada, wrong, DOOR)
    with school.database.engine.connect() as connection:
        rows = [bytes(row.payload) for row in connection.execute(select(credentials))]
    assert rows and all(pin.encode() not in row and b"argon" not in row for row in rows)
    with school.database.uow() as uow:
        told = [str(entry.body) for entry in uow.register.entries()]
    assert told and all(pin not in body and wrong not in body for body in told)
