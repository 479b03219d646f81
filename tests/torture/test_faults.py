"""Each fault of the world: clear words, nothing lost, and on it goes when it is mended."""

from __future__ import annotations

from pathlib import Path

import pytest

from torture import faults
from torture.frame import Plan

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("name", faults.FAULTS)
def test_a_fault_is_told_and_loses_nothing(name: str, tmp_path: Path) -> None:
    outcome = faults.run(Plan(tmp_path, scenarios=frozenset({name})))
    outcome.require("kinds of faults")
    if outcome.left_out:
        pytest.skip(outcome.left_out[0])
