"""Templates: faces as unit vectors, and the space that they live in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rollbook.errors import TemplateSpaceMismatch


@dataclass(frozen=True, slots=True)
class TemplateSpace:
    """What made a template. Only templates of one space can be compared."""

    embedder: str
    version: str  # first 12 hex digits of the weights' SHA-256
    dimension: int

    def __str__(self) -> str:
        return f"{self.embedder}-{self.version}-{self.dimension}"

    @classmethod
    def parse(cls, text: str) -> TemplateSpace:
        """Return the space that `str(space)` wrote.

        >>> TemplateSpace.parse("sface-0123456789ab-128")
        TemplateSpace(embedder='sface', version='0123456789ab', dimension=128)
        """
        embedder, version, dimension = text.rsplit("-", 2)
        return cls(embedder, version, int(dimension))


@dataclass(frozen=True, slots=True, eq=False)
class Template:
    """One face as a unit vector; comparison score = dot product, -1..1, higher = more alike."""

    values: npt.NDArray[np.float32]  # (dimension,), L2 length 1, read-only
    space: TemplateSpace

    def __post_init__(self) -> None:
        if self.values.shape != (self.space.dimension,) or self.values.dtype != np.float32:
            raise ValueError(
                f"a template of {self.space} must be float32 ({self.space.dimension},), "
                f"got {self.values.dtype} {self.values.shape}"
            )
        self.values.setflags(write=False)

    def score(self, other: Template) -> float:
        """Return the comparison score, -1..1.

        Raises:
            TemplateSpaceMismatch: the two come from different embedders or versions.
        """
        if other.space != self.space:
            raise TemplateSpaceMismatch(f"cannot compare {self.space} with {other.space}")
        return float(self.values @ other.values)


def unit_rows(vectors: npt.NDArray[np.floating]) -> npt.NDArray[np.float32]:
    """Return float32 (n, d) rows of length 1; a row of zeros stays zero.

    >>> unit_rows(np.array([[3.0, 4.0]])).round(1).tolist()
    [[0.6000000238418579, 0.800000011920929]]
    """
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    safe: npt.NDArray[np.float32] = (vectors / np.maximum(lengths, 1e-12)).astype(np.float32)
    return safe


def fuse(templates: list[Template]) -> Template:
    """Return the mean direction of several templates of one person.

    Raises:
        ValueError: the list is empty.
        TemplateSpaceMismatch: the templates come from different embedders.
    """
    if not templates:
        raise ValueError("at least one template is needed")
    space = templates[0].space
    for template in templates:
        if template.space != space:
            raise TemplateSpaceMismatch(f"cannot fuse {space} with {template.space}")
    mean = np.mean([template.values for template in templates], axis=0, keepdims=True)
    return Template(unit_rows(mean)[0], space)
