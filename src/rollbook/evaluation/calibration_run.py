"""From folders of pictures to a calibration: `FOLDER/<person>/<picture>`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rollbook.domain.identification import Calibration, ProbeKind
from rollbook.domain.ports import Progress
from rollbook.domain.templates import TemplateSpace
from rollbook.errors import InvalidInput
from rollbook.evaluation.acquire import Acquirer
from rollbook.evaluation.calibrate import (
    Check,
    Samples,
    check,
    cohort_of,
    comparisons,
    fit,
    require_people,
    split,
)

CHECKED_SIZES = (10, 30, 100, 244, 500)
CHECKED_TARGETS = (0.01, 0.001)
SPLITS = 5


@dataclass(frozen=True, slots=True)
class Calibrated:
    """One kind's curve, fitted on everybody, and what a curve of one half promised the other."""

    calibration: Calibration
    checks: tuple[Check, ...]
    pairs: int

    def checks_as_json(self) -> list[dict[str, Any]]:
        return [
            {
                "gallery": found.gallery,
                "target_fpir": found.target_fpir,
                "threshold": round(found.threshold, 4),
                "measured_fpir": round(found.measured_fpir, 6),
                "searches": found.searches,
            }
            for found in self.checks
        ]


def pictures_of_people(folder: Path, suffixes: frozenset[str]) -> list[tuple[str, str]]:
    """Return (person, path inside of the folder) of each picture, in order.

    Raises:
        InvalidInput: there is no such folder.
    """
    if not folder.is_dir():
        raise InvalidInput(f"{folder} is not a folder. Give one that holds a folder a person.")
    found = [
        (person.name, f"{person.name}/{picture.name}")
        for person in sorted(folder.iterdir())
        if person.is_dir()
        for picture in sorted(person.iterdir())
        if picture.suffix.lower() in suffixes
    ]
    return found


def gather(pictures: Sequence[tuple[str, str]], acquirer: Acquirer, progress: Progress) -> Samples:
    """Make each picture's template as enrolment does, and as a probe."""
    rows = list(_rows(pictures, acquirer, progress))
    dimension = acquirer.engine.space.dimension
    references = np.array([row[1] for row in rows], dtype=np.float32).reshape(-1, dimension)
    probes = np.array([row[2] for row in rows], dtype=np.float32).reshape(-1, dimension)
    return Samples(references, probes, np.array([row[0] for row in rows], dtype=np.str_))


def calibrate(samples: Samples, space: TemplateSpace, source: str) -> dict[ProbeKind, Calibrated]:
    """Fit each kind of probe on everybody, and check it by halves.

    Raises:
        InvalidInput: there are too few people.
    """
    require_people(samples)
    result = {}
    for kind in ProbeKind:
        found = comparisons(samples, kind)
        evidence = (
            f"{source}: {len(samples.names)} people, {len(samples)} pictures, "
            f"{found.pairs} pairs of people"
        )
        curve = fit(found, space, kind, cohort_of(samples, space), evidence)
        result[kind] = Calibrated(curve, _checked(samples, curve), found.pairs)
    return result


def _checked(samples: Samples, curve: Calibration) -> tuple[Check, ...]:
    """Fit the curve anew on half of the people and check it on the others, SPLITS times each way.

    Galleries too large for one half are checked on everybody, who are then those of the curve.
    """
    checks: list[Check] = []
    for seed in range(SPLITS):
        halves = split(samples, seed)
        for one, other in (halves, halves[::-1]):
            cohort = cohort_of(one, curve.space)
            tried = fit(comparisons(one, curve.kind), curve.space, curve.kind, cohort, "")
            checks += check(tried, other, CHECKED_SIZES, CHECKED_TARGETS)
    reached = {made.gallery for made in checks}
    larger = [size for size in CHECKED_SIZES if size not in reached]
    checks += check(curve, samples, larger, CHECKED_TARGETS)
    return tuple(
        _pooled([made for made in checks if (made.gallery, made.target_fpir) == case])
        for case in dict.fromkeys((made.gallery, made.target_fpir) for made in checks)
    )


def _pooled(checks: Sequence[Check]) -> Check:
    searches = sum(made.searches for made in checks)
    named = sum(made.measured_fpir * made.searches for made in checks)
    threshold = sum(made.threshold for made in checks) / len(checks)
    return Check(
        checks[0].gallery, checks[0].target_fpir, threshold, named / max(1, searches), searches
    )


def _rows(
    pictures: Sequence[tuple[str, str]], acquirer: Acquirer, progress: Progress
) -> Iterator[tuple[str, Any, Any]]:
    for number, (person, path) in enumerate(pictures, start=1):
        reference = acquirer.template(path, mirrored=True)
        probe = acquirer.template(path, mirrored=False) if reference else None
        progress(number, len(pictures))
        if reference and probe:
            yield person, reference.values, probe.values
