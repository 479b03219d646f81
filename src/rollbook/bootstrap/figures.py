"""Parts about charts and figures."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from rollbook.bootstrap.evidence import EvidenceParts

if TYPE_CHECKING:
    from rollbook.services.fact_book import FactBook
    from rollbook.services.live_facts import LiveFacts


class FigureParts(EvidenceParts):
    """What the register says, as charts count it."""

    @cached_property
    def facts(self) -> FactBook:
        from rollbook.services.fact_book import FactBook

        return FactBook(self.uow, self.clock)

    @cached_property
    def live_facts(self) -> LiveFacts:
        """The same in memory, for a process that shows charts."""
        from rollbook.services.live_facts import LiveFacts

        return LiveFacts(self.facts, self.uow, self.clock, self.today)
