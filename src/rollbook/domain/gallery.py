"""The references that a probe is searched among."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rollbook.domain.templates import Template, TemplateSpace, fuse
from rollbook.errors import TemplateSpaceMismatch

Rows = npt.NDArray[np.float32]
BLOCK = 131_072  # templates searched at once: each product waits for all threads, so few of them
PROBES = 32  # probes searched at once, so that their scores stay in the cache
GROUP = 256  # scores of which only the best is looked at first
ROUNDING = 4e-6  # two ways to add up 128 to 512 float32 products differ by less
COHORT_MIN = 20  # subjects from which a gallery says something about how alike its people are
COHORT_MAX = 1_000  # subjects looked at for that


@dataclass(frozen=True, slots=True)
class Candidate:
    """One subject that a probe may show, with the comparison score (-1..1)."""

    subject_id: str
    score: float


@dataclass(frozen=True, slots=True)
class Cohort:
    """How alike the people of one gallery look to the embedder: scores between different ones."""

    mean: float
    deviation: float
    people: int


@dataclass(frozen=True, slots=True, eq=False)
class _Block:
    """Some subjects' templates as columns; `starts` is None when each subject has one."""

    columns: Rows  # (dimension, n)
    first_subject: int
    starts: npt.NDArray[np.intp] | None  # first column of each subject

    def scores(self, probes: Rows) -> Rows:
        """Return float32 (probes, subjects of this block)."""
        raw: Rows = probes @ self.columns
        return raw if self.starts is None else np.maximum.reduceat(raw, self.starts, axis=1)

    def exact(self, probe: Rows, subject: int) -> float:
        """Return one subject's score, added up in one way wherever its column stands."""
        if self.starts is None:
            first, end = subject, subject + 1
        else:
            first = int(self.starts[subject])
            following = self.starts[subject + 1 : subject + 2]
            end = int(following[0]) if len(following) else self.columns.shape[1]
        rows = np.ascontiguousarray(self.columns[:, first:end].T)
        return max(float(np.dot(row, probe)) for row in rows)


class Gallery:
    """References held in memory for 1:N search. Immutable; build a new one to change it.

    Several references of one subject are fused into their mean direction by the caller or
    searched side by side; a subject's score is that of the best one. The search is exact.
    """

    def __init__(
        self,
        space: TemplateSpace,
        owners: Iterable[str] = (),
        templates: Rows | None = None,
    ) -> None:
        """Make a gallery of float32 unit rows (n, d); row i belongs to the i-th owner."""
        owner_ids = list(owners)
        rows = np.empty((0, space.dimension), np.float32) if templates is None else templates
        if rows.shape != (len(owner_ids), space.dimension) or rows.dtype != np.float32:
            raise ValueError(
                f"templates must be float32 ({len(owner_ids)}, {space.dimension}), "
                f"got {rows.dtype} {rows.shape}"
            )
        self.space = space
        self._subjects = list(dict.fromkeys(owner_ids))
        index = {subject: i for i, subject in enumerate(self._subjects)}
        owner = np.array([index[owner] for owner in owner_ids], dtype=np.intp)
        self._blocks = _blocks_of(rows, owner, len(self._subjects))

    @classmethod
    def of(cls, space: TemplateSpace, references: Iterable[tuple[str, Template]]) -> Gallery:
        """Make a gallery of (subject id, template) pairs.

        Raises:
            TemplateSpaceMismatch: one of them comes from another embedder or version.
        """
        owners, rows = [], []
        for owner, template in references:
            if template.space != space:
                raise TemplateSpaceMismatch(f"reference is from {template.space}, not {space}")
            owners.append(owner)
            rows.append(template.values)
        return cls(space, owners, np.stack(rows) if rows else None)

    def __len__(self) -> int:
        """Return how many subjects can be found."""
        return len(self._subjects)

    @property
    def subject_ids(self) -> list[str]:
        return list(self._subjects)

    def search(self, probe: Template, limit: int = 5) -> list[Candidate]:
        """Return the best-scoring subjects, best first; several references count once.

        Raises:
            TemplateSpaceMismatch: the probe comes from another embedder or version.
        """
        if probe.space != self.space:
            raise TemplateSpaceMismatch(f"probe is from {probe.space}, gallery from {self.space}")
        return self.search_many(probe.values[None], limit)[0]

    def scores(self, probes: Rows) -> Rows:
        """Return float32 (probes, subjects) comparison scores for unit rows (n, d)."""
        if not self._blocks:
            return np.empty((len(probes), 0), dtype=np.float32)
        return np.concatenate([block.scores(probes) for block in self._blocks], axis=1)

    def search_many(self, probes: Rows, limit: int = 5) -> list[list[Candidate]]:
        """Return what `search` returns, for each of the unit rows (n, d) of this space.

        The answer is that of comparing with every template; equal scores keep the order in
        which the subjects were given.
        """
        found: list[list[Candidate]] = []
        for start in range(0, len(probes), PROBES):
            found += self._search_some(probes[start : start + PROBES], limit)
        return found

    def cohort(self) -> Cohort | None:
        """Return how alike different people of this gallery look; None below COHORT_MIN people."""
        count = len(self._subjects)
        if count < COHORT_MIN:
            return None
        chosen = np.unique(np.linspace(0, count - 1, min(count, COHORT_MAX)).astype(np.intp))
        rows = np.stack([self._first_reference(int(subject)) for subject in chosen])
        scores = (rows @ rows.T)[np.triu_indices(len(rows), 1)]
        return Cohort(float(scores.mean()), float(scores.std()), count)

    def _search_some(self, probes: Rows, limit: int) -> list[list[Candidate]]:
        best = [_Best(limit) for _ in probes]
        for number, block in enumerate(self._blocks):
            for keeper, row in zip(best, block.scores(probes), strict=True):
                keeper.offer(row, number)
        return [self._ranked(probe, keeper) for probe, keeper in zip(probes, best, strict=True)]

    def _ranked(self, probe: Rows, best: _Best) -> list[Candidate]:
        """Score the few that are left once more, so that equal templates get equal scores."""
        rescored = []
        for number, position in zip(best.blocks.tolist(), best.positions.tolist(), strict=True):
            block = self._blocks[number]
            subject = block.first_subject + position
            rescored.append((-block.exact(probe, position), subject))
        return [
            Candidate(self._subjects[subject], -negative)
            for negative, subject in sorted(rescored)[: best.limit]
        ]

    def _first_reference(self, subject: int) -> Rows:
        firsts = [block.first_subject for block in self._blocks]
        block = self._blocks[int(np.searchsorted(firsts, subject, side="right")) - 1]
        position = subject - block.first_subject
        column = position if block.starts is None else int(block.starts[position])
        return np.asarray(block.columns[:, column])


