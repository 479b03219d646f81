"""Guided capture: each pose is asked for, held, and taken once."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

import numpy as np
import pytest

from intake import Intake, portrait
from rollbook.domain.quality import POSES
from rollbook.domain.subjects import EnrolmentRefused
from rollbook.services.guided import (
    PROMPTS,
    CaptureRules,
    GuidedCapture,
    GuidedState,
    Outcome,
    look,
)
from rollbook.services.samples import Picture
from rollbook.storage.database import Database
from rollbook.testing import GREEN, RED, START, ListSource, picture

PLACES = {"front": (0, 0), "left": (120, 0), "right": (-120, 0), "up": (0, 90), "down": (0, -90)}


@pytest.fixture
def intake(database: Database) -> Intake:
    return Intake(database.uow)


def held(pose: str, times: int = 3) -> list[np.ndarray]:
    return [portrait(RED, *PLACES[pose])] * times


def capture(
    intake: Intake, pictures: Iterable[np.ndarray], **rules: object
) -> tuple[GuidedCapture, list[str]]:
    said: list[str] = []
    guide = GuidedCapture(intake.sampler.examine, said.append, CaptureRules(**rules))  # type: ignore[arg-type]
    guide.run(ListSource(pictures).frames())
    return guide, said


def test_every_pose_that_is_held_is_taken_and_can_be_enrolled(intake: Intake) -> None:
    guide, said = capture(intake, [frame for pose in POSES for frame in held(pose)])
    assert guide.skipped == []
    assert [prompt for prompt in said if prompt in PROMPTS.values()] == [PROMPTS[p] for p in POSES]
    outcome = intake.enroller.enrol(intake.new("Ada"), guide.taken)
    assert (outcome.added, outcome.poses) == (5, POSES)


def test_a_pose_must_be_held(intake: Intake) -> None:
    restless = [*held("front", 2), *held("left", 1), *held("front", 2), *held("right", 1)]
    guide, _ = capture(intake, restless, poses=("front",))
    assert guide.taken == []
    assert guide.skipped == ["front"]


def test_what_is_wrong_is_said_once_while_it_lasts(intake: Intake) -> None:
    pictures = [*[picture()] * 4, *[portrait(RED, size=30)] * 3, *held("front")]
    guide, said = capture(intake, pictures, poses=("front",))
    assert len(guide.taken) == 1
    assert [sentence.split(".")[0] for sentence in said] == [
        "Look straight into the camera",
        "No face was found",
        "The face is too small",
        "Got it (1 of 1)",
    ]


@pytest.mark.slow
def test_a_pose_that_nobody_holds_is_given_up_and_the_next_one_comes(intake: Intake) -> None:
    twenty_one_seconds = held("front", 212)
    guide, _ = capture(intake, [*twenty_one_seconds, *held("right")], poses=("left", "right"))
    assert guide.skipped == ["left"]
    assert [picture.what for picture in guide.taken] == ["camera, right"]


def test_the_best_of_the_held_frames_is_taken(intake: Intake) -> None:
    pictures = [portrait(RED, size=size) for size in (90, 140, 100)]
    guide, _ = capture(intake, pictures, poses=("front",))
    assert np.array_equal(guide.taken[0].pixels, pictures[1])


def test_somebody_else_in_between_is_found_out_at_enrolment(intake: Intake) -> None:
    pictures = [*held("front"), *held("left"), *[portrait(GREEN, *PLACES["right"])] * 3]
    guide, _ = capture(intake, pictures, poses=("front", "left", "right"))
    outcome = intake.enroller.enrol(intake.new("Ada"), guide.taken)
    assert outcome.added == 2
    assert [(r.what, r.code) for r in outcome.refused] == [("camera, right", "not_like_the_others")]


def test_a_camera_that_ends_leaves_what_was_taken(intake: Intake) -> None:
    guide, _ = capture(intake, held("front"))
    assert len(guide.taken) == 1
    assert guide.skipped == ["left", "right", "up", "down"]


def test_a_browser_is_guided_frame_by_frame_by_the_same_rules(intake: Intake) -> None:
    rules, state, outcomes = CaptureRules(poses=("front", "left")), GuidedState(), []
    frames = [*held("front", 2), picture(), *held("front"), *held("left")]
    for number, pixels in enumerate(frames):
        found = intake.sampler.examine(Picture("frame", str(number), pixels))
        step = look(state, found, START + timedelta(seconds=number), rules)
        outcomes.append(step.outcome.value)
        state = step.state
    assert outcomes == ["held", "held", "missed", *["held", "held", "taken"] * 2]
    assert state == GuidedState(2)


def test_a_pose_is_skipped_after_the_patience_and_the_hint_tells_what_was_wrong() -> None:
    wrong = EnrolmentRefused("frame", "too_dark", "The face is too dark.")
    state = GuidedState(0, (50,), START)
    step = look(state, wrong, START + timedelta(seconds=21), CaptureRules())
    assert (step.outcome, step.state, step.refused) == (Outcome.SKIPPED, GuidedState(1), wrong)
