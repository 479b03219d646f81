"""What a camera does, and why it names nobody, in the words of the page's language."""

from __future__ import annotations

from dataclasses import dataclass

from flask_babel import gettext as _

from rollbook.domain.attendance import Direction
from rollbook.domain.camera_reports import CameraReport, Running
from rollbook.domain.cameras import CameraState
from rollbook.domain.faces import Refusal
from rollbook.domain.identification import Doubt


@dataclass(frozen=True, slots=True)
class Condition:
    """How a camera is doing: a word, its colour, and a sentence."""

    pill: str
    word: str
    sentence: str


def condition(report: CameraReport) -> Condition:
    """Return how a camera is doing."""
    if report.running is Running.RUNNING:
        return _running(report)
    return {
        Running.OFF: Condition("", _("off"), _("It is switched off and watches no session.")),
        Running.WAITING: Condition(
            "", _("waiting"), _("It starts when a session of its groups takes marks.")
        ),
        Running.ELSEWHERE: Condition(
            "info", _("elsewhere"), _("Another server of this site runs it.")
        ),
        Running.ENDED: Condition("", _("over"), _("It gave its last picture for this session.")),
        Running.TROUBLE: Condition(
            "bad", _("trouble"), _("It could not be run and is tried again by itself.")
        ),
        Running.FACES_OFF: Condition(
            "", _("not used"), _("This site does without faces, so cameras watch nothing.")
        ),
        Running.NOT_RUN: Condition(
            "", _("not run"), _("This server runs no cameras. Start it with rollbook up.")
        ),
    }[report.running]


def _running(report: CameraReport) -> Condition:
    state = report.health.state if report.health is not None else CameraState.STARTING
    found = {
        CameraState.STARTING: Condition("info", _("starting"), _("It waits for a first picture.")),
        CameraState.WORKING: Condition("good", _("running"), _("Pictures come.")),
        CameraState.DARK: Condition(
            "warn",
            _("dark"),
            _("Its picture is black. Take the cover off the lens, or turn a light on."),
        ),
        CameraState.LOST: Condition(
            "bad",
            _("lost"),
            _("It gives no picture. Look at its plug and network; it is tried again by itself."),
        ),
    }
    return found.get(state, found[CameraState.STARTING])


def reason_word(code: str) -> str:
    """Return why a face was not named, or why there was none, as a short sentence."""
    known: dict[str, str] = {
        Refusal.NO_FACE: _("No face was in the picture."),
        Refusal.TOO_SMALL: _("The face was too small. Bring the camera nearer."),
        Refusal.BLURRED: _("The picture was blurred. Wipe the lens, or add light."),
        Refusal.TOO_DARK: _("The face was too dark. Add light in front of it."),
        Refusal.TOO_BRIGHT: _("The face was too bright."),
        Refusal.LOW_CONTRAST: _("The face showed too little contrast. Avoid light from behind."),
        Refusal.TURNED_AWAY: _("The face was turned away. Put the camera at eye level."),
        Refusal.TILTED: _("The head was tilted."),
        Refusal.AT_THE_EDGE: _("The face was cut off at the edge of the picture."),
        Refusal.PRESENTATION_ATTACK: _("The face looked like a photograph or a screen."),
        Doubt.EMPTY_GALLERY: _("Of nobody in this session there are pictures."),
        Doubt.BELOW_THRESHOLD: _("The face resembles nobody of this session enough."),
        Doubt.AMBIGUOUS: _("Several people of this session are too alike."),
        Doubt.FRAMES_DISAGREE: _("The pictures of a face disagreed."),
        Doubt.TOO_FEW_FRAMES: _("A face was seen for too short a time."),
    }
    return known.get(code, code)


def direction_word(direction: Direction) -> str:
    return {
        Direction.IN: _("in"),
        Direction.OUT: _("out"),
        Direction.BOTH: _("in and out"),
    }[direction]
