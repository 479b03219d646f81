"""Error rates as ISO/IEC 19795-1 counts them, with intervals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Rate:
    """A share of trials with its 95 % interval (Clopper-Pearson, exact)."""

    count: int
    trials: int

    @property
    def value(self) -> float:
        """Return the share, 0..1; 0 when there were no trials."""
        return self.count / self.trials if self.trials else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """Return the two ends within which the true rate lies 19 times out of 20."""
        return clopper_pearson(self.count, self.trials)


def clopper_pearson(count: int, trials: int, confidence: float = 0.95) -> tuple[float, float]:
    """Return the exact interval of a binomial share; (0, 1) when there were no trials.

    >>> low, high = clopper_pearson(0, 100)
    >>> low, round(high, 4)
    (0.0, 0.0362)
    """
    from scipy.stats import beta  # slow to import

    if trials == 0:
        return 0.0, 1.0
    tail = (1 - confidence) / 2
    low = float(beta.ppf(tail, count, trials - count + 1)) if count else 0.0
    high = float(beta.ppf(1 - tail, count + 1, trials - count)) if count < trials else 1.0
    return low, high


def threshold_at_fpir(stranger_scores: Floats, fpir: float) -> float:
    """Return the lowest threshold that at most the share `fpir` of these best scores reach.

    `stranger_scores` holds one best score a non-mated search, -inf where no face was found.

    >>> threshold_at_fpir(np.array([0.1, 0.2, 0.3, 0.4]), 0.25) > 0.3
    True
    """
    allowed = math.floor(fpir * len(stranger_scores) + 1e-9)
    if allowed >= len(stranger_scores):
        return -1.0
    first_refused = np.sort(stranger_scores)[::-1][allowed]
    if first_refused == -np.inf:
        return -1.0
    return float(np.nextafter(first_refused, np.inf))


def fnir_at(own_scores: Floats, own_first: Bools, threshold: float) -> Rate:
    """Return how many mated searches miss: another person is first, or the score too low.

    `own_scores` is the score with the person's own references, -inf where there was none.
    """
    found = own_first & (own_scores >= threshold)
    return Rate(int(len(own_scores) - found.sum()), len(own_scores))


def best_threshold(scores: Floats, same: Bools) -> float:
    """Return the threshold with the most right answers; the lowest one of several."""
    order = np.argsort(scores, kind="stable")
    ranked, truth = scores[order], same[order]
    # cutting before position i calls all from i on the same person
    right = np.concatenate([[0], np.cumsum(~truth)]) + np.concatenate(
        [np.cumsum(truth[::-1])[::-1], [0]]
    )
    cuts = np.concatenate([[-np.inf], (ranked[:-1] + ranked[1:]) / 2, [np.inf]])
    usable = np.concatenate([[True], ranked[1:] > ranked[:-1], [True]])
    return float(cuts[np.where(usable, right, -1).argmax()])


def folded_accuracy(scores: Floats, same: Bools, folds: int = 10) -> Floats:
    """Return the accuracy of each fold with the threshold that is best for the others.

    Pairs are dealt out in turn, those of the same and of different people each by themselves,
    so that every fold holds the same shares. A score of -inf is a face that was not found.
    """
    fold = np.empty(len(scores), dtype=np.intp)
    for kind in (True, False):
        members = np.flatnonzero(same == kind)
        fold[members] = np.arange(len(members)) % folds
    accuracies = []
    for number in range(folds):
        test = fold == number
        if not test.any():
            continue
        threshold = best_threshold(scores[~test], same[~test])
        accuracies.append(float(((scores[test] >= threshold) == same[test]).mean()))
    return np.array(accuracies)


@dataclass(frozen=True, slots=True)
class DetectionPoint:
    """Recall and precision at one detector score."""

    recall: float
    precision: float
    min_score: float


def recall_at_precision(
    scores: Sequence[float], correct: Sequence[bool], faces: int, precision: float
) -> DetectionPoint:
    """Return the point of highest recall whose precision is at least `precision`.

    `scores` and `correct` describe all counted detections of all pictures, in any order.
    """
    order = np.argsort(-np.asarray(scores, dtype=np.float64), kind="stable")
    hits = np.cumsum(np.asarray(correct, dtype=bool)[order])
    precisions = hits / np.arange(1, len(hits) + 1)
    fine = np.flatnonzero(precisions >= precision)
    if not len(fine) or not faces:
        return DetectionPoint(0.0, 1.0, 1.0)
    last = int(fine[-1])
    return DetectionPoint(
        float(hits[last] / faces), float(precisions[last]), float(scores[int(order[last])])
    )
