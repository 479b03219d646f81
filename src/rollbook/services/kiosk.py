"""Kiosks: pictures, codes and PINs in, marks into the register, and then an answer."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol, TypeVar

from rollbook.domain.attendance import Method, Session
from rollbook.domain.codes import read_code
from rollbook.domain.identification import Unidentified
from rollbook.domain.kiosk_answers import FaceSaid, Found, KioskAnswer, Notice, Said
from rollbook.domain.kiosks import CredentialKind, Device
from rollbook.domain.ports import Clock, OpenUnitOfWork
from rollbook.domain.tallies import REFUSED_WITHOUT_FACE, Count
from rollbook.errors import StorageUnavailable
from rollbook.services.engine_pool import Urgency
from rollbook.services.folding import folded
from rollbook.services.initials import begins_with, plain_letters
from rollbook.services.kiosk_live import CALM, KioskTools, LiveKiosk, Look, Sighting
from rollbook.services.kiosk_marks import KioskMarks
from rollbook.services.kiosk_sessions import KioskSessions
from rollbook.services.own_codes import CodeKeeper
from rollbook.services.recognise import TrackView

Result = TypeVar("Result")
Leave = Callable[[str, Unidentified, datetime, float, str], object]
QUESTION_EVERY = 3000  # milliseconds between questions while no session takes marks
CODE_REMEMBERED = timedelta(seconds=75)  # a code that is held to the camera is one code
MATCHES = 10
FEWEST_LETTERS = 2
FREE_SEARCHES = 40  # between two right PINs at one kiosk


class RunOnEngine(Protocol):
    """Runs work on a thread of engines, or says that all are busy."""

    def __call__(self, work: Callable[[KioskTools], Result], *, urgency: Urgency) -> Result: ...


class KioskDesk:
    """Answers every kiosk of this process."""

    def __init__(
        self,
        open_uow: OpenUnitOfWork,
        clock: Clock,
        sessions: KioskSessions,
        marks: KioskMarks,
        codes: CodeKeeper,
        run: RunOnEngine,
        leave: Leave = lambda session_id, unknown, at, level, device_id: None,
        count: Count = lambda day, source, what: None,
    ) -> None:
        """`leave` keeps a face that stayed unknown for a person to decide.

        `count` gets each refusal, doubt and retry.
        """
        self._leave = leave
        self._count = count
        self._open_uow = open_uow
        self._clock = clock
        self._sessions = sessions
        self._marks = marks
        self._codes = codes
        self._run = run
        self._lives: dict[str, LiveKiosk] = {}  # by kiosk
        self._lock = threading.Lock()

    def state(self, device: Device, session_id: str = "") -> KioskAnswer:
        """Return what the kiosk shows before any picture."""
        session = self._chosen(device, session_id)
        return self._answer(device, session, QUESTION_EVERY if session is None else CALM)

    def see(
        self, device: Device, jpeg: bytes, session_id: str = "", *, find_code: bool = False
    ) -> KioskAnswer:
        """Look at a picture and mark who is recognised. The picture is kept nowhere.

        Raises:
            Busy: all engines work, or the kiosk's picture before is still looked at.
            UnreadableImage: it is no JPEG picture, or one that is too large.
        """
        session = self._chosen(device, session_id)
        if session is None:
            return self._answer(device, None, QUESTION_EVERY)
        at, live = self._clock.now(), self._live(device, session)
        with live.turn(at):
            look = self._run(
                lambda tools: live.look(tools, jpeg, at, find_code=find_code),
                urgency=Urgency.FRAME,
            )
            return self._tell(device, live, look, find_code=find_code)

    def read(self, device: Device, text: str, session_id: str = "") -> KioskAnswer:
        """Mark whose code the kiosk has read by itself."""
        session = self._chosen(device, session_id)
        if session is None:
            return self._answer(device, None, QUESTION_EVERY)
        live = self._live(device, session)
        said = self._read_code(device, live, text, self._clock.now())
        return self._answer(device, session, CALM, code=said)

    def find(self, device: Device, letters: str, session_id: str = "") -> Found:
        """Return at most ten people of the session whose name or initials begin like this."""
        session, typed = self._chosen(device, session_id), plain_letters(letters)
        if session is None:
            return Found()
        if len(typed) < FEWEST_LETTERS:
            return Found(too_short=True)
        wait, names = self._count_search(device, session)
        if wait > 0:
            return Found(wait_seconds=wait)
        found = sorted(
            (folded(name), subject_id, name)
            for subject_id, name in names.items()
            if begins_with(name, typed)
        )
        shown = tuple((subject_id, name) for _, subject_id, name in found[:MATCHES])
        return Found(shown, more=len(found) > MATCHES)

    def mark_by_pin(self, device: Device, subject_id: str, pin: str, session_id: str = "") -> Said:
        """Mark somebody who has chosen their name and typed their PIN."""
        session = self._chosen(device, session_id)
        if session is None:
            return Said(Notice.NOT_MARKED, reason="over")
        return self._counted(device, session, self._judge_pin(device, session, subject_id, pin))

    def finish(self, device: Device, claim_id: str, pin: str, session_id: str = "") -> Said:
        """Mark somebody who was recognised and has now typed their PIN."""
        session = self._chosen(device, session_id)
        if session is None:
            return Said(Notice.NOT_MARKED, reason="over")
        live = self._live(device, session)
        claim = live.claims.get(claim_id)
        if claim is None or claim.until < self._clock.now():
            return Said(Notice.CLAIM_OVER)
        refused = self._marks.refused_pin(device, claim.sighting.subject_id, pin)
        if refused is not None:
            return self._counted(device, session, refused)
        said = self._marks.write(device, session, claim.sighting)
        if said.notice is not Notice.SAVING:
            live.settle_claim(claim_id, said)
        return self._counted(device, session, said)

    def _chosen(self, device: Device, session_id: str) -> Session | None:
        """Return the session that the kiosk is at; None when there is none, or several."""
        sessions = self._sessions.now(device)
        if len(sessions) == 1:
            return sessions[0]
        return next((s for s in sessions if s.session_id == session_id), None)

    def _live(self, device: Device, session: Session) -> LiveKiosk:
        """Return what is known at this kiosk; those that nobody uses are forgotten."""
        now = self._clock.now()
        with self._lock:
            for key in [key for key, live in self._lives.items() if live.is_forgotten(now)]:
                del self._lives[key]
            before = self._lives.get(device.device_id)
            if before is not None and before.session == session:
                return before
            count = partial(self._count, session.business_date, device.device_id)
            live = self._lives[device.device_id] = LiveKiosk(session, now, count)
            if before is not None and before.session.session_id == session.session_id:
                live.waiting.update(before.waiting)
            return live

    def _leave_for_review(self, device: Device, live: LiveKiosk, look: Look) -> None:
        at, session_id = look.result.captured_at, live.session.session_id
        unknown = [v.decision for v in look.result.tracks if isinstance(v.decision, Unidentified)]
        with suppress(StorageUnavailable):  # the face is asked about again when it stays
            for decision in unknown:
                self._leave(session_id, decision, at, look.review_level, device.device_id)

    def _tell(self, device: Device, live: LiveKiosk, look: Look, *, find_code: bool) -> KioskAnswer:
        """Write what the picture led to, and say it; foreign codes only where one is awaited."""
        result, at = look.result, look.result.captured_at
        for view in result.tracks:
            live.note(view, at)
        self._write_waiting(device, live)
        self._leave_for_review(device, live, look)
        ours = look.code is not None and (find_code or read_code(look.code) is not None)
        code = self._read_code(device, live, look.code or "", at) if ours else None
        faces = tuple(_face(live, view, look.size) for view in result.tracks)
        return self._answer(
            device,
            live.session,
            live.next_ms(result),
            faces,
            code,
            nobody_enrolled=look.nobody_enrolled,
        )

    def _write_waiting(self, device: Device, live: LiveKiosk) -> None:
        """Write decisions, oldest first; what the database cannot take now is kept."""
        for key, sighting in list(live.waiting.items()):
            track, subject_id = key
            said = self._marks.mark(device, live, sighting)
            live.told[track] = (subject_id, said)
            if said.notice is Notice.SAVING:
                return
            del live.waiting[key]

    def _read_code(self, device: Device, live: LiveKiosk, text: str, at: datetime) -> Said:
        """Mark whose code this is; the same code held still is one code."""
        for old in [key for key, kept in live.codes.items() if at - kept[0] > CODE_REMEMBERED]:
            del live.codes[old]
        if text in live.codes:
            return live.codes[text][1]
        said = self._counted(device, live.session, self._judge_code(device, live, text, at))
        if said.notice is not Notice.SAVING:
            live.codes[text] = (at, said)
        return said

    def _judge_code(self, device: Device, live: LiveKiosk, text: str, at: datetime) -> Said:
        owner = self._codes.of_text(text)
        if owner is None:
            return Said(Notice.CODE_UNKNOWN)
        if not self._marks.is_on_roster(live.session, owner.subject_id):
            return Said(Notice.NOT_ON_ROSTER)
        phone = text if owner.kind is CredentialKind.PHONE else None
        shown = Sighting(owner.subject_id, at, Method.QR, phone_code=phone)
        return self._marks.mark(device, live, shown)

    def _judge_pin(self, device: Device, session: Session, subject_id: str, pin: str) -> Said:
        if not self._marks.is_on_roster(session, subject_id):
            return Said(Notice.NOT_ON_ROSTER)
        refused = self._marks.refused_pin(device, subject_id, pin)
        if refused is not None:
            return refused
        self._forgive_searches(device)
        sighting = Sighting(subject_id, self._clock.now(), Method.PIN)
        return self._marks.write(device, session, sighting)

    def _counted(self, device: Device, session: Session, said: Said) -> Said:
        """Count what is said if it refuses a code or a PIN, and return it."""
        if said.notice in REFUSED_WITHOUT_FACE:
            self._count(session.business_date, device.device_id, said.notice.value)
        return said

    def _count_search(self, device: Device, session: Session) -> tuple[float, dict[str, str]]:
        """Count a search; return the seconds to wait, or 0 and the names on the roster by id."""
        now, bucket = self._clock.now(), _searches(device)
        with self._open_uow() as uow:
            uow.register.hold()
            if (wait := uow.throttles.wait(bucket, now)) > 0:
                return wait, {}
            uow.throttles.failed(bucket, now, free=FREE_SEARCHES)
            roster = uow.groups.roster(session.group_id, session.business_date)
            people = uow.subjects.some(roster)
            uow.commit()
        return 0.0, {subject_id: person.name for subject_id, person in people.items()}

    def _forgive_searches(self, device: Device) -> None:
        with self._open_uow() as uow:
            uow.throttles.succeeded(_searches(device))
            uow.commit()

    def _answer(
        self,
        device: Device,
        session: Session | None,
        next_ms: int,
        faces: tuple[FaceSaid, ...] = (),
        code: Said | None = None,
        *,
        nobody_enrolled: bool = False,
    ) -> KioskAnswer:
        sessions = self._sessions.now(device)
        several = tuple(map(self._sessions.shown, sessions)) if len(sessions) > 1 else ()
        return KioskAnswer(
            None if session is None else self._sessions.shown(session),
            several,
            next_ms,
            faces,
            code,
            nobody_enrolled,
            None if sessions else self._sessions.next(device),
        )


def _face(live: LiveKiosk, view: TrackView, size: tuple[int, int]) -> FaceSaid:
    width, height = size
    box = view.box.clipped_to(width, height)
    parts = (box.left / width, box.top / height, box.right / width, box.bottom / height)
    return FaceSaid(view.track_id, parts, live.said(view))


def _searches(device: Device) -> str:
    return f"searches at {device.device_id}"
