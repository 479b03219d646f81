"""People who look so alike to the embedder that deciding between them needs a larger margin."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from rollbook.domain.identification import LookAlikes
from rollbook.domain.templates import unit_rows

Rows = npt.NDArray[np.float32]
BLOCK = 1024  # people compared with everybody at once: 4 MB of scores for 1,000 people


def look_alikes(owners: Sequence[str], rows: Rows, level: float) -> LookAlikes:
    """Return the pairs of people whose mean templates score `level` or more.

    `rows` are unit rows (n, d), row i of the i-th owner; an owner may come several times. Memory
    stays bounded; 5,000 people take some tenths of a second.
    """
    people, means = fused_rows(owners, rows)
    pairs: set[frozenset[str]] = set()
    for start in range(0, len(people), BLOCK):
        scores = means[start : start + BLOCK] @ means[start:].T
        first, second = np.nonzero(scores >= level)
        later = second > first  # each pair once, and nobody with themselves
        for a, b in zip(first[later] + start, second[later] + start, strict=True):
            pairs.add(frozenset((people[a], people[b])))
    return frozenset(pairs)


def fused_rows(owners: Sequence[str], rows: Rows) -> tuple[list[str], Rows]:
    """Return each owner once, in order, with the mean direction of their rows."""
    people = list(dict.fromkeys(owners))
    index = {owner: place for place, owner in enumerate(people)}
    sums = np.zeros((len(people), rows.shape[1]), dtype=np.float32)
    np.add.at(sums, np.array([index[owner] for owner in owners], dtype=np.intp), rows)
    return people, unit_rows(sums)
