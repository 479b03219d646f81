"""Which samples belong together, and from which scores people are told apart."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbook.domain.enrolment import INTAKE_TEXT, IntakeRefusal, agreeing, levels_of
from rollbook.domain.identification import Calibration, ProbeKind
from rollbook.domain.templates import TemplateSpace, unit_rows
from rollbook.errors import ModelUnavailable

SPACE = TemplateSpace("test", "0" * 12, 4)
EMPTY = np.empty((0, 4), dtype=np.float32)
CALIBRATION = Calibration(SPACE, ProbeKind.SINGLE, (-1.0, -8.0, 0.0), (0.0, 0.8), 0.05, "invented")


def rows(*vectors: tuple[float, ...]) -> np.ndarray:
    return unit_rows(np.array(vectors, dtype=np.float32))


A, NEARLY_A, B, NEARLY_B = (1, 0, 0, 0), (1, 0.2, 0, 0), (0, 0, 1, 0), (0, 0, 1, 0.2)


def test_nothing_agrees_with_nothing() -> None:
    assert agreeing(EMPTY, 0.5).tolist() == []


def test_a_single_sample_agrees_with_itself() -> None:
    assert agreeing(rows(A), 0.5).tolist() == [True]


def test_the_odd_one_is_found() -> None:
    assert agreeing(rows(A, B, NEARLY_A), 0.9).tolist() == [True, False, True]


def test_of_two_that_disagree_neither_counts() -> None:
    assert agreeing(rows(A, B), 0.9).tolist() == [False, False]


def test_of_two_equal_halves_neither_counts() -> None:
    assert not agreeing(rows(A, NEARLY_A, B, NEARLY_B), 0.9).any()


def test_what_is_enrolled_already_decides() -> None:
    assert agreeing(rows(A, NEARLY_A, B), 0.9, rows(NEARLY_B)).tolist() == [False, False, True]


def test_a_chain_holds_a_turning_head_together() -> None:
    turning = rows((1, 0, 0, 0), (1, 0.8, 0, 0), (1, 3, 0, 0), (0, 1, 0, 0))
    assert float(turning[0] @ turning[3]) < 0.5
    assert agreeing(turning, 0.7).all()


@given(
    st.lists(st.sampled_from([A, NEARLY_A, B, NEARLY_B, (0, 1, 0, 0)]), min_size=1, max_size=9),
    st.randoms(use_true_random=False),
)
def test_the_order_of_pictures_does_not_matter(vectors: list, random: object) -> None:
    order = list(range(len(vectors)))
    random.shuffle(order)  # type: ignore[attr-defined]
    found = agreeing(rows(*vectors), 0.9)
    shuffled = agreeing(rows(*(vectors[i] for i in order)), 0.9)
    assert shuffled.tolist() == [found[i] for i in order]


def test_levels_rise_with_the_number_of_people_and_lie_in_order() -> None:
    few = levels_of({ProbeKind.SINGLE: CALIBRATION}, SPACE, 0.001, 10)
    many = levels_of({ProbeKind.SINGLE: CALIBRATION}, SPACE, 0.001, 10_000)
    assert few.duplicate < many.duplicate
    assert few.agree == many.agree
    for levels in (few, many):
        assert levels.look_alike < levels.duplicate


def test_whoever_would_be_named_at_the_sites_threshold_is_a_possible_duplicate() -> None:
    levels = levels_of({ProbeKind.SINGLE: CALIBRATION}, SPACE, 0.001, 500)
    assert levels.duplicate == CALIBRATION.operating_point(0.001, 500).threshold


def test_a_site_that_has_just_begun_is_not_full_of_look_alikes() -> None:
    calibrations = {ProbeKind.SINGLE: CALIBRATION}
    begun, small = (levels_of(calibrations, SPACE, 0.001, people) for people in (1, 50))
    assert begun == small


def test_an_embedder_without_calibration_enrols_nobody() -> None:
    with pytest.raises(ModelUnavailable, match="rollbook evaluate calibrate"):
        levels_of({}, SPACE, 0.001, 10)


def test_every_refusal_has_a_sentence() -> None:
    assert set(INTAKE_TEXT) == set(IntakeRefusal)
