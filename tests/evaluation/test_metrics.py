from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from rollbook.evaluation.metrics import (
    DetectionPoint,
    Rate,
    best_threshold,
    clopper_pearson,
    fnir_at,
    folded_accuracy,
    recall_at_precision,
    threshold_at_fpir,
)

scores = hnp.arrays(np.float64, st.integers(1, 60), elements=st.floats(-1, 1, width=32))


def test_a_rate_of_nothing_is_nothing_and_could_be_anything() -> None:
    assert Rate(0, 0).value == 0.0
    assert Rate(0, 0).interval == (0.0, 1.0)


@pytest.mark.parametrize(
    ("count", "trials", "low", "high"),
    # from published tables of exact binomial limits
    [(0, 583, 0.0, 0.0063), (2, 583, 0.0004, 0.0123), (5, 10, 0.1871, 0.8129), (3, 3, 0.2924, 1)],
)
def test_intervals_are_the_exact_ones(count: int, trials: int, low: float, high: float) -> None:
    assert clopper_pearson(count, trials) == pytest.approx((low, high), abs=1e-4)


@given(st.integers(0, 50), st.integers(1, 50))
def test_an_interval_holds_its_rate(count: int, trials: int) -> None:
    count = min(count, trials)
    low, high = Rate(count, trials).interval
    assert 0 <= low <= count / trials <= high <= 1


def test_the_threshold_lets_as_many_strangers_through_as_allowed() -> None:
    strangers = np.array([0.1, 0.5, 0.3, 0.4])
    assert (strangers >= threshold_at_fpir(strangers, 0.25)).sum() == 1
    assert (strangers >= threshold_at_fpir(strangers, 0.24)).sum() == 0
    assert threshold_at_fpir(strangers, 1.0) == -1.0
    assert threshold_at_fpir(np.array([]), 0.01) == -1.0
    assert threshold_at_fpir(np.full(3, -np.inf), 0.01) == -1.0


@given(scores, st.sampled_from([0.001, 0.003, 0.01, 0.1, 0.5]))
def test_no_lower_threshold_would_keep_the_rate(strangers: np.ndarray, fpir: float) -> None:
    threshold = threshold_at_fpir(strangers, fpir)
    allowed = fpir * len(strangers) + 1e-9
    assert (strangers >= threshold).sum() <= allowed
    assert (strangers >= np.nextafter(threshold, -np.inf)).sum() > allowed or threshold == -1.0


def test_a_mated_search_misses_below_the_threshold_and_behind_another() -> None:
    own = np.array([0.9, 0.9, 0.2, -np.inf])
    first = np.array([True, False, True, False])
    assert fnir_at(own, first, 0.5) == Rate(3, 4)
    assert fnir_at(own, first, 0.2) == Rate(2, 4)


def test_the_best_threshold_separates_what_can_be_separated() -> None:
    found = best_threshold(np.array([0.1, 0.2, 0.8, 0.9]), np.array([False, False, True, True]))
    assert 0.2 < found <= 0.8


@given(scores, st.randoms(use_true_random=False))
def test_no_threshold_is_better_than_the_best(values: np.ndarray, random: object) -> None:
    same = np.array([random.random() < 0.5 for _ in values])  # type: ignore[attr-defined]
    best = ((values >= best_threshold(values, same)) == same).mean()
    for threshold in [*values, 2.0]:
        assert ((values >= threshold) == same).mean() <= best + 1e-12


def test_folds_are_judged_with_the_thresholds_of_the_others() -> None:
    values = np.tile([0.9, 0.1], 20)
    same = np.tile([True, False], 20)
    assert folded_accuracy(values, same).tolist() == [1.0] * 10
    values[0] = -np.inf  # a face that was not found: one of the four pairs of one fold
    assert sorted(folded_accuracy(values, same))[0] == pytest.approx(0.75)


def test_recall_counts_all_faces_and_precision_all_detections() -> None:
    point = recall_at_precision([0.9, 0.8, 0.7, 0.6], [True, True, False, True], 5, 0.95)
    assert point == DetectionPoint(0.4, 1.0, 0.8)
    point = recall_at_precision([0.9, 0.8, 0.7, 0.6], [True, True, False, True], 5, 0.75)
    assert point == DetectionPoint(0.6, 0.75, 0.6)


def test_no_detection_is_precise_and_finds_nothing() -> None:
    assert recall_at_precision([], [], 5, 0.95).recall == 0.0
    assert recall_at_precision([0.9], [False], 5, 0.95).recall == 0.0
