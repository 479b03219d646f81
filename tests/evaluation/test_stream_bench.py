"""Benches of live recognition: what they count, not how fast this machine is."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

from rollbook import testing as t
from rollbook.domain.faces import Frame
from rollbook.errors import RollbookError
from rollbook.evaluation.memory_bench import (
    PROC,
    MemoryFigures,
    family,
    figures,
    measure_watch_memory,
    pss_mib,
)
from rollbook.evaluation.stream_bench import FrameCost, measure_stream, moving_pictures

linux = pytest.mark.skipif(
    not (PROC / "self" / "smaps_rollup").exists(), reason="only Linux tells shared pages apart"
)


def test_frames_of_the_warm_up_do_not_count() -> None:
    seen: list[int] = []

    def process(frame: Frame) -> FrameCost:
        seen.append(frame.sequence)
        return FrameCost(followed=2, embedded=1, decisions=frame.sequence % 2)

    source = t.ListSource([t.picture(32, 24)] * 30)
    measured = measure_stream(source, process, faces=2, warm_up=20)
    assert seen == list(range(30))
    assert (measured.frames, measured.embedded, measured.decisions) == (10, 10, 5)
    assert measured.median_faces_found == 2
    assert measured.frames_a_second > 0
    assert measured.median_ms <= measured.p95_ms


def test_the_portraits_of_the_clip_move_and_their_number_is_the_one_asked_for() -> None:
    portrait = np.full((512, 512, 3), 250, dtype=np.uint8)
    for faces in (0, 1, 5):
        pictures = list(moving_pictures(portrait, faces, 3, rate=2))
        assert {picture.shape for picture in pictures} == {(480, 640, 3)}
        bright = (pictures[0] == 250).all(axis=2)
        assert bright.any() == (faces > 0)
        assert (pictures[0] != pictures[2]).any() == (faces > 0)


def test_memory_is_given_by_its_middle_and_its_peak() -> None:
    assert figures([(300.0, 2), (350.0, 3), (310.0, 3)]) == MemoryFigures(310.0, 350.0, 3, 3)


@linux
def test_the_memory_of_children_is_added() -> None:
    command = [sys.executable, "-c", "print(flush=True); input()"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        child.stdout.readline()
        assert child.pid in family(os.getpid())
        assert pss_mib(child.pid) > 1
        child.communicate("\n")
    assert pss_mib(child.pid) == 0


@linux
@pytest.mark.slow
def test_a_program_that_ends_too_soon_is_an_error_and_no_small_figure() -> None:
    with pytest.raises(RollbookError, match="exit code"):
        measure_watch_memory(["--version"], warm_up=3.0, seconds=0.5)
