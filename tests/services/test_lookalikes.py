"""Pairs of people who look alike, found without comparing one by one."""

from __future__ import annotations

import numpy as np
import pytest

from rollbook.domain.templates import unit_rows
from rollbook.services import lookalikes
from rollbook.services.lookalikes import fused_rows, look_alikes


def test_nobody_looks_like_nobody() -> None:
    assert look_alikes([], np.empty((0, 4), np.float32), 0.5) == frozenset()


def test_the_pair_is_found_and_nobody_looks_like_themselves() -> None:
    rows = unit_rows(np.array([[1, 0, 0], [0, 1, 0], [1, 0.1, 0], [1, 0.2, 0]], np.float32))
    assert look_alikes(["a", "b", "a", "c"], rows, 0.9) == {frozenset({"a", "c"})}


@pytest.mark.parametrize("block", [1, 7, 1024])
def test_blocks_find_what_comparing_one_by_one_finds(
    block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lookalikes, "BLOCK", block)
    rng = np.random.default_rng(3)
    rows = unit_rows(rng.normal(size=(60, 6)))
    owners = [str(number // 2) for number in range(60)]
    people, means = fused_rows(owners, rows)
    expected = {
        frozenset((people[i], people[j]))
        for i in range(len(people))
        for j in range(i)
        if float(means[i] @ means[j]) >= 0.6
    }
    assert expected
    assert look_alikes(owners, rows, 0.6) == expected
