"""The references that a probe is searched among."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rollbook.domain.templates import Template, TemplateSpace
from rollbook.errors import TemplateSpaceMismatch


@dataclass(frozen=True, slots=True)
class Candidate:
    """One subject that a probe may show, with the comparison score (-1..1)."""

    subject_id: str
    score: float


class Gallery:
    """References held in memory for 1:N search. Immutable; build a new one to change it.

    Several references of one subject are fused into their mean direction by the caller or
    searched side by side; a subject's score is that of the best one.
    """

    def __init__(
        self,
        space: TemplateSpace,
        owners: Iterable[str] = (),
        templates: npt.NDArray[np.float32] | None = None,
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
        self._templates = np.ascontiguousarray(rows)
        self._subjects = list(dict.fromkeys(owner_ids))
        index = {subject: i for i, subject in enumerate(self._subjects)}
        self._owner = np.array([index[owner] for owner in owner_ids], dtype=np.intp)
        self._single = len(self._subjects) == len(owner_ids)

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

    def scores(self, probes: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Return float32 (probes, subjects) comparison scores for unit rows (n, d)."""
        raw = probes @ self._templates.T
        if self._single:
            return np.asarray(raw, dtype=np.float32)
        best = np.full((len(probes), len(self._subjects)), -1.0, dtype=np.float32)
        for column, owner in enumerate(self._owner):
            np.maximum(best[:, owner], raw[:, column], out=best[:, owner])
        return best

    def search_many(self, probes: npt.NDArray[np.float32], limit: int = 5) -> list[list[Candidate]]:
        """Return what `search` returns, for each of the unit rows (n, d) of this space."""
        if not self._subjects:
            return [[] for _ in probes]
        results = []
        for row in self.scores(probes):
            order = np.argsort(-row, kind="stable")[:limit]
            results.append([Candidate(self._subjects[i], float(row[i])) for i in order])
        return results
