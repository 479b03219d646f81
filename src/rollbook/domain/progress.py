"""How far long work is, as parts of a whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

from rollbook.domain.ports import Progress

One = TypeVar("One")

WHOLE = 100  # percent


def part_of(progress: Progress | None, first: int, last: int) -> Progress:
    """Return what tells of a part of the work, from `first` to `last` percent of the whole.

    >>> part_of(lambda done, total: print(done, total), 20, 60)(1, 2)
    40 100
    """

    def tell(done: int, total: int) -> None:
        if progress is not None:
            progress(first + (last - first) * done // max(1, total), WHOLE)

    return tell


def telling(many: Iterable[One], total: int, progress: Progress | None) -> Iterator[One]:
    """Yield each, and tell how many of all are done; `progress` may raise, which ends the work.

    >>> list(telling("ab", 2, lambda done, total: print(done, total)))
    0 2
    1 2
    2 2
    ['a', 'b']
    """
    tell = progress or (lambda _done, _total: None)
    for done, one in enumerate(many):
        tell(done, total)
        yield one
    tell(total, total)
