"""What every part of an installation is made of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property, partial
from typing import TYPE_CHECKING, Self
from zoneinfo import ZoneInfo

from rollbook.bootstrap.engines import build_calibrations, build_engine, engine_threads
from rollbook.settings import Settings

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from rollbook.domain.enrolment import EnrolmentLevels
    from rollbook.domain.identification import Calibration, LookAlikes, ProbeKind
    from rollbook.domain.key_safety import KeySafety
    from rollbook.domain.ports import UnitOfWork
    from rollbook.domain.templates import TemplateSpace
    from rollbook.services.engine_pool import EnginePool
    from rollbook.services.escrow import EscrowBook
    from rollbook.services.galleries import Galleries
    from rollbook.services.tallies import Tallies
    from rollbook.storage.database import Database
    from rollbook.vision.engine import Engine


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


@dataclass
class Core:
    """Settings, clock, database, networks: what all other parts are made of."""

    settings: Settings
    clock: SystemClock
    database: Database
    given_engine: Engine | None = None  # shared by all threads, in place of their own

    def uow(self) -> UnitOfWork:
        """Start a transaction."""
        return self.database.uow()

    @cached_property
    def engine(self) -> Engine:
        return self.given_engine or build_engine(self.settings)

    @cached_property
    def engines(self) -> EnginePool[Self]:
        """Threads for work that needs the networks; each has parts with an engine of its own."""
        from rollbook.services.engine_pool import EnginePool

        workers, threads = engine_threads(self.settings.threads)
        return EnginePool(partial(self.for_thread, threads), workers)

    def for_thread(self, threads: int | None = None) -> Self:
        """Return the same installation with networks of its own, for one thread.

        `threads` is how many of the machine's its networks use; None: as the settings say.
        """
        settings = self.settings
        if threads is not None:
            settings = settings.model_copy(update={"threads": threads})
        made = type(self)(settings, self.clock, self.database, self.given_engine)
        made.tallies = self.tallies
        return made

    @cached_property
    def tallies(self) -> Tallies:
        """Counts refusals for all threads of this process."""
        from rollbook.services.tallies import Tallies

        return Tallies(self.uow)

    def key_safety(self) -> KeySafety:
        """Return where the site key is, and against whom the data are safe."""
        from rollbook.bootstrap.keys import key_safety
        from rollbook.services.escrow import last_sheet

        with self.uow() as uow:
            sheet = last_sheet(uow)
        return key_safety(self.settings, sheet)

    @cached_property
    def escrow(self) -> EscrowBook:
        """Remembers of which key a recovery sheet was made."""
        from rollbook.services.escrow import EscrowBook

        return EscrowBook(self.uow, self.clock)

    @property
    def zone(self) -> ZoneInfo:
        """The site's time zone; until one is set, that of this machine."""
        with self.uow() as uow:
            name = uow.site.get("time_zone")
        return ZoneInfo(str(name)) if name else local_zone()

    def today(self) -> date:
        """Return the site's local date."""
        return self.clock.now().astimezone(self.zone).date()

    @cached_property
    def calibrations(self) -> dict[ProbeKind, Calibration]:
        return build_calibrations(self.settings, self.engine.space)

    @cached_property
    def galleries(self) -> Galleries:
        from rollbook.services.galleries import Galleries

        return Galleries(
            self.uow,
            self.clock,
            self.engine.space,
            self.calibrations,
            self.settings.target_fpir,
            self._look_alikes,
        )

    def enrolment_levels(self, people: int) -> EnrolmentLevels:
        """Return the scores that mean "the same person" at a site with so many people."""
        from rollbook.domain.enrolment import levels_of

        return levels_of(self.calibrations, self.engine.space, self.settings.target_fpir, people)

    def _look_alikes(
        self, owners: list[str], rows: npt.NDArray[np.float32], space: TemplateSpace
    ) -> LookAlikes:
        from rollbook.services.lookalikes import look_alikes

        return look_alikes(owners, rows, self.enrolment_levels(len(set(owners))).look_alike)


def local_zone() -> ZoneInfo:
    """Return this machine's time zone; UTC where it cannot be told."""
    import tzlocal

    zone = tzlocal.get_localzone()
    return zone if isinstance(zone, ZoneInfo) else ZoneInfo("UTC")
