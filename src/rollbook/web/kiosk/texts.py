"""What the kiosk's screen says, by the codes of its answers."""

from __future__ import annotations

from flask_babel import gettext as _

from rollbook.domain.faces import Refusal
from rollbook.domain.identification import Doubt
from rollbook.domain.kiosk_answers import GONE, Notice


def kiosk_texts() -> dict[str, dict[str, str]]:
    """Return all texts of the page's script; {name}, {seconds} and the like are put in there."""
    return {
        "notice": {code.value: text for code, text in _notices().items()},
        "nameless": {code.value: text for code, text in _nameless().items()},
        "reason": _reasons(),
        "state": _states(),
    }


def _notices() -> dict[Notice, str]:
    return {
        Notice.MARKED: _("Welcome, {name}. You are marked."),
        Notice.LATE: _("{name}, you are marked as late."),
        Notice.SEEN: _("{name}, you were seen again."),
        Notice.LEFT: _("Goodbye, {name}. It is marked that you left."),
        Notice.ALREADY: _("{name}, you are marked already."),
        Notice.LOOKING: _("One moment, please."),
        Notice.UNKNOWN: _("Not recognised."),
        Notice.REFUSED: _("Not recognised yet."),
        Notice.PIN_NEEDED: _("{name}, please type your PIN."),
        Notice.PIN_WRONG: _("This PIN is wrong. Try again."),
        Notice.PIN_MISSING: _("You have no PIN yet. Choose one on your own page, or ask for one."),
        Notice.WAIT: _("That was tried too often. Wait {seconds} seconds."),
        Notice.NOT_ON_ROSTER: _("You are not on the list of this session. Please ask."),
        Notice.CODE_UNKNOWN: _("This code is not known, or too old. Show a new one."),
        Notice.CODE_USED: _("This code was used already. Show the next one."),
        Notice.CLAIM_OVER: _("That took too long. Look into the camera again."),
        Notice.SAVING: _("Recognised. It is not written down yet; please wait."),
        Notice.NOT_MARKED: _("{name}, nothing was marked."),
    }


def _nameless() -> dict[Notice, str]:
    """Return what is said where the site wishes no names on the screen."""
    return {
        Notice.MARKED: _("Welcome. You are marked."),
        Notice.LATE: _("You are marked as late."),
        Notice.SEEN: _("You were seen again."),
        Notice.LEFT: _("Goodbye. It is marked that you left."),
        Notice.ALREADY: _("You are marked already."),
        Notice.PIN_NEEDED: _("Please type your PIN."),
        Notice.NOT_MARKED: _("Nothing was marked."),
    }


def _reasons() -> dict[str, str]:
    return {
        **{code.value: text for code, text in _refusals().items()},
        **{code.value: text for code, text in _doubts().items()},
        "not_open_yet": _("The session takes no marks yet."),
        "over": _("The session takes no more marks."),
        "not_in": _("You were not marked as arrived."),
        "called_off": _("The session was called off."),
        "no_consent": _("You are not looked for by face any more. Use your PIN or code, or ask."),
        GONE: _("You are not in the book any more. Please ask."),
    }


def _refusals() -> dict[Refusal, str]:
    return {
        Refusal.TOO_SMALL: _("Come closer."),
        Refusal.BLURRED: _("Hold still for a moment."),
        Refusal.TOO_DARK: _("It is too dark. Turn towards the light."),
        Refusal.TOO_BRIGHT: _("It is too bright. Step out of the direct light."),
        Refusal.LOW_CONTRAST: _("There is light behind you. Turn a little."),
        Refusal.TURNED_AWAY: _("Look into the camera."),
        Refusal.TILTED: _("Hold your head upright."),
        Refusal.AT_THE_EDGE: _("Move to the middle of the picture."),
        Refusal.PRESENTATION_ATTACK: _("This looks like a photograph or a screen."),
        Refusal.NO_FACE: _("Look into the camera."),
    }


def _doubts() -> dict[Doubt, str]:
    return {
        Doubt.EMPTY_GALLERY: _("Nobody of this session can be recognised by face."),
        Doubt.BELOW_THRESHOLD: _("Nobody of this session looks enough like you."),
        Doubt.AMBIGUOUS: _("Two people of this session are too alike to tell."),
        Doubt.FRAMES_DISAGREE: _("The pictures disagree. Look straight into the camera."),
        Doubt.TOO_FEW_FRAMES: _("Stay a moment longer."),
    }


def _states() -> dict[str, str]:
    return {
        "idle": _("Look into the camera."),
        "code": _("Hold your code in front of the camera."),
        "offline": _("No connection. Nobody is marked until it is back."),
        "restarting": _("The server does not answer yet. It goes on by itself."),
        "busy": _("The server has much to do. It goes on by itself."),
        "starting": _("The camera is being started."),
        "unplugged": _("The camera gives no picture. Check its cable."),
        "refused": _("The browser does not give the camera. Allow it for this page, then reload."),
        "taken": _("Another program uses the camera. Close it."),
        "no_camera": _("There is no camera. Codes of the phone cannot be read, PINs can be typed."),
        "insecure": _(
            "Browsers give the camera only to secure pages. Open this page by its https:// "
            "address; “rollbook up --lan” shows it, with the steps for this device."
        ),
        "no_session": _("No session takes marks now."),
        "next": _("Next: {title} at {time}"),
        "revoked": _("This kiosk was revoked. Ask an administrator for a new code."),
        "nobody": _("Nobody of this session has agreed to be recognised by face. Use code or PIN."),
        "instead": _("Use your code or PIN instead, or ask."),
        "too_short": _("Type at least two letters."),
        "no_match": _("Nobody of this session is called like that."),
        "more": _("There are more. Type another letter."),
        "times": _("{start} to {end}"),
        "sound_on": _("Sound is on"),
        "sound_off": _("Sound is off"),
        "digits": _("{count} digits typed"),
        "storage": _("The server cannot write now. Nobody is marked until it can."),
        "model": _("Faces cannot be recognised on this server now. Use code or PIN."),
    }
