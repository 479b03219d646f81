"""What one kiosk sees in one session, from picture to picture. Kept in memory alone."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt

from rollbook.domain.attendance import Evidence, Method, Session
from rollbook.domain.evidence import evidence_of
from rollbook.domain.faces import DetectedFace, Frame, Pixels, Refusal
from rollbook.domain.identification import Identified, Unidentified
from rollbook.domain.kiosk_answers import Notice, Said
from rollbook.domain.ports import FaceTracker
from rollbook.errors import Busy, FacesOff
from rollbook.services.galleries import Galleries
from rollbook.services.recognise import (
    Detect,
    Embed,
    FrameResult,
    Judge,
    Recogniser,
    RecogniserParts,
    RecogniserRules,
    TrackState,
    TrackView,
)
from rollbook.services.tallies import FaceCounts
from rollbook.services.watch import renewal

GALLERY_EVERY = timedelta(seconds=1)  # so soon a withdrawn consent holds
FORGOTTEN_AFTER = timedelta(minutes=2)  # without a picture
HURRY = timedelta(seconds=4)  # a face that is not settled by then gets fewer pictures
AT_ONCE, CALM = 125, 500  # milliseconds until the next picture


@dataclass(frozen=True, slots=True)
class KioskTools:
    """What one thread of engines lends to kiosks."""

    detect: Detect
    embed: Embed
    judge: Judge
    new_tracker: Callable[[], FaceTracker]
    galleries: Galleries
    read_frame: Callable[[bytes], Pixels]
    read_code: Callable[[Pixels], str | None]


@dataclass(slots=True)
class _Borrowed:
    """The tools of whichever thread looks at the picture: a kiosk belongs to none."""

    tools: KioskTools

    def detect(self, pixels: Pixels) -> list[DetectedFace]:
        return self.tools.detect(pixels)

    def embed(self, pixels: Pixels, faces: list[DetectedFace]) -> npt.NDArray[np.float32]:
        return self.tools.embed(pixels, faces)


@dataclass(frozen=True, slots=True)
class Look:
    """What one picture showed."""

    result: FrameResult
    size: tuple[int, int]  # width, height
    code: str | None
    nobody_enrolled: bool
    review_level: float = 1.0  # score from which an unknown face is worth a person's look


@dataclass(frozen=True, slots=True)
class Sighting:
    """Somebody was recognised, and it is not written yet."""

    subject_id: str
    at: datetime
    method: Method
    evidence: Evidence | None = None
    phone_code: str | None = field(default=None, repr=False)  # is used up by it


@dataclass(frozen=True, slots=True)
class Claim:
    """Somebody was recognised, and their PIN is waited for."""

    sighting: Sighting
    until: datetime


class LiveKiosk:
    """One kiosk in one session. `turn` lets one picture in at a time."""

    def __init__(
        self,
        session: Session,
        at: datetime,
        count: Callable[[str], object] = lambda what: None,
    ) -> None:
        """`count` gets each refusal, doubt and retry of a face."""
        self.session = session
        self._count = count
        self.told: dict[int, tuple[str, Said]] = {}  # by track: whom, and what
        self.waiting: dict[tuple[int, str], Sighting] = {}  # by track and person: not written yet
        self.doubts: dict[int, str] = {}
        self.codes: dict[str, tuple[datetime, Said]] = {}  # by text: when it was read first
        self.claims: dict[str, Claim] = {}
        self._lock = threading.Lock()
        self._used_at = at
        self._borrowed: _Borrowed | None = None
        self._recogniser: Recogniser | None = None
        self._faces = FaceCounts(count)
        self._gallery_at = at
        self._sequence = 0
        self._open_since: dict[int, datetime] = {}  # tracks that are not settled

    @contextmanager
    def turn(self, at: datetime) -> Iterator[None]:
        """Let this picture in.

        Raises:
            Busy: the one before is still looked at.
        """
        if not self._lock.acquire(blocking=False):
            raise Busy("The picture before is still being looked at.")
        try:
            self._used_at = at
            yield
        finally:
            self._lock.release()

    def look(self, tools: KioskTools, jpeg: bytes, at: datetime, *, find_code: bool) -> Look:
        """Return what the picture shows; runs on a thread of engines.

        Raises:
            UnreadableImage: it is no picture, or one that is too large.
            ModelUnavailable: the embedder has no calibration, so nobody may be named.
        """
        pixels = tools.read_frame(jpeg)
        try:
            recogniser = self._recogniser_with(tools, at)
        except FacesOff:
            return self._look_for_code(tools, pixels, at)
        result = recogniser.process(Frame(pixels, at, "kiosk", self._sequence))
        self._faces.see(result)
        self._sequence += 1
        calm = not result.tracks and self._sequence % 2 == 0
        code = tools.read_code(pixels) if find_code or calm else None
        self._forget(result)
        height, width = pixels.shape[:2]
        known = recogniser.known
        nobody = len(known.gallery) == 0
        return Look(result, (width, height), code, nobody, known.review_level)

    def _look_for_code(self, tools: KioskTools, pixels: Pixels, at: datetime) -> Look:
        """Return what a picture shows where the site uses no faces: codes, and nothing else."""
        self._recogniser = None
        self._sequence += 1
        nothing = FrameResult(at, self._sequence, (), (), 0, 0, complete=False)
        height, width = pixels.shape[:2]
        return Look(nothing, (width, height), tools.read_code(pixels), nobody_enrolled=True)

    def next_ms(self, result: FrameResult) -> int:
        """Return when the next picture is wanted: at once while a new face is not settled."""
        at = result.captured_at
        unsettled = [view.track_id for view in result.tracks if self._wants_more(view)]
        self._open_since = {track: self._open_since.get(track, at) for track in unsettled}
        hurry = any(at - since <= HURRY for since in self._open_since.values())
        return AT_ONCE if hurry else CALM

    def is_forgotten(self, at: datetime) -> bool:
        return not self.waiting and at - self._used_at > FORGOTTEN_AFTER

    def note(self, view: TrackView, at: datetime) -> None:
        """Keep a decision of this picture: a name is to be written, a doubt to be said."""
        match view.decision:
            case Identified() as decision:
                score = view.attack.score if view.attack else None
                detector = view.attack.detector if view.attack else None
                evidence = evidence_of(decision, attack_detector=detector, attack_score=score)
                named = Sighting(decision.subject_id, at, Method.FACE, evidence)
                self.waiting.setdefault((view.track_id, decision.subject_id), named)
            case Unidentified(doubt=doubt):
                self.doubts[view.track_id] = doubt.value

    def settle_claim(self, claim_id: str, said: Said) -> None:
        """Say of the face or code that a PIN was waited for what came of it."""
        self.claims.pop(claim_id, None)
        for track, (subject_id, before) in self.told.items():
            if before.claim == claim_id:
                self.told[track] = (subject_id, said)
        for text, (at, before) in self.codes.items():
            if before.claim == claim_id:
                self.codes[text] = (at, said)

    def said(self, view: TrackView) -> Said:
        """Return what is said about a face now."""
        match view.state:
            case TrackState.IDENTIFIED:
                subject_id, said = self.told.get(view.track_id, ("", Said(Notice.LOOKING)))
                return said if subject_id == view.subject_id else Said(Notice.LOOKING)
            case TrackState.UNKNOWN:
                return Said(Notice.UNKNOWN, reason=self.doubts.get(view.track_id, ""))
            case TrackState.REFUSED:
                return Said(Notice.REFUSED, reason=(view.reason or Refusal.NO_FACE).value)
            case TrackState.LOOKING:
                return Said(Notice.LOOKING)

    def _recogniser_with(self, tools: KioskTools, at: datetime) -> Recogniser:
        """Return the recogniser, with this thread's networks and the newest gallery."""
        if self._borrowed is None or self._recogniser is None:
            self._borrowed = _Borrowed(tools)
            self._recogniser = self._new_recogniser(self._borrowed)
            self._faces = FaceCounts(self._count)  # tracks are numbered from the beginning
            self._gallery_at = at
        self._borrowed.tools = tools
        if abs(at - self._gallery_at) >= GALLERY_EVERY:
            newer = tools.galleries.newer(self.session, self._recogniser.known)
            if newer is not None:
                self._recogniser.use(newer)
            self._gallery_at = at
        return self._recogniser

    def _new_recogniser(self, borrowed: _Borrowed) -> Recogniser:
        tools = borrowed.tools
        parts = RecogniserParts(borrowed.detect, borrowed.embed, tools.judge, tools.new_tracker())
        rules = RecogniserRules(renew_after=renewal(self.session))
        return Recogniser(parts, tools.galleries.for_session(self.session), rules)

    def _forget(self, result: FrameResult) -> None:
        """Drop what was said about faces that went away; what is to be written stays."""
        here = {view.track_id for view in result.tracks}
        self.told = {track: kept for track, kept in self.told.items() if track in here}
        self.doubts = {track: kept for track, kept in self.doubts.items() if track in here}

    def _wants_more(self, view: TrackView) -> bool:
        if view.state is TrackState.IDENTIFIED:
            told = self.told.get(view.track_id)
            return told is None or told[1].notice is Notice.SAVING
        return view.state is not TrackState.UNKNOWN
