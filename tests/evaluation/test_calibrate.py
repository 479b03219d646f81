from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest

from rollbook.domain.identification import ProbeKind
from rollbook.domain.templates import TemplateSpace, unit_rows
from rollbook.errors import InvalidInput
from rollbook.evaluation import calibration_run
from rollbook.evaluation.calibrate import (
    FUSED,
    MARGINS,
    Samples,
    check,
    cohort_of,
    compare,
    comparisons,
    fit,
    fused,
    require_people,
    split,
)
from rollbook.evaluation.calibration_run import CHECKED_TARGETS, calibrate

SPACE = TemplateSpace("test", "0123456789ab", 48)


def people(count: int, pictures: int = 3, seed: int = 0) -> Samples:
    """Return invented people whose pictures lie near them on the sphere."""
    rng = np.random.default_rng(seed)
    middles = np.repeat(rng.standard_normal((count, SPACE.dimension)), pictures, axis=0)
    rows = unit_rows(middles + 0.4 * rng.standard_normal(middles.shape))
    names = np.repeat([f"p{number:03}" for number in range(count)], pictures)
    return Samples(rows, rows, names)


def test_only_different_people_are_compared_and_pairs_weigh_the_same() -> None:
    rows = unit_rows(np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]))
    names = np.array(["a", "a", "b", "c"])
    found = compare(rows, names, rows, names)
    assert found.pairs == 3
    assert len(found.scores) == 10
    # a with c and b with c score 0.707, a with b 0: two of three pairs, however many pictures
    assert found.fmr[np.searchsorted(-found.scores, -0.5) - 1] == pytest.approx(2 / 3)
    assert found.fmr[-1] == pytest.approx(1.0)


def test_fused_probes_show_people_with_enough_pictures() -> None:
    samples = people(3, pictures=FUSED)
    rows, shown = fused(samples.probes, samples.people, np.random.default_rng(0))
    assert set(shown.tolist()) == set(samples.names)
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1.0, atol=1e-5)
    few = people(3, pictures=FUSED - 1)
    assert len(fused(few.probes, few.people, np.random.default_rng(0))[0]) == 0
    with pytest.raises(InvalidInput, match="tracks"):
        comparisons(few, ProbeKind.TRACK)


def test_the_curve_follows_what_was_measured() -> None:
    samples = people(150)
    found = comparisons(samples, ProbeKind.SINGLE)
    curve = fit(found, SPACE, ProbeKind.SINGLE, cohort_of(samples, SPACE), "invented people")
    for rate in (1e-1, 1e-2, 1e-3):
        assert curve.fmr(found.threshold(rate)) == pytest.approx(rate, rel=0.35)
    assert curve.margin == pytest.approx(MARGINS[ProbeKind.SINGLE] * found.scores.std(), abs=1e-3)
    assert curve.cohort is not None
    rates = [curve.fmr(threshold) for threshold in np.linspace(-1, 1, 100)]
    assert all(b <= a for a, b in itertools.pairwise(rates))


def test_halves_have_nobody_in_common() -> None:
    one, other = split(people(41))
    assert not set(one.names) & set(other.names)
    assert len(one) + len(other) == 41 * 3


def test_the_promise_is_kept_on_people_that_the_curve_never_saw(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(calibration_run, "SPLITS", 1)
    for kind, found in calibrate(people(160), SPACE, "invented").items():
        assert found.calibration.evidence.startswith("invented: 160 people, 480 pictures")
        assert {made.target_fpir for made in found.checks} == set(CHECKED_TARGETS)
        for made in found.checks:
            sure = 3 * np.sqrt(made.target_fpir / 160)  # as many people as there are
            assert made.measured_fpir <= 2 * made.target_fpir + sure, (kind, made)
            assert made.searches > 100


def test_a_curve_that_promises_too_much_is_seen_through() -> None:
    samples = people(100)
    found = comparisons(samples, ProbeKind.SINGLE)
    honest = fit(found, SPACE, ProbeKind.SINGLE, None, "invented")
    c0, c1, c2 = honest.coefficients
    boastful = dataclasses.replace(honest, coefficients=(c0 - 2, c1, c2))
    (made,) = check(boastful, samples, [50], [0.01])
    assert made.measured_fpir > 0.1


def test_too_few_people_are_refused() -> None:
    with pytest.raises(InvalidInput, match="at least 40"):
        require_people(people(39))
    require_people(people(40))


def test_one_person_under_many_names_gives_no_curve() -> None:
    rows = np.repeat(unit_rows(np.ones((1, SPACE.dimension))), 150, axis=0)
    same = Samples(rows, rows, np.array([f"p{number}" for number in range(150)]))
    with pytest.raises(InvalidInput, match="falling curve"):
        fit(comparisons(same, ProbeKind.SINGLE), SPACE, ProbeKind.SINGLE, None, "")
