"""How a kiosk marks: into the register first, and then into words."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

from rollbook.domain.attendance import Ignored, Session, next_mark
from rollbook.domain.kiosk_answers import GONE, Notice, Said, notice_of
from rollbook.domain.kiosks import Device
from rollbook.domain.ports import Clock, OpenUnitOfWork
from rollbook.domain.subjects import new_id
from rollbook.errors import NotFound, StorageUnavailable
from rollbook.services.kiosk_live import Claim, LiveKiosk, Sighting
from rollbook.services.mark_writer import Sight
from rollbook.services.marks import marks_about
from rollbook.services.own_codes import CodeKeeper
from rollbook.services.pins import NoPin, PinKeeper, PinRight

CLAIM_HOLDS = timedelta(seconds=45)


class KioskMarks:
    """Writes what kiosks see. What it says was marked is in the register."""

    def __init__(
        self,
        open_uow: OpenUnitOfWork,
        clock: Clock,
        sight: Sight,
        codes: CodeKeeper,
        pins: PinKeeper,
        greet: Callable[[str], str],
    ) -> None:
        """`greet` returns what is shown of the name of a subject id."""
        self._open_uow = open_uow
        self._clock = clock
        self._sight = sight
        self._codes = codes
        self._pins = pins
        self._greet = greet

    def mark(self, device: Device, live: LiveKiosk, sighting: Sighting) -> Said:
        """Write a sighting, or ask for the PIN first where the kiosk wants both."""
        if not device.needs_pin:
            return self.write(device, live.session, sighting)
        try:
            told = self._nothing_to_write(device, live.session, sighting)
            name = self._greet(sighting.subject_id)
        except NotFound:
            return Said(Notice.NOT_MARKED, reason=GONE)
        except StorageUnavailable:
            return Said(Notice.SAVING)
        if told is not None:
            return Said(told.notice, name, told.reason)
        return Said(Notice.PIN_NEEDED, name, claim=self._claim(live, sighting))

    def write(self, device: Device, session: Session, sighting: Sighting) -> Said:
        """Write a sighting to the register, and return what is said then."""
        code = sighting.phone_code
        try:
            if code is not None and not self._codes.use(code, session.session_id):
                return Said(Notice.CODE_USED)
            said = self._write(device, session, sighting)
            name = self._greet(sighting.subject_id)
        except NotFound:
            return Said(Notice.NOT_MARKED, reason=GONE)
        except StorageUnavailable:
            self._give_back(code, session)
            return Said(Notice.SAVING)
        return Said(said.notice, name, said.reason)

    def refused_pin(self, device: Device, subject_id: str, pin: str) -> Said | None:
        """Return why the PIN is not accepted, or None."""
        outcome = self._pins.check(subject_id, pin, device.device_id)
        if isinstance(outcome, PinRight):
            return None
        if isinstance(outcome, NoPin):
            return Said(Notice.PIN_MISSING)
        wrong = Notice.WAIT if outcome.wait_seconds > 0 else Notice.PIN_WRONG
        return Said(wrong, wait_seconds=outcome.wait_seconds)

    def is_on_roster(self, session: Session, subject_id: str) -> bool:
        with self._open_uow() as uow:
            return subject_id in uow.groups.roster(session.group_id, session.business_date)

    def _write(self, device: Device, session: Session, sighting: Sighting) -> Said:
        outcome = self._sight(
            session.session_id,
            sighting.subject_id,
            sighting.at,
            sighting.method,
            device.direction,
            device.device_id,
            sighting.evidence,
        )
        return notice_of(outcome, session)

    def _nothing_to_write(
        self, device: Device, session: Session, sighting: Sighting
    ) -> Said | None:
        """Return what is said when a mark would write nothing, so that no PIN is asked for."""
        with self._open_uow() as uow:
            earlier = marks_about(uow, session.session_id, sighting.subject_id)
        kind = next_mark(session, earlier, sighting.at, device.direction)
        return notice_of(kind, session) if isinstance(kind, Ignored) else None

    def _claim(self, live: LiveKiosk, sighting: Sighting) -> str:
        now, claim_id = self._clock.now(), new_id()
        live.claims = {key: kept for key, kept in live.claims.items() if kept.until >= now}
        live.claims[claim_id] = Claim(sighting, now + CLAIM_HOLDS)
        return claim_id

    def _give_back(self, code: str | None, session: Session) -> None:
        if code is None:
            return
        with suppress(StorageUnavailable):  # then the phone shows another one in half a minute
            self._codes.give_back(code, session.session_id)
