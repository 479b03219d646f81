"""Verification (1:1): do two pictures show the same person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rollbook.domain.ports import Progress
from rollbook.domain.templates import Template
from rollbook.evaluation.acquire import Acquirer
from rollbook.evaluation.metrics import Bools, Floats, best_threshold, folded_accuracy
from rollbook.evaluation.protocol import Pair

FOLDS = 10


@dataclass(frozen=True, slots=True, eq=False)
class VerificationResult:
    """Scores of all pairs, -inf where a face was not acquired, and which show one person."""

    scores: Floats
    same: Bools
    failures: int

    def to_json(self) -> dict[str, Any]:
        """Return the accuracy over folds, each judged with the threshold of the others."""
        accuracies = folded_accuracy(self.scores, self.same, FOLDS)
        return {
            "same": int(self.same.sum()),
            "different": int((~self.same).sum()),
            "fta": self.failures,
            "folds": len(accuracies),
            "accuracy": float(accuracies.mean()),
            "standard_error": float(accuracies.std(ddof=1) / np.sqrt(len(accuracies))),
            "threshold": best_threshold(self.scores, self.same),
        }


def evaluate_verification(
    pairs: Sequence[Pair], acquirer: Acquirer, progress: Progress
) -> VerificationResult:
    """Compare the first picture, made as a reference, with the second, made as a probe."""
    firsts = sorted({pair.first for pair in pairs})
    seconds = sorted({pair.second for pair in pairs})
    total = len(firsts) + len(seconds)
    references = acquirer.templates(
        firsts, mirrored=True, progress=lambda done, _: progress(done, total)
    )
    probes = acquirer.templates(
        seconds, mirrored=False, progress=lambda done, _: progress(len(firsts) + done, total)
    )
    enrolled = dict(zip(firsts, references, strict=True))
    shown = dict(zip(seconds, probes, strict=True))
    scores = [_score(enrolled[pair.first], shown[pair.second]) for pair in pairs]
    same = np.array([pair.same for pair in pairs], dtype=np.bool_)
    return VerificationResult(np.array(scores, dtype=np.float64), same, len(acquirer.failures))


def _score(reference: Template | None, probe: Template | None) -> float:
    return reference.score(probe) if reference and probe else -np.inf
