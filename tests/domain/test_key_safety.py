"""What the place of the key means."""

from __future__ import annotations

import pytest

from rollbook.domain.key_safety import Attacker, KeyPlace, KeySafety, Safety


def verdicts(place: KeyPlace, *, exposed: bool = False) -> dict[Attacker, Safety]:
    safety = KeySafety(place, "somewhere", "a1b2-c3d4-e5f6", exposed=exposed)
    assert safety.sentence and all(verdict.who and verdict.why for verdict in safety.attacks)
    return {verdict.attacker: verdict.safety for verdict in safety.attacks}


@pytest.mark.parametrize("place", list(KeyPlace))
def test_copies_are_safe_in_each_case_and_a_running_machine_in_none(place: KeyPlace) -> None:
    found = verdicts(place)
    assert found[Attacker.COPIES] is Safety.SAFE
    assert found[Attacker.OTHER_USER] is Safety.SAFE
    assert found[Attacker.MACHINE_ON] is Safety.UNSAFE


def test_a_stolen_machine_is_safe_only_where_the_key_is_not_on_it() -> None:
    off = {place: verdicts(place)[Attacker.MACHINE_OFF] for place in KeyPlace}
    assert off.pop(KeyPlace.FILE) is Safety.UNSAFE
    assert off.pop(KeyPlace.LOCKED) is Safety.SAFE
    assert set(off.values()) == {Safety.DEPENDS}


def test_a_key_that_others_can_read_is_told() -> None:
    assert verdicts(KeyPlace.FILE, exposed=True)[Attacker.OTHER_USER] is Safety.UNSAFE
