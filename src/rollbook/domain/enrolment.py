"""Which samples may be enrolled together, and how near two people may look."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from rollbook.domain.identification import Calibration, ProbeKind
from rollbook.domain.templates import TemplateSpace
from rollbook.errors import ModelUnavailable

AGREE_FMR = 0.001  # two samples of one person are more alike than all but so many of strangers
SMALLEST_SITE = 50  # people; a site that has just begun is measured by what it will be
LOOK_ALIKE_FACTOR = 20.0  # pairs that would pass at so many times the target are look-alikes


class IntakeRefusal(StrEnum):
    """Why a person or a file was not taken in, beside what is wrong with a face."""

    NO_PICTURES = "no_pictures"
    BAD_NAME = "bad_name"
    SAME_NAME = "same_name"
    OUTSIDE = "outside_the_folder"
    CONSENT_WITHDRAWN = "consent_withdrawn"
    CONSENT_IN_FORCE = "consent_in_force"
    NO_GUARDIAN = "no_guardian"


INTAKE_TEXT: dict[IntakeRefusal, str] = {
    IntakeRefusal.NO_PICTURES: "There are no pictures in the folder.",
    IntakeRefusal.BAD_NAME: "The folder's or file's name cannot be a person's name.",
    IntakeRefusal.SAME_NAME: (
        "Several people or folders have this name. Give each an external id and use "
        "`rollbook import`, or rename one."
    ),
    IntakeRefusal.OUTSIDE: "It is a link that leads out of the folder. Copy the file into it.",
    IntakeRefusal.CONSENT_WITHDRAWN: (
        "This person withdrew their consent. If they have agreed again, record it with: "
        "rollbook consent record"
    ),
    IntakeRefusal.CONSENT_IN_FORCE: (
        "The line says that they have not agreed, and a consent of theirs is recorded. If they "
        "withdrew it: rollbook consent withdraw PERSON. Else leave the cell empty."
    ),
    IntakeRefusal.NO_GUARDIAN: (
        "This person is a minor. Name the guardian who agreed for them: --guardian WHO, or a "
        "column `guardian`."
    ),
}


@dataclass(frozen=True, slots=True)
class EnrolmentLevels:
    """Comparison scores from which things are said about two faces."""

    agree: float  # samples of one person
    duplicate: float  # a person who is enrolled already
    look_alike: float  # two people who need a larger margin


def levels_of(
    calibrations: Mapping[ProbeKind, Calibration],
    space: TemplateSpace,
    target_fpir: float,
    people: int,
) -> EnrolmentLevels:
    """Return the levels for a site with so many enrolled people.

    Whoever would be taken for somebody else at the site's own operating point is a possible
    duplicate. Look-alikes are rarer than strangers who would be named at LOOK_ALIKE_FACTOR times
    the target.

    Raises:
        ModelUnavailable: the embedder has no calibration, so its scores mean nothing yet.
    """
    calibration = calibrations.get(ProbeKind.SINGLE)
    if calibration is None:
        raise ModelUnavailable(
            "The embedder %(space)s has no calibration yet, so nobody can be enrolled "
            "with it. Run: rollbook evaluate calibrate",
            space=space,
        )
    size = max(SMALLEST_SITE, people)
    looser = min(0.25, target_fpir * LOOK_ALIKE_FACTOR)
    return EnrolmentLevels(
        agree=calibration.operating_point(AGREE_FMR, 1).threshold,
        duplicate=calibration.operating_point(target_fpir, size).threshold,
        look_alike=calibration.operating_point(looser, size).threshold,
    )


def agreeing(
    rows: npt.NDArray[np.float32], level: float, enrolled: npt.NDArray[np.float32] | None = None
) -> npt.NDArray[np.bool_]:
    """Return which of the unit rows (n, d) show the same person, bool (n,).

    Samples hang together when a chain of scores of at least `level` joins them. With `enrolled`
    rows of the person, those that hang together with any of them count; else the largest set.
    Of two equally large sets neither counts, for nothing says which one is wrong.
    """
    known = rows[:0] if enrolled is None else enrolled
    every = np.concatenate([known, rows])
    label = _sets(every @ every.T >= level)
    if len(known):
        return np.asarray(np.isin(label[len(known) :], label[: len(known)]))
    if len(rows) == 0:
        return np.zeros(0, dtype=np.bool_)
    sizes = np.bincount(label)
    largest = np.flatnonzero(sizes == sizes.max())
    if len(largest) > 1:
        return np.zeros(len(rows), dtype=np.bool_)
    return np.asarray(label == largest[0])


def _sets(joined: npt.NDArray[np.bool_]) -> npt.NDArray[np.intp]:
    """Return a number for each row, equal for rows that a chain of true cells joins."""
    label = np.arange(len(joined))
    for row, others in enumerate(joined):
        lowest = label[others].min(initial=label[row])
        for other in set(label[others].tolist()):
            label[label == other] = lowest
        label[label == label[row]] = lowest
    return label