def fused_gallery(space: TemplateSpace, owners: list[str], rows: Rows) -> Gallery:
    """Return a gallery with one template a subject: the mean direction of their samples."""
    own: dict[str, list[Template]] = {}
    for owner, row in zip(owners, rows, strict=True):
        own.setdefault(owner, []).append(Template(np.array(row), space))
    return Gallery.of(space, [(owner, fuse(templates)) for owner, templates in own.items()])


class _Best:
    """The best scores of one probe so far, with all that rounding could put among them."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.scores = np.empty(0, dtype=np.float32)
        self.blocks = np.empty(0, dtype=np.intp)
        self.positions = np.empty(0, dtype=np.intp)
        self._floor = -np.inf

    def offer(self, scores: Rows, block: int) -> None:
        """Take in a block's scores."""
        if self.limit < 1 or float(scores.max()) < self._floor:
            return
        positions = np.flatnonzero(scores >= max(self._floor, _low_floor(scores, self.limit)))
        self.scores = np.concatenate([self.scores, scores[positions]])
        self.positions = np.concatenate([self.positions, positions])
        self.blocks = np.concatenate([self.blocks, np.full(len(positions), block, np.intp)])
        self._floor = _floor(self.scores, self.limit)
        kept = self.scores >= self._floor
        self.scores, self.positions = self.scores[kept], self.positions[kept]
        self.blocks = self.blocks[kept]


def _floor(scores: Rows, limit: int) -> float:
    """Return what a score needs at least to be, but for rounding, one of the `limit` best."""
    if len(scores) <= limit:
        return -np.inf
    return float(np.partition(scores, -limit)[-limit]) - ROUNDING


def _low_floor(scores: Rows, limit: int) -> float:
    """Return at most what `_floor` returns, much faster where there are many scores.

    Where `limit` groups have a best score of at least x, so many scores reach x.
    """
    groups = len(scores) // GROUP
    if groups <= limit:
        return _floor(scores, limit)
    return _floor(scores[: groups * GROUP].reshape(groups, GROUP).max(axis=1), limit)


def _blocks_of(rows: Rows, owner: npt.NDArray[np.intp], subjects: int) -> list[_Block]:
    """Cut the templates into blocks of whole subjects, each subject's side by side."""
    if subjects == 0:
        return []
    single = subjects == len(owner)
    order = None if single else np.argsort(owner, kind="stable")
    starts = np.searchsorted(owner if order is None else owner[order], np.arange(subjects))
    blocks, first = [], 0
    while first < subjects:
        past = int(np.searchsorted(starts, starts[first] + BLOCK, side="left"))
        past = subjects if past >= subjects else max(first + 1, past)
        end = int(starts[past]) if past < subjects else len(owner)
        picked = slice(int(starts[first]), end)
        columns = rows[picked] if order is None else rows[order[picked]]
        own = None if single else starts[first:past] - starts[first]
        blocks.append(_Block(np.ascontiguousarray(columns.T), first, own))
        first = past
    return blocks
