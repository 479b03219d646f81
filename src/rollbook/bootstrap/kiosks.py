"""Parts about kiosks."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, partial
from typing import TYPE_CHECKING, TypeVar

from rollbook.bootstrap.attending import AttendingParts
from rollbook.bootstrap.engines import recogniser_parts

if TYPE_CHECKING:
    from rollbook.services.devices import DeviceKeeper
    from rollbook.services.engine_pool import Urgency
    from rollbook.services.kiosk import KioskDesk
    from rollbook.services.kiosk_greeting import KioskGreeting
    from rollbook.services.kiosk_live import KioskTools
    from rollbook.services.own_codes import CodeKeeper
    from rollbook.services.pins import PinKeeper

KIOSK_SEARCH_SIDE = 320  # who stands before a kiosk is near; landmarks are found again anyway


Result = TypeVar("Result")


class KioskParts(AttendingParts):
    """Kiosks, and the ways without a face."""

    @cached_property
    def devices(self) -> DeviceKeeper:
        from rollbook.services.devices import DeviceKeeper

        return DeviceKeeper(self.uow, self.clock)

    @cached_property
    def pins(self) -> PinKeeper:
        from rollbook.services.pins import PinKeeper
        from rollbook.storage.hashing import ArgonPins

        return PinKeeper(self.uow, self.clock, ArgonPins())

    @cached_property
    def own_codes(self) -> CodeKeeper:
        from rollbook.services.own_codes import CodeKeeper

        return CodeKeeper(self.uow, self.clock)

    @cached_property
    def kiosk_greeting(self) -> KioskGreeting:
        from rollbook.services.kiosk_greeting import KioskGreeting

        return KioskGreeting(self.uow, self.clock)

    @cached_property
    def kiosk_desk(self) -> KioskDesk:
        """Answers kiosks; the networks that it uses are those of `engines`."""
        from rollbook.services.kiosk import KioskDesk
        from rollbook.services.kiosk_marks import KioskMarks
        from rollbook.services.kiosk_sessions import KioskSessions

        marks = KioskMarks(
            self.uow,
            self.clock,
            self.register.sight,
            self.own_codes,
            self.pins,
            self.kiosk_greeting.of,
        )
        sessions = KioskSessions(self.uow, self.clock, self.today)
        return KioskDesk(
            self.uow,
            self.clock,
            sessions,
            marks,
            self.own_codes,
            self.run_for_kiosk,
            self.reviewing.leave,
            self.tallies.add,
        )

    def run_for_kiosk(self, work: Callable[[KioskTools], Result], *, urgency: Urgency) -> Result:
        """Run work with the networks of a free thread; raises Busy when there is none."""
        return self.engines.run(lambda app: work(app.kiosk_tools), urgency=urgency)

    @cached_property
    def kiosk_tools(self) -> KioskTools:
        """What this thread's networks do for kiosks."""
        from rollbook.services.kiosk_live import KioskTools
        from rollbook.vision.frames import read_frame
        from rollbook.vision.qr import CodeReader
        from rollbook.vision.tracker import FaceFollower

        return KioskTools(
            detect=partial(self.engine.detect_within, max_side=KIOSK_SEARCH_SIDE),
            embed=self.engine.embed,
            judge=recogniser_parts(self.engine).judge,
            new_tracker=FaceFollower,
            galleries=self.galleries,
            read_frame=read_frame,
            read_code=CodeReader(),
        )
