"""What a kiosk tells the people who stand before it. Texts belong to the page; here are codes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from rollbook.domain.attendance import (
    CALLED_OFF,
    NO_CONSENT,
    NOT_IN,
    NOT_OPEN_YET,
    OVER,
    QUIET,
    Ignored,
    Mark,
    MarkKind,
    Session,
)


class Notice(StrEnum):
    """What is said about one person. The first five were written to the register before."""

    MARKED = "marked"
    LATE = "late"  # marked, after the time
    SEEN = "seen"  # marked again after a while
    LEFT = "left"  # marked on the way out
    ALREADY = "already"  # nothing new to write
    LOOKING = "looking"
    UNKNOWN = "unknown"  # nobody of this session
    REFUSED = "refused"  # the picture cannot be used; `reason` says what to do
    PIN_NEEDED = "pin_needed"
    PIN_WRONG = "pin_wrong"
    PIN_MISSING = "pin_missing"
    WAIT = "wait"  # too many tries
    NOT_ON_ROSTER = "not_on_roster"
    CODE_UNKNOWN = "code_unknown"  # nobody's, revoked or too old
    CODE_USED = "code_used"
    CLAIM_OVER = "claim_over"  # look into the camera again
    SAVING = "saving"  # recognised; the database is busy, and it is tried again
    NOT_MARKED = "not_marked"  # recognised; `reason` says why nothing is written

    @property
    def is_mark(self) -> bool:
        return self in (Notice.MARKED, Notice.LATE, Notice.SEEN, Notice.LEFT)


IGNORED_CODES = {
    NOT_OPEN_YET.reason: "not_open_yet",
    OVER.reason: "over",
    NOT_IN.reason: "not_in",
    CALLED_OFF.reason: "called_off",
    NO_CONSENT.reason: "no_consent",
}
GONE = "gone"  # the person was removed meanwhile


@dataclass(frozen=True, slots=True)
class Said:
    """What is said about one person; `name` as the site wishes to greet."""

    notice: Notice
    name: str = ""
    reason: str = ""  # code of a refusal, a doubt, or of why nothing is written
    claim: str = ""  # opens the PIN pad for this person
    wait_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class FaceSaid:
    """One face in the picture; the box as parts of width and height, 0..1."""

    track: int
    box: tuple[float, float, float, float]  # left, top, right, bottom
    said: Said


@dataclass(frozen=True, slots=True)
class SessionShown:
    """A session as a kiosk shows it."""

    session_id: str
    title: str
    group: str
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class KioskAnswer:
    """What a kiosk shows now. Without `session` it shows none, or lets people choose one."""

    session: SessionShown | None
    choices: tuple[SessionShown, ...]  # when several take marks now
    next_ms: int  # when the next picture, or question, is wanted
    faces: tuple[FaceSaid, ...] = ()
    code: Said | None = None
    nobody_enrolled: bool = False  # nobody of the session can be found by face
    next_session: SessionShown | None = None  # while none takes marks


@dataclass(frozen=True, slots=True)
class Found:
    """People whose name begins as it was typed: ids and names."""

    people: tuple[tuple[str, str], ...] = ()
    more: bool = False  # there are others; type more letters
    too_short: bool = False
    wait_seconds: float = 0.0


def notice_of(outcome: Mark | Ignored, session: Session) -> Said:
    """Return what is said about what was written, or was not."""
    if isinstance(outcome, Ignored):
        if outcome == QUIET:
            return Said(Notice.ALREADY)
        return Said(Notice.NOT_MARKED, reason=IGNORED_CODES.get(outcome.reason, "over"))
    if outcome.kind is MarkKind.LEFT:
        return Said(Notice.LEFT)
    if outcome.kind is MarkKind.SEEN:
        return Said(Notice.SEEN)
    late = outcome.at - session.starts_at > session.policy.late_after
    return Said(Notice.LATE if late else Notice.MARKED)
