"""Parts about charts and figures."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from rollbook.bootstrap.evidence import EvidenceParts

if TYPE_CHECKING:
    from rollbook.services.fact_book import FactBook


class FigureParts(EvidenceParts):
    """What the register says, as charts count it."""

    @cached_property
    def facts(self) -> FactBook:
        from rollbook.services.fact_book import FactBook

        return FactBook(self.uow, self.clock)
