"""Taking pictures for enrolment at a camera: pose by pose, with live hints.

One step looks at one frame, so that a loop over a camera and a page of a browser, which sends
frame after frame, are guided by the same rules. What a step has to remember is plain and small,
holds no picture, and travels with whoever sends the frames.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from rollbook.domain.faces import Frame
from rollbook.domain.quality import POSES
from rollbook.domain.subjects import EnrolmentRefused
from rollbook.services.samples import Picture, Sample

PROMPTS = {
    "front": "Look straight into the camera.",
    "left": "Turn your head a little to your left.",
    "right": "Turn your head a little to your right.",
    "up": "Lift your chin a little.",
    "down": "Lower your chin a little.",
}
Examine = Callable[[Picture], Sample | EnrolmentRefused]
Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class CaptureRules:
    """When a pose is taken, and when it is given up."""

    poses: tuple[str, ...] = POSES
    steady: int = 3  # frames in a row that fit; the best of them is taken
    patience: timedelta = timedelta(seconds=20)  # for one pose; then the next one comes


class Outcome(StrEnum):
    """What one frame came to."""

    HELD = "held"  # it fits; keep it until the pose is taken
    TAKEN = "taken"  # it fits, and the best of the frames held is the pose's picture
    MISSED = "missed"  # it does not fit; those that were held do not count any more
    SKIPPED = "skipped"  # the pose took too long; the next one is asked for


@dataclass(frozen=True, slots=True)
class GuidedState:
    """Where somebody is in the row of poses."""

    pose: int = 0  # index of the one that is asked for; the number of poses when all are through
    held: tuple[int, ...] = ()  # qualities of the last frames in a row that fit
    begun: datetime | None = None  # when the pose was asked for


@dataclass(frozen=True, slots=True)
class Step:
    """What to do after one frame."""

    state: GuidedState
    outcome: Outcome
    best: int = 0  # of the frames held, counted from the first: the one to take
    refused: EnrolmentRefused | None = None  # what is wrong with the frame, where anything is


def look(
    state: GuidedState, found: Sample | EnrolmentRefused, at: datetime, rules: CaptureRules
) -> Step:
    """Return the step that a frame leads to; there must be a pose to ask for."""
    state = replace(state, begun=state.begun or at)
    if isinstance(found, Sample) and found.pose == rules.poses[state.pose]:
        held = (*state.held, found.quality)
        if len(held) < rules.steady:
            return Step(replace(state, held=held), Outcome.HELD)
        best = max(range(len(held)), key=lambda index: held[index])
        return Step(GuidedState(state.pose + 1), Outcome.TAKEN, best)
    refused = found if isinstance(found, EnrolmentRefused) else None
    if state.begun is not None and at - state.begun > rules.patience:
        return Step(GuidedState(state.pose + 1), Outcome.SKIPPED, refused=refused)
    return Step(replace(state, held=()), Outcome.MISSED, refused=refused)


@dataclass(slots=True)
class GuidedCapture:
    """Looks at frame after frame until every pose is taken or given up."""

    examine: Examine
    tell: Tell
    rules: CaptureRules = field(default_factory=CaptureRules)
    taken: list[Picture] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    _said: str = ""

    def run(self, frames: Iterable[Frame]) -> list[Picture]:
        """Return one picture for each pose that was held, in the order of the poses."""
        state, held = GuidedState(), list[Picture]()
        self._ask(state)
        for frame in frames:
            pose = self.rules.poses[state.pose]
            picture = _picture(frame, pose)
            step = look(state, self.examine(picture), frame.captured_at, self.rules)
            held.append(picture)
            state = self._after(step, pose, held)
            if state.pose == len(self.rules.poses):
                break
        self.skipped.extend(self.rules.poses[state.pose :])
        return self.taken

    def _after(self, step: Step, pose: str, held: list[Picture]) -> GuidedState:
        """Take or drop what was held, and say what comes next."""
        match step.outcome:
            case Outcome.HELD:
                return step.state
            case Outcome.TAKEN:
                self.taken.append(held[step.best])
                self._say(f"Got it ({len(self.taken)} of {len(self.rules.poses)}).")
                self._ask(step.state)
            case Outcome.SKIPPED:
                self.skipped.append(pose)
                self._ask(step.state)
            case Outcome.MISSED:
                self._say(step.refused.sentence if step.refused else PROMPTS[pose])
        held.clear()
        return step.state

    def _ask(self, state: GuidedState) -> None:
        if state.pose < len(self.rules.poses):
            self._say(PROMPTS[self.rules.poses[state.pose]])

    def _say(self, sentence: str) -> None:
        """Say it once; the same words again and again help nobody."""
        if sentence != self._said:
            self._said = sentence
            self.tell(sentence)


def _picture(frame: Frame, pose: str) -> Picture:
    moment = frame.captured_at.isoformat()
    return Picture(f"camera, {pose}", f"{frame.camera_id} {moment} {frame.sequence}", frame.pixels)
