"""Fit a calibration: how often do two different people reach a score.

All templates of different people are compared, once in each direction (as reference and as
probe). Each pair of people weighs the same, however many pictures they have. The curve is
log10 FMR = c0 + c1 t + c2 t^2, least squares over equally spaced thresholds between the scores
that 10 % and 0.001 % of the comparisons reach; beyond it goes on as its tangent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rollbook.domain.gallery import COHORT_MIN, Cohort, Gallery
from rollbook.domain.identification import Calibration, ProbeKind
from rollbook.domain.templates import TemplateSpace, unit_rows
from rollbook.errors import InvalidInput

Rows = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]
Names = npt.NDArray[np.str_]

FITTED_FMR = (1e-1, 1e-5)
STEPS = 60
MIN_PEOPLE = 40
MIN_SPREAD = 0.01  # of scores, below which there is nothing to fit
MARGINS = {ProbeKind.SINGLE: 0.54, ProbeKind.TRACK: 0.43}  # in deviations of strangers' scores
FUSED = 3  # pictures of a person that stand in for the frames of a track: the fewest that decide
FUSIONS = 4  # different choices of them a person


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """Templates of known people: as a gallery would keep them, and as probes would come."""

    references: Rows  # (n, d) unit rows
    probes: Rows  # (n, d) unit rows of the same pictures
    people: Names  # (n,)

    def __len__(self) -> int:
        return len(self.people)

    @property
    def names(self) -> list[str]:
        return sorted(set(self.people.tolist()))

    def of(self, names: Sequence[str]) -> Samples:
        """Return the part that shows these people."""
        chosen = np.isin(self.people, list(names))
        return Samples(self.references[chosen], self.probes[chosen], self.people[chosen])


@dataclass(frozen=True, slots=True, eq=False)
class Comparisons:
    """Scores between different people, highest first, with the part of all that reaches each."""

    scores: Floats
    fmr: Floats  # 0..1, rising
    pairs: int  # pairs of people

    def threshold(self, fmr: float) -> float:
        return float(self.scores[min(int(np.searchsorted(self.fmr, fmr)), len(self.scores) - 1)])


def compare(references: Rows, owners: Names, probes: Rows, shown: Names) -> Comparisons:
    """Compare each probe with each reference of another person."""
    scores = references @ probes.T
    different = owners[:, None] != shown[None]
    weight = (1.0 / _counts(owners))[:, None] * (1.0 / _counts(shown))[None]
    flat, weights = scores[different].astype(np.float64), weight[different]
    order = np.argsort(-flat, kind="stable")
    reached = np.cumsum(weights[order]) / weights.sum()
    pairs = len({tuple(sorted(pair)) for pair in _pairs(owners, shown)})
    return Comparisons(flat[order], reached, pairs)


def comparisons(samples: Samples, kind: ProbeKind, seed: int = 0) -> Comparisons:
    """Return the comparisons of one kind of probe.

    A track is several pictures of one person, fused: pictures of different days differ more
    than the frames of one pass, so their fused scores spread more, which is the safe side.
    """
    if kind is ProbeKind.SINGLE:
        return compare(samples.references, samples.people, samples.probes, samples.people)
    probes, shown = fused(samples.probes, samples.people, np.random.default_rng(seed))
    if not len(probes):
        raise InvalidInput(
            f"Nobody has {FUSED} pictures, so tracks cannot be calibrated. Add pictures of the "
            "same people."
        )
    return compare(samples.references, samples.people, probes, shown)


def fused(rows: Rows, people: Names, rng: np.random.Generator) -> tuple[Rows, Names]:
    """Return means of FUSED different pictures of a person, and whom they show."""
    means, shown = [], []
    for person in sorted(set(people.tolist())):
        own = np.flatnonzero(people == person)
        if len(own) < FUSED:
            continue
        for _ in range(FUSIONS):
            means.append(rows[rng.choice(own, FUSED, replace=False)].mean(axis=0))
            shown.append(person)
    empty = np.empty((0, rows.shape[1]), dtype=np.float32)
    return (unit_rows(np.stack(means)) if means else empty), np.array(shown, dtype=np.str_)


def fit(
    found: Comparisons, space: TemplateSpace, kind: ProbeKind, cohort: Cohort | None, evidence: str
) -> Calibration:
    """Return the curve through the comparisons."""
    floor = max(FITTED_FMR[1], 20 / len(found.scores))  # fewer comparisons would be chance
    low, high = found.threshold(FITTED_FMR[0]), found.threshold(floor)
    if high - low < MIN_SPREAD:
        raise _no_curve()
    thresholds = np.linspace(low, high, STEPS)
    ranks = np.searchsorted(-found.scores, -thresholds, side="right") - 1
    c2, c1, c0 = np.polyfit(thresholds, np.log10(found.fmr[ranks]), 2)
    if c1 + 2 * c2 * low >= 0 or c1 + 2 * c2 * high >= 0:
        raise _no_curve()
    coefficients = (round(float(c0), 6), round(float(c1), 6), round(float(c2), 6))
    valid = (round(low, 4), round(high, 4))
    margin = round(MARGINS[kind] * float(found.scores.std()), 3)
    return Calibration(space, kind, coefficients, valid, margin, evidence, cohort)


def _no_curve() -> InvalidInput:
    return InvalidInput(
        "The comparisons do not give a falling curve: too few people, or pictures of one person "
        "under several names."
    )


def cohort_of(samples: Samples, space: TemplateSpace) -> Cohort | None:
    """Return how alike these people look, one reference each."""
    return Gallery(space, samples.people.tolist(), samples.references).cohort()


def require_people(samples: Samples) -> None:
    """Raise InvalidInput unless there are enough people for a curve."""
    count = len(samples.names)
    if count < max(MIN_PEOPLE, 2 * COHORT_MIN):
        raise InvalidInput(
            f"A calibration needs pictures of at least {MIN_PEOPLE} different people; "
            f"faces of {count} were found."
        )


def split(samples: Samples, seed: int = 0) -> tuple[Samples, Samples]:
    """Return two halves without a person in common."""
    names = np.random.default_rng(seed).permutation(samples.names)
    return samples.of(names[::2].tolist()), samples.of(names[1::2].tolist())


def _counts(people: Names) -> Floats:
    counted = dict(zip(*np.unique(people, return_counts=True), strict=True))
    return np.array([counted[person] for person in people], dtype=np.float64)


def _pairs(owners: Names, shown: Names) -> list[tuple[str, str]]:
    seen = sorted(set(shown.tolist()))
    return [(one, two) for one in sorted(set(owners.tolist())) for two in seen if one != two]


@dataclass(frozen=True, slots=True)
class Check:
    """One comparison of the promised with the measured rate, on people the curve never saw."""

    gallery: int
    target_fpir: float
    threshold: float
    measured_fpir: float
    searches: int


def check(
    calibration: Calibration,
    samples: Samples,
    sizes: Sequence[int],
    targets: Sequence[float],
    repeats: int = 20,
) -> list[Check]:
    """Search for people outside of random galleries, and count who gets some identity.

    Each search uses one probe of a person who is not in the gallery; the margin over the
    runner-up, which lowers the rate further, is left out.
    """
    probes, shown = samples.probes, samples.people
    if calibration.kind is ProbeKind.TRACK:
        probes, shown = fused(probes, shown, np.random.default_rng(1))
    rng = np.random.default_rng(2)
    checks = []
    for size in (size for size in sizes if size <= 0.9 * len(samples.names)):
        tops = np.concatenate(
            [_strangers_tops(samples, probes, shown, size, rng) for _ in range(repeats)]
        )
        for target in targets:
            point = calibration.operating_point(target, size)
            reached = float((tops >= point.threshold).mean())
            checks.append(Check(size, target, point.threshold, reached, len(tops)))
    return checks


def _strangers_tops(
    samples: Samples, probes: Rows, shown: Names, size: int, rng: np.random.Generator
) -> Floats:
    """Return the best score of one probe of each person outside of a random gallery."""
    names = rng.permutation(samples.names)
    gallery = samples.references[_one_each(samples.people, names[:size].tolist(), rng)]
    strangers = probes[_one_each(shown, names[size:].tolist(), rng)]
    return np.asarray((strangers @ gallery.T).max(axis=1), dtype=np.float64)


def _one_each(people: Names, names: Sequence[str], rng: np.random.Generator) -> list[int]:
    own = (np.flatnonzero(people == name) for name in names)
    return [int(rng.choice(rows)) for rows in own if len(rows)]
