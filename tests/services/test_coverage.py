"""Advice about samples: the first thing that helps comes first."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from builders import NOW, make_reference
from rollbook.services.coverage import Advice, Light, coverage_of

LATER = NOW + timedelta(days=1)


def test_without_samples_the_first_one_is_asked_for() -> None:
    found = coverage_of([], [], LATER)
    assert found.advice == (Advice.ADD_FIRST,)
    assert set(found.poses.values()) == {0}


def test_poses_number_and_light_are_judged() -> None:
    one = make_reference("a" * 32)
    assert coverage_of([one], [100.0], LATER).advice == (Advice.ADD_MORE, Advice.ADD_SIDES)
    sides = [one, replace(one, pose="left"), replace(one, pose="right")]
    assert coverage_of(sides, [60.0, 61.0, 62.0], LATER).advice == (Advice.OTHER_LIGHT,)
    found = coverage_of(sides, [60.0, 120.0, None], LATER)
    assert found.advice == ()
    assert found.lights == {Light.DIM: 1, Light.MIDDLE: 1, Light.BRIGHT: 0}


def test_old_and_poor_pictures_are_to_be_renewed() -> None:
    poor = replace(make_reference("a" * 32), quality=20)
    samples = [poor, replace(poor, pose="left"), replace(poor, pose="right")]
    found = coverage_of(samples, [None, None, None], NOW + timedelta(days=800))
    assert found.advice == (Advice.BETTER, Advice.RENEW)
