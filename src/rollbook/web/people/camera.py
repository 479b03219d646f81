"""Taking pictures with the browser's camera: frame by frame a hint comes back, none is kept."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from flask import render_template, request
from flask_babel import gettext as _

from rollbook.bootstrap import App
from rollbook.domain.access import Permission
from rollbook.domain.subjects import EnrolmentRefused
from rollbook.errors import InvalidInput
from rollbook.services.enrol import Enrolee
from rollbook.services.guided import PROMPTS, CaptureRules, GuidedState, Outcome, Step, look
from rollbook.services.samples import Picture, Sample
from rollbook.web.access import permit, require_subject
from rollbook.web.parts import parts
from rollbook.web.people.area import blueprint
from rollbook.web.people.outcome import reason
from rollbook.web.people.view import with_person

RULES = CaptureRules()


@blueprint.get("/<subject_id>/camera")
@permit(Permission.PEOPLE_EDIT)
def camera(subject_id: str) -> str:
    """The camera with its guide."""
    person = require_subject(subject_id)
    _snapshot, known = with_person(subject_id)
    return render_template(
        "people/camera.html",
        person=person,
        agreed=known.agreed,
        poses=[[pose, _(PROMPTS[pose])] for pose in RULES.poses],
    )


@blueprint.post("/<subject_id>/camera/frame")
@permit(Permission.PEOPLE_EDIT)
def frame(subject_id: str) -> dict[str, Any]:
    """Say what is wrong with a frame, or that it fits; the frame itself is forgotten at once."""
    person = require_subject(subject_id)
    state = _state(request.form.get("state", ""))
    file = request.files.get("frame")
    if file is None:
        raise InvalidInput("No picture was sent.")
    data = file.stream.read()
    found = parts().engines.run(lambda app: _examine(app, Enrolee(person), data))
    return _told(look(state, found, parts().clock.now(), RULES))


def _examine(app: App, who: Enrolee, data: bytes) -> Sample | EnrolmentRefused:
    """Look at one frame of somebody who agreed."""
    app.enroller.require_consent(who)
    return app.sampler.examine(Picture("frame", "", app.read_portrait(data)))


def _state(text: str) -> GuidedState:
    """Return where the browser says that it is; nonsense is refused.

    Raises:
        InvalidInput: it is no state.
    """
    try:
        told = json.loads(text)
        begun = None if told["begun"] is None else datetime.fromisoformat(told["begun"])
        state = GuidedState(int(told["pose"]), tuple(int(one) for one in told["held"]), begun)
        fits = 0 <= state.pose < len(RULES.poses) and len(state.held) < RULES.steady
        aware = begun is None or begun.tzinfo is not None
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
        raise InvalidInput("The page and the server do not agree. Load the page anew.") from error
    if not fits or not aware:
        raise InvalidInput("The page and the server do not agree. Load the page anew.")
    return state


def _told(step: Step) -> dict[str, Any]:
    state = step.state
    done = state.pose == len(RULES.poses)
    return {
        "state": {
            "pose": state.pose,
            "held": list(state.held),
            "begun": None if state.begun is None else state.begun.isoformat(),
        },
        "outcome": step.outcome.value,
        "best": step.best,
        "done": done,
        "code": step.refused.code if step.refused else "",
        "hint": _hint(step, done=done),
    }


def _hint(step: Step, *, done: bool) -> str:
    if done:
        return ""
    if step.outcome is Outcome.HELD:
        return _("Good. Hold still.")
    if step.outcome is Outcome.MISSED and step.refused is not None:
        return reason(step.refused)
    return _(PROMPTS[RULES.poses[step.state.pose]])
