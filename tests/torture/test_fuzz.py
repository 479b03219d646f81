"""A few seconds of hostile files for each reader, and that the feeder sees what is wrong."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from torture import fuzz
from torture.frame import Plan

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name == "nt", reason="Windows has no limits of a process's memory"),
]


@pytest.mark.parametrize("name", fuzz.READERS)
def test_hostile_input_is_refused_in_words(name: str, tmp_path: Path) -> None:
    outcome = fuzz.run(Plan(tmp_path, seconds=3, scenarios=frozenset({name})))
    outcome.require(f"{name}: inputs tried")


def test_the_feeder_notices_a_reader_that_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from torture import fuzz_reader
    from torture.fuzz_reader import Feeder, Told

    def fragile(data: bytes) -> None:
        if data.startswith(b"x"):
            raise KeyError("unforeseen")

    monkeypatch.chdir(tmp_path)
    # of the whole test run it may be anything
    monkeypatch.setattr(fuzz_reader, "peak_memory", lambda: 1)
    told = Told()
    feeder = Feeder(fragile, told)
    for data in (b"a", b"xa"):
        feeder.feed(data)
    assert (told.tried, told.accepted, len(told.faults)) == (2, 1, 1)
