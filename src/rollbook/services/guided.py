"""Taking pictures for enrolment at a camera: pose by pose, with live hints."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

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
        waiting = iter(frames)
        for pose in self.rules.poses:
            picture = self._pose(pose, waiting)
            if picture is None:
                self.skipped.append(pose)
                continue
            self.taken.append(picture)
            self._say(f"Got it ({len(self.taken)} of {len(self.rules.poses)}).")
        return self.taken

    def _pose(self, pose: str, frames: Iterable[Frame]) -> Picture | None:
        self._say(PROMPTS[pose])
        held: list[tuple[int, Picture]] = []
        begun: datetime | None = None
        for frame in frames:
            begun = begun or frame.captured_at
            picture = _picture(frame, pose)
            found = self.examine(picture)
            if isinstance(found, Sample) and found.pose == pose:
                held.append((found.quality, picture))
                if len(held) >= self.rules.steady:
                    return max(held, key=lambda one: one[0])[1]
                continue
            held.clear()
            self._say(found.sentence if isinstance(found, EnrolmentRefused) else PROMPTS[pose])
            if frame.captured_at - begun > self.rules.patience:
                return None
        return None

    def _say(self, sentence: str) -> None:
        """Say it once; the same words again and again help nobody."""
        if sentence != self._said:
            self._said = sentence
            self.tell(sentence)


def _picture(frame: Frame, pose: str) -> Picture:
    moment = frame.captured_at.isoformat()
    return Picture(f"camera, {pose}", f"{frame.camera_id} {moment} {frame.sequence}", frame.pixels)
