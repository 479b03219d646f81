"""Follow faces from frame to frame: which face of this frame is which of the one before."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from rollbook.domain.faces import DetectedFace
from rollbook.domain.geometry import Box
from rollbook.domain.tracking import TrackedFace, TrackUpdate


@dataclass(frozen=True, slots=True)
class TrackerRules:
    """How far a face may move, and how long it may be out of sight."""

    lost_after: timedelta = timedelta(milliseconds=700)  # then it is somebody new
    reacquired_after: timedelta = timedelta(milliseconds=250)  # out of sight: it may be another
    slowest: timedelta = timedelta(seconds=2)  # between frames; after more nobody is the same
    reach: float = 0.9  # distance between centres, in sides of the face, plus `reach_a_second`
    reach_a_second: float = 2.0  # further distance for each second since it was last found
    size_ratio: float = 1.7  # largest change of the face's size between two sightings
    smoothing: float = 0.5  # weight of the newest motion


@dataclass(frozen=True, slots=True)
class _Followed:
    """One face and how it moves."""

    shown: TrackedFace
    found: Box  # where it was when it was last found
    velocity: tuple[float, float]  # pixels a second
    missed: bool = False  # a complete search did not find it since

    def expected(self, at: datetime, limit: timedelta) -> Box:
        """Return where it should be now; it is not taken to move on for longer than `limit`."""
        seconds = min(at - self.shown.last_seen, limit).total_seconds()
        return self.found.moved(self.velocity[0] * seconds, self.velocity[1] * seconds)


class FaceFollower:
    """Greedy matching by overlap, distance and size, with motion of constant speed.

    What it says follows from the calls alone: the same faces and times give the same tracks.
    """

    def __init__(self, rules: TrackerRules | None = None) -> None:
        self._rules = rules or TrackerRules()
        self._followed: list[_Followed] = []
        self._next_id = 1
        self._latest: datetime | None = None
        self._interval = timedelta(0)  # between frames, smoothed

    def update(
        self, faces: Sequence[DetectedFace], at: datetime, *, complete: bool = True
    ) -> TrackUpdate:
        """Return the followed faces after this frame, and the ids of those that ended.

        Faces that were not found stay, with no `face`, until they are lost. With `complete` false
        the search may have overlooked small faces, so nobody is lost by it.
        """
        ended = self._drop_lost(at, complete=complete)
        self._keep_time(at)
        pairs = self._pairs(faces, at)
        matched = {followed: faces[face] for followed, face in pairs}
        kept = [
            self._found(followed, matched[i], at)
            if i in matched
            else self._missed(followed, at, complete=complete)
            for i, followed in enumerate(self._followed)
        ]
        taken = {face for _, face in pairs}
        new = [self._started(face, at) for i, face in enumerate(faces) if i not in taken]
        self._followed = kept + new
        return TrackUpdate(tuple(f.shown for f in self._followed), ended)

    def reset(self) -> TrackUpdate:
        """Forget everybody, as after a cut."""
        ended = tuple(followed.shown.track_id for followed in self._followed)
        self._followed = []
        return TrackUpdate((), ended)

    def _drop_lost(self, at: datetime, *, complete: bool) -> tuple[int, ...]:
        """Drop those out of sight for too long, and everybody when the clock was set back.

        Out of sight means that complete searches missed a face; a moment without any frame, or
        with quick searches only, says nothing about it.
        """
        gap = timedelta(0) if self._latest is None else at - self._latest
        if gap < timedelta(0) or gap > self._rules.slowest:
            return self.reset().ended
        patience = max(self._rules.lost_after, 2.5 * self._interval)
        lost = [
            followed
            for followed in self._followed
            if complete and followed.missed and at - followed.shown.last_seen > patience
        ]
        self._followed = [followed for followed in self._followed if followed not in lost]
        return tuple(followed.shown.track_id for followed in lost)

    def _keep_time(self, at: datetime) -> None:
        """Learn how often frames come: with a slow camera faces are patiently waited for."""
        if self._latest is not None and at > self._latest:
            step = min(at - self._latest, self._rules.slowest)
            self._interval = (3 * self._interval + step) / 4 if self._interval else step
        self._latest = at

    def _pairs(self, faces: Sequence[DetectedFace], at: datetime) -> list[tuple[int, int]]:
        """Return (followed, face) indices, the most alike first, each used at most once."""
        scored: list[tuple[float, int, int]] = []
        for i, followed in enumerate(self._followed):
            expected = followed.expected(at, self._rules.lost_after / 2)
            missing = max(0.0, (at - followed.shown.last_seen).total_seconds())
            reach = self._rules.reach + self._rules.reach_a_second * missing
            for j, face in enumerate(faces):
                likeness = alikeness(expected, face.box, reach, self._rules.size_ratio)
                if likeness > 0:
                    scored.append((likeness, i, j))
        scored.sort(key=lambda item: (-item[0], item[1], item[2]))
        pairs: list[tuple[int, int]] = []
        used: tuple[set[int], set[int]] = (set(), set())
        for _, i, j in scored:
            if i not in used[0] and j not in used[1]:
                pairs.append((i, j))
                used[0].add(i)
                used[1].add(j)
        return pairs

    def _started(self, face: DetectedFace, at: datetime) -> _Followed:
        track_id, self._next_id = self._next_id, self._next_id + 1
        return _Followed(TrackedFace(track_id, face.box, face, at, at, 1), face.box, (0.0, 0.0))

    def _found(self, followed: _Followed, face: DetectedFace, at: datetime) -> _Followed:
        before = followed.shown
        gap = at - before.last_seen
        shown = replace(
            before,
            box=face.box,
            face=face,
            last_seen=at,
            hits=before.hits + 1,
            reacquired=self._was_away(followed, gap),
        )
        return _Followed(shown, face.box, self._velocity(followed, face.box, gap))

    def _was_away(self, followed: _Followed, gap: timedelta) -> bool:
        """Return whether it was out of sight so long that another may have taken its place."""
        away = self._rules.reacquired_after if followed.missed else self._rules.lost_after
        return gap > max(away, 1.5 * self._interval)

    def _missed(self, followed: _Followed, at: datetime, *, complete: bool) -> _Followed:
        expected = followed.expected(at, self._rules.lost_after / 2)
        shown = replace(followed.shown, box=expected, face=None, reacquired=False)
        return replace(followed, shown=shown, missed=followed.missed or complete)

    def _velocity(self, followed: _Followed, box: Box, gap: timedelta) -> tuple[float, float]:
        seconds = gap.total_seconds()
        if seconds <= 0:
            return followed.velocity
        weight = self._rules.smoothing
        return (
            (1 - weight) * followed.velocity[0]
            + weight * (box.centre[0] - followed.found.centre[0]) / seconds,
            (1 - weight) * followed.velocity[1]
            + weight * (box.centre[1] - followed.found.centre[1]) / seconds,
        )


def alikeness(expected: Box, found: Box, reach: float, size_ratio: float) -> float:
    """Return how well a found box fits an expected one, 0 (cannot be the same) to 2.

    Overlap and nearness count alike; a change of size over `size_ratio`, or a distance of the
    centres over `reach` sides, cannot be the same face.
    """
    sides = (math.sqrt(expected.area), math.sqrt(found.area))
    if min(sides) <= 0 or max(sides) / min(sides) > size_ratio:
        return 0.0
    (x0, y0), (x1, y1) = expected.centre, found.centre
    distance = math.hypot(x1 - x0, y1 - y0) / (sum(sides) / 2)
    if distance > reach:
        return 0.0
    return expected.iou(found) + (1 - distance / reach) * (min(sides) / max(sides))
