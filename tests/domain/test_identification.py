from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbook.domain.evidence import evidence_of
from rollbook.domain.gallery import Candidate, Cohort
from rollbook.domain.identification import (
    LOOK_ALIKE_FACTOR,
    Calibration,
    Doubt,
    Identified,
    ProbeKind,
    Unidentified,
    decide,
)
from rollbook.domain.templates import TemplateSpace

SPACE = TemplateSpace("test", "0123456789ab", 8)
CALIBRATION = Calibration(
    SPACE, ProbeKind.SINGLE, (0.0, -6.0, -14.0), (0.1, 0.4), 0.05, "test", Cohort(0.0, 0.1, 800)
)
POINT = dataclasses.replace(CALIBRATION.operating_point(0.001, 100), threshold=0.4, margin=0.05)
rates = st.floats(1e-5, 0.4)
sizes = st.integers(1, 100_000)


def test_the_rate_within_the_fitted_range_is_the_curve() -> None:
    assert CALIBRATION.fmr(0.2) == pytest.approx(10 ** (-6.0 * 0.2 - 14.0 * 0.04))


def test_the_rate_beyond_it_goes_on_as_the_tangent() -> None:
    slope = -6.0 - 2 * 14.0 * 0.4
    assert CALIBRATION.fmr(0.5) == pytest.approx(CALIBRATION.fmr(0.4) * 10 ** (0.1 * slope))
    assert CALIBRATION.fmr(-1.0) == 1.0


def test_a_stranger_is_compared_with_everybody_in_the_gallery() -> None:
    fmr = CALIBRATION.fmr(0.3)
    assert CALIBRATION.fpir(0.3, 1) == pytest.approx(fmr)
    assert CALIBRATION.fpir(0.3, 244) == pytest.approx(1 - (1 - fmr) ** 244)


@given(st.floats(-1, 1), st.floats(0, 1), sizes)
def test_a_higher_threshold_never_lets_more_strangers_through(
    threshold: float, step: float, size: int
) -> None:
    higher = min(1.0, threshold + step)
    assert CALIBRATION.fpir(higher, size) <= CALIBRATION.fpir(threshold, size) + 1e-12


@given(rates, rates, sizes, sizes)
def test_stricter_targets_and_larger_galleries_never_lower_the_threshold(
    one: float, other: float, small: int, large: int
) -> None:
    strict, loose = sorted((one, other))
    small, large = sorted((small, large))
    assert (
        CALIBRATION.operating_point(strict, large).threshold
        >= CALIBRATION.operating_point(loose, small).threshold - 1e-9
    )


@given(rates, sizes)
def test_the_operating_point_keeps_the_target(target: float, size: int) -> None:
    point = CALIBRATION.operating_point(target, size)
    assert CALIBRATION.fpir(point.threshold, size) <= target * (1 + 1e-9)
    assert CALIBRATION.fpir(point.threshold - 1e-6, size) > target or point.threshold <= -1 + 1e-9
    assert (point.target_fpir, point.gallery_size) == (target, size)


@given(st.floats(-0.5, 0.5), st.floats(0.01, 0.5))
def test_a_roster_never_lowers_the_threshold(mean: float, deviation: float) -> None:
    plain = CALIBRATION.operating_point(0.001, 30)
    raised = CALIBRATION.operating_point(0.001, 30, Cohort(mean, deviation, 30))
    assert plain.threshold <= raised.threshold <= 1.0
    assert raised.raised == pytest.approx(raised.threshold - plain.threshold)


def test_a_roster_that_looks_alike_raises_the_threshold_by_as_much() -> None:
    plain = CALIBRATION.operating_point(0.001, 30).threshold
    alike = CALIBRATION.operating_point(0.001, 30, Cohort(0.08, 0.12, 30)).threshold
    assert alike == pytest.approx(0.08 + plain * 1.2)


def test_a_calibration_without_its_people_takes_no_roster_into_account() -> None:
    bare = dataclasses.replace(CALIBRATION, cohort=None)
    assert bare.operating_point(0.001, 30, Cohort(0.2, 0.2, 30)).raised == 0.0


@pytest.mark.parametrize("target", [0.0, 1.0, -0.1])
def test_a_target_that_is_no_rate_is_refused(target: float) -> None:
    with pytest.raises(ValueError, match="target_fpir"):
        CALIBRATION.operating_point(target, 10)


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        ([], Doubt.EMPTY_GALLERY),
        ([0.399], Doubt.BELOW_THRESHOLD),
        ([0.5, 0.46], Doubt.AMBIGUOUS),
        ([0.4], "a"),
        ([0.5, 0.44, 0.1], "a"),
    ],
)
def test_only_a_clear_best_above_the_threshold_is_named(
    scores: list[float], expected: Doubt | str
) -> None:
    candidates = [Candidate(name, s) for name, s in zip("abc", scores, strict=False)]
    decision = decide(candidates, POINT)
    match decision:
        case Identified(subject_id=subject_id):
            assert subject_id == expected
        case Unidentified(doubt=doubt):
            assert doubt == expected
    assert decision.candidates == tuple(candidates)


def test_look_alikes_need_a_larger_margin() -> None:
    near = 0.5 - POINT.margin * LOOK_ALIKE_FACTOR
    pair = frozenset({frozenset({"a", "c"})})
    candidates = [Candidate("a", 0.5), Candidate("b", 0.44), Candidate("c", near + 0.01)]
    assert isinstance(decide(candidates, POINT), Identified)
    doubted = decide(candidates, POINT, look_alikes=pair)
    assert isinstance(doubted, Unidentified)
    assert doubted.doubt is Doubt.AMBIGUOUS


def test_a_name_says_which_margin_its_runner_up_asked_for() -> None:
    pair = frozenset({frozenset({"a", "b"})})
    candidates = [Candidate("a", 0.8), Candidate("b", 0.5), Candidate("c", 0.4)]
    plain, careful = decide(candidates, POINT), decide(candidates, POINT, look_alikes=pair)
    assert isinstance(plain, Identified) and plain.needed == POINT.margin
    assert isinstance(careful, Identified) and careful.needed == LOOK_ALIKE_FACTOR * POINT.margin
    assert evidence_of(careful).required_margin == pytest.approx(0.1)


def test_the_evidence_says_how_much_a_roster_that_looks_alike_raised_the_threshold() -> None:
    point = CALIBRATION.operating_point(0.001, 40, Cohort(0.1, 0.15, 40))
    decision = decide([Candidate("a", 1.0)], point)
    assert isinstance(decision, Identified) and point.raised > 0
    evidence = evidence_of(decision)
    plain = CALIBRATION.operating_point(0.001, 40).threshold
    assert evidence.threshold - evidence.raised == pytest.approx(plain, abs=2e-4)
