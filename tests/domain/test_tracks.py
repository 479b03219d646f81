from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from rollbook.domain.gallery import Gallery
from rollbook.domain.identification import (
    Doubt,
    Identified,
    OperatingPoint,
    ProbeKind,
    Unidentified,
)
from rollbook.domain.templates import Template, TemplateSpace, unit_rows
from rollbook.domain.tracks import TrackEvidence, TrackRules, TrackSample

SPACE = TemplateSpace("test", "0123456789ab", 4)
POINT = OperatingPoint(0.6, 0.05, ProbeKind.TRACK, SPACE, 0.001, 3, "test")
AXES = np.eye(4, dtype=np.float32)
GALLERY = Gallery(SPACE, ["a", "b", "c"], AXES[:3])
START = datetime(2026, 3, 2, 8, tzinfo=UTC)


def seen(*shares: tuple[float, float, float, float]) -> TrackEvidence:
    """Return the evidence of frames that look like a, b, c and nobody in these shares."""
    evidence = TrackEvidence(TrackRules())
    for number, share in enumerate(shares):
        template = Template(unit_rows(np.array([share]))[0], SPACE)
        at = START + timedelta(milliseconds=100 * number)
        best = GALLERY.search(template)[0]
        evidence.add(TrackSample(template, 1.0, at, best))
    return evidence


A, B, NOBODY = (1.0, 0.1, 0.0, 0.3), (0.1, 1.0, 0.0, 0.3), (0.2, 0.1, 0.0, 1.0)


def test_agreeing_frames_name_somebody() -> None:
    decision = seen(A, A, A).decide(GALLERY, POINT)
    assert isinstance(decision, Identified)
    assert (decision.subject_id, decision.frames) == ("a", 3)


def test_fewer_than_the_agreeing_frames_decide_nothing() -> None:
    assert seen(A).decide(GALLERY, POINT) is None
    assert seen(A, A).decide(GALLERY, POINT) is None


def test_one_perfect_frame_never_carries_the_others() -> None:
    lucky = (1.0, 0.0, 0.0, 0.0)
    for others in range(2, 8):
        decision = seen(lucky, *[NOBODY] * others).decide(GALLERY, POINT)
        assert not isinstance(decision, Identified)


def test_frames_of_two_people_name_neither() -> None:
    decision = seen(A, B, A, B, A, B, A, B).decide(GALLERY, POINT)
    assert isinstance(decision, Unidentified)
    assert decision.doubt in {Doubt.FRAMES_DISAGREE, Doubt.AMBIGUOUS}


def test_a_stranger_is_unknown_when_the_budget_is_spent_and_not_before() -> None:
    budget = TrackRules().budget
    assert seen(*[NOBODY] * (budget - 1)).decide(GALLERY, POINT) is None
    decision = seen(*[NOBODY] * budget).decide(GALLERY, POINT)
    assert isinstance(decision, Unidentified)
    assert decision.doubt is Doubt.BELOW_THRESHOLD


def test_samples_too_near_in_time_or_beyond_the_budget_are_not_wanted() -> None:
    evidence = seen(A)
    assert not evidence.wants(START + timedelta(milliseconds=10))
    assert evidence.wants(START + timedelta(milliseconds=70))
    assert not seen(*[A] * TrackRules().budget).wants(START + timedelta(seconds=9))


def test_rules_that_would_let_one_frame_decide_are_refused() -> None:
    with pytest.raises(ValueError, match="agreeing"):
        TrackRules(agreeing=1)
    with pytest.raises(ValueError, match="budget"):
        TrackRules(agreeing=4, budget=3)
