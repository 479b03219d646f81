"""What a report is made with: its language, and somebody who is told how far it is."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from rollbook.domain import progress as steps
from rollbook.domain.ports import Progress
from rollbook.languages.writing import Words

One = TypeVar("One")

LAID_OUT = 20  # percent of the work on a PDF after its pages are laid out


@dataclass(frozen=True, slots=True)
class Making:
    """How a report is to be made. `progress` may raise, which ends the work."""

    words: Words = field(default_factory=Words)
    progress: Progress | None = None

    def telling(self, many: Collection[One], first: int = 0, last: int = 100) -> Iterator[One]:
        """Yield each, and tell how far it is; all of them are this part of the work, in percent."""
        return steps.telling(many, len(many), steps.part_of(self.progress, first, last))
