"""Kiosks as devices: one code, one tablet; and a revoked one is out at once."""

from __future__ import annotations

import pytest

from builders import make_class
from rollbook.domain.attendance import Direction
from rollbook.domain.kiosks import DeviceState
from rollbook.domain.register import EntryKind
from rollbook.errors import InvalidInput, NotFound
from rollbook.services.devices import DeviceKeeper, DevicePlan, NotPaired, Paired
from rollbook.storage.database import Database
from rollbook.testing import FixedClock

ADMIN = "administrator 0"


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def keeper(database: Database, clock: FixedClock) -> DeviceKeeper:
    return DeviceKeeper(database.uow, clock)


def paired(keeper: DeviceKeeper, name: str = "Door") -> Paired:
    outcome = keeper.pair(keeper.add(DevicePlan(name), ADMIN).code, place="here")
    assert isinstance(outcome, Paired)
    return outcome


def test_a_code_pairs_one_tablet_once(keeper: DeviceKeeper) -> None:
    pairing = keeper.add(DevicePlan("  Door ", "Room 12", direction=Direction.IN), ADMIN)
    assert pairing.device.state is DeviceState.WAITING
    first = keeper.pair(pairing.code.lower(), place="here")
    assert isinstance(first, Paired) and len(first.key) >= 40
    assert isinstance(keeper.pair(pairing.code, place="here"), NotPaired)
    known = keeper.of_key(first.key)
    assert known is not None and (known.name, known.room) == ("Door", "Room 12")
    assert keeper.of_key("") is None and keeper.of_key(pairing.code) is None


def test_a_code_is_too_old_after_a_quarter_of_an_hour(
    keeper: DeviceKeeper, clock: FixedClock
) -> None:
    pairing = keeper.add(DevicePlan("Door"), ADMIN)
    clock.advance(15 * 60 + 1)
    assert isinstance(keeper.pair(pairing.code, place="here"), NotPaired)


def test_guessing_codes_takes_longer_each_time(keeper: DeviceKeeper, clock: FixedClock) -> None:
    pairing = keeper.add(DevicePlan("Door"), ADMIN)
    waits = []
    for number in range(12):
        outcome = keeper.pair(f"AAAA-AAAA-{number:04}", place="there")
        assert isinstance(outcome, NotPaired)
        waits.append(outcome.wait_seconds)
        clock.advance(outcome.wait_seconds)
    assert waits[0] == 0 and waits == sorted(waits) and waits[-1] >= 60
    keeper.pair("AAAA", place="there")
    assert isinstance(keeper.pair(pairing.code, place="there"), NotPaired), "it waits, right or not"
    assert isinstance(keeper.pair(pairing.code, place="elsewhere"), NotPaired | Paired)


def test_a_revoked_kiosk_is_out_at_once_and_a_new_code_lets_another_in(
    keeper: DeviceKeeper,
) -> None:
    before = paired(keeper)
    device_id = before.device.device_id
    assert keeper.revoke(device_id, ADMIN).state is DeviceState.REVOKED
    assert keeper.of_key(before.key) is None
    keeper.seen(before.device)
    assert keeper.get(device_id).state is DeviceState.REVOKED, "being seen undoes nothing"
    again = keeper.pair(keeper.new_code(device_id, ADMIN).code, place="here")
    assert isinstance(again, Paired) and again.device.state is DeviceState.PAIRED
    assert keeper.of_key(before.key) is None and keeper.of_key(again.key) is not None


def test_another_code_shuts_the_first_tablet_out(keeper: DeviceKeeper) -> None:
    before = paired(keeper)
    keeper.new_code(before.device.device_id, ADMIN)
    assert keeper.of_key(before.key) is None


def test_when_a_kiosk_was_here_last_is_written_once_a_minute(
    keeper: DeviceKeeper, clock: FixedClock
) -> None:
    known = paired(keeper).device
    first = clock.now()
    keeper.seen(known)
    clock.advance(30)
    keeper.seen(known)
    assert keeper.get(known.device_id).seen_at == first
    clock.advance(31)
    keeper.seen(known)
    assert keeper.get(known.device_id).seen_at == clock.now()


def test_what_is_planned_is_checked(keeper: DeviceKeeper, database: Database) -> None:
    group, _ = make_class(database.uow, ["Ada Lovelace"])
    with pytest.raises(InvalidInput):
        keeper.add(DevicePlan("  "), ADMIN)
    with pytest.raises(InvalidInput):
        keeper.add(DevicePlan("Door", group_ids=()), ADMIN)
    with pytest.raises(NotFound):
        keeper.add(DevicePlan("Door", group_ids=("0" * 32,)), ADMIN)
    assert keeper.all() == []
    device = keeper.add(DevicePlan("Door", group_ids=(group.group_id,)), ADMIN).device
    changed = keeper.change(device.device_id, DevicePlan("Gate", needs_pin=True), ADMIN)
    assert (changed.name, changed.group_ids, changed.needs_pin) == ("Gate", None, True)
    keeper.remove(device.device_id, ADMIN)
    assert keeper.all() == []


def test_the_register_tells_what_was_done_and_never_a_key(
    keeper: DeviceKeeper, database: Database
) -> None:
    known = paired(keeper)
    keeper.revoke(known.device.device_id, ADMIN)
    with database.uow() as uow:
        entries = uow.register.entries([EntryKind.ACCOUNT])
    assert [entry.body["event"] for entry in entries] == [
        "kiosk revoked",
        "kiosk paired",
        "kiosk added",
    ]
    assert all(
        known.key not in str(entry.body) and "Door" not in str(entry.body) for entry in entries
    )
