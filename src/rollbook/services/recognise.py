"""From frames to decisions: each face is followed, and named or left unknown as a whole."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from rollbook.domain.faces import DetectedFace, Frame, Pixels, Quality, Refusal
from rollbook.domain.geometry import Box
from rollbook.domain.identification import Identified, ProbeKind, Unidentified
from rollbook.domain.ports import AttackAssessment, AttackDetector, FaceTracker
from rollbook.domain.scenes import SceneWatch
from rollbook.domain.templates import Template
from rollbook.domain.tracking import TrackedFace, TrackUpdate
from rollbook.domain.tracks import TrackEvidence, TrackRules, TrackSample
from rollbook.services.galleries import SessionGallery

Detect = Callable[[Pixels], list[DetectedFace]]
Embed = Callable[[Pixels, list[DetectedFace]], npt.NDArray[np.float32]]
Judge = Callable[[Pixels, DetectedFace], Quality]
Settled = Identified | Unidentified


class TrackState(StrEnum):
    """What is known about a followed face."""

    LOOKING = "looking"  # more frames are needed
    IDENTIFIED = "identified"
    UNKNOWN = "unknown"  # nobody of this session
    REFUSED = "refused"  # cannot be used as it is now; the reason says what to do


@dataclass(frozen=True, slots=True)
class TrackView:
    """One followed face in one frame."""

    track_id: int
    box: Box
    state: TrackState
    subject_id: str | None = None  # only when identified
    reason: Refusal | None = None  # only when refused
    decision: Settled | None = None  # only in the frame that settled it
    attack: AttackAssessment | None = None


@dataclass(frozen=True, slots=True)
class FrameResult:
    """What one frame showed, and what it cost."""

    captured_at: datetime
    sequence: int
    tracks: tuple[TrackView, ...]
    ended: tuple[int, ...]  # ids of tracks that are over
    faces: int  # found in this frame
    embedded: int  # crops that were embedded
    complete: bool  # searched in full; false after a quick search


@dataclass(frozen=True, slots=True)
class RecogniserRules:
    """How much is spent on each face."""

    tracks: TrackRules = field(default_factory=TrackRules)
    full_search_every: timedelta = timedelta(milliseconds=60)  # between them a quick one
    calm_search_every: timedelta = timedelta(milliseconds=200)  # while nothing is being asked
    recheck_after: timedelta = timedelta(seconds=3)  # one sample: is it still the same person?
    renew_after: timedelta = timedelta(minutes=5)  # then a named track is decided anew
    longest_retry: timedelta = timedelta(seconds=24)  # waits for unknown faces double up to this
    batch: int = 4  # faces embedded in one frame; more would hold up the frames after it


@dataclass(frozen=True, slots=True)
class RecogniserParts:
    """The networks and measures that a recogniser uses."""

    detect: Detect
    embed: Embed
    judge: Judge  # the quality gate for probes
    tracker: FaceTracker
    detect_quickly: Detect | None = None  # cheaper, may overlook faces under 40 pixels
    attack_detector: AttackDetector | None = None


@dataclass(slots=True)
class Inquiry:
    """What is known about one track, and whether more is being asked."""

    retry: timedelta
    state: TrackState = TrackState.LOOKING
    evidence: TrackEvidence | None = None  # None: settled, nothing is spent
    subject_id: str | None = None
    reason: Refusal | None = None
    attack: AttackAssessment | None = None
    settled_at: datetime | None = None
    checked_at: datetime | None = None

    def start_over(self, rules: TrackRules) -> None:
        """Forget what was found: it may be another person now."""
        self.state, self.evidence = TrackState.LOOKING, TrackEvidence(rules)
        self.subject_id = self.reason = self.attack = None
        self.settled_at = self.checked_at = None

    def refuse(self, reason: Refusal) -> None:
        """Say why this frame's face is not used; a settled track stays what it is."""
        if self.state in {TrackState.LOOKING, TrackState.REFUSED}:
            self.state, self.reason = TrackState.REFUSED, reason

    def accept(self) -> None:
        if self.state is TrackState.REFUSED:
            self.state, self.reason = TrackState.LOOKING, None

    def settle(self, decision: Settled, at: datetime, rules: RecogniserRules) -> None:
        """Keep a decision and stop spending on this track."""
        self.evidence, self.reason, self.settled_at, self.checked_at = None, None, at, at
        if isinstance(decision, Identified):
            self.state, self.subject_id = TrackState.IDENTIFIED, decision.subject_id
            self.retry = rules.tracks.retry_after
            return
        if self.state is TrackState.UNKNOWN:
            self.retry = min(2 * self.retry, rules.longest_retry)
        self.state, self.subject_id = TrackState.UNKNOWN, None

    def reopen_when_due(self, at: datetime, rules: RecogniserRules) -> None:
        """Ask again about an unknown face, and about a named one after a long while."""
        if self.evidence is not None or self.settled_at is None:
            return
        wait = rules.renew_after if self.state is TrackState.IDENTIFIED else self.retry
        if at - self.settled_at >= wait:
            self.evidence = TrackEvidence(rules.tracks)

    def recheck_soon(self) -> None:
        """Look again at the next chance; the thresholds may be others now."""
        if self.state is TrackState.IDENTIFIED:
            self.checked_at = None

    def wants_check(self, at: datetime, rules: RecogniserRules) -> bool:
        """Return whether a named, settled track is due for a look whether it is still the same."""
        if self.evidence is not None or self.state is not TrackState.IDENTIFIED:
            return False
        return self.checked_at is None or at - self.checked_at >= rules.recheck_after


@dataclass(frozen=True, slots=True)
class Sample:
    """A face of this frame that passed the gates and is worth an embedding."""

    track_id: int
    face: DetectedFace
    weight: float  # quality 0..1


class Recogniser:
    """Keeps what is known about each followed face of one camera. For one thread.

    `use` may be called from any thread: the new gallery holds from the next frame on.
    """

    def __init__(
        self,
        parts: RecogniserParts,
        known: SessionGallery,
        rules: RecogniserRules | None = None,
    ) -> None:
        self._parts = parts
        self._rules = rules or RecogniserRules()
        self._offered = known
        self._known = known
        self._inquiries: dict[int, Inquiry] = {}
        self._scene = SceneWatch()
        self._searched_at: datetime | None = None

    @property
    def known(self) -> SessionGallery:
        """The gallery that the next frame is compared with."""
        return self._offered

    def use(self, known: SessionGallery) -> None:
        """Replace gallery, thresholds and look-alikes as one."""
        self._offered = known

    def process(self, frame: Frame) -> FrameResult:
        """Return what this frame showed; at most one decision for each track."""
        self._adopt_gallery()
        complete = self._full_search_due(frame.captured_at)
        faces = self._search(frame.pixels, complete=complete)
        update = self._follow(frame, faces, complete=complete)
        samples = self._samples(frame, update.faces) if complete else []
        decisions = self._embed_and_decide(frame, samples)
        return FrameResult(
            captured_at=frame.captured_at,
            sequence=frame.sequence,
            tracks=tuple(self._view(tracked, decisions) for tracked in update.faces),
            ended=update.ended,
            faces=len(faces),
            embedded=len(samples),
            complete=complete,
        )

    def _adopt_gallery(self) -> None:
        """Take over a new gallery; whoever is not in it any more loses their name at once."""
        offered = self._offered
        if offered is self._known:
            return
        self._known = offered
        present = set(offered.gallery.subject_ids)
        for inquiry in self._inquiries.values():
            if inquiry.subject_id is None or inquiry.subject_id not in present:
                inquiry.start_over(self._rules.tracks)
            else:
                inquiry.recheck_soon()

    def _full_search_due(self, at: datetime) -> bool:
        """Return whether this frame is searched in full; remembers that it was.

        Samples come from full searches alone. While nobody has to be looked at, fewer of them
        are enough to find small faces; larger ones are found by every quick search.
        """
        asking = any(inquiry.evidence is not None for inquiry in self._inquiries.values())
        wait = self._rules.full_search_every if asking else self._rules.calm_search_every
        since = None if self._searched_at is None else at - self._searched_at
        quick = self._parts.detect_quickly is not None
        if quick and since is not None and timedelta(0) <= since < wait:
            return False
        self._searched_at = at
        return True

    def _search(self, pixels: Pixels, *, complete: bool) -> list[DetectedFace]:
        quick = self._parts.detect_quickly
        return self._parts.detect(pixels) if complete or quick is None else quick(pixels)

    def _follow(
        self, frame: Frame, faces: Sequence[DetectedFace], *, complete: bool
    ) -> TrackUpdate:
        """Match faces to tracks; after a cut, or out of sight, nobody keeps their name."""
        cut = self._parts.tracker.reset().ended if self._scene.is_cut(frame.pixels) else ()
        update = self._parts.tracker.update(faces, frame.captured_at, complete=complete)
        ended = (*cut, *update.ended)
        for track_id in ended:
            self._inquiries.pop(track_id, None)
        for tracked in update.faces:
            inquiry = self._inquiries.get(tracked.track_id)
            if inquiry is None:
                inquiry = Inquiry(self._rules.tracks.retry_after)
                inquiry.start_over(self._rules.tracks)
                self._inquiries[tracked.track_id] = inquiry
            elif tracked.reacquired:
                inquiry.start_over(self._rules.tracks)
        return TrackUpdate(update.faces, ended)

    def _samples(self, frame: Frame, tracked: Iterable[TrackedFace]) -> list[Sample]:
        """Return the faces worth an embedding, those that passed the gates; best quality first."""
        if len(self._known.gallery) == 0:
            return []  # nobody can be found, so nothing is computed
        passed = [
            sample
            for one in tracked
            if one.face is not None and self._wanted(one.track_id, frame.captured_at)
            if (sample := self._screen(frame.pixels, one.track_id, one.face)) is not None
        ]
        passed.sort(key=lambda sample: -sample.weight)
        return passed[: self._rules.batch]

    def _wanted(self, track_id: int, at: datetime) -> bool:
        inquiry = self._inquiries[track_id]
        inquiry.reopen_when_due(at, self._rules)
        if inquiry.evidence is not None:
            return inquiry.evidence.wants(at)
        return inquiry.wants_check(at, self._rules)

    def _screen(self, pixels: Pixels, track_id: int, face: DetectedFace) -> Sample | None:
        """Return the face as a sample, or None when quality or attack detection refuse it."""
        inquiry = self._inquiries[track_id]
        quality = self._parts.judge(pixels, face)
        if quality.refusals:
            inquiry.refuse(quality.refusals[0])
            return None
        if self._is_attack(pixels, inquiry, face):
            inquiry.start_over(self._rules.tracks)
            inquiry.refuse(Refusal.PRESENTATION_ATTACK)
            return None
        inquiry.accept()
        return Sample(track_id, face, quality.score / 100)

    def _is_attack(self, pixels: Pixels, inquiry: Inquiry, face: DetectedFace) -> bool:
        if self._parts.attack_detector is None:
            return False
        said = self._parts.attack_detector.assess(pixels, face)
        if said is None:
            return False
        if inquiry.attack is None or said.score > inquiry.attack.score:
            inquiry.attack = said
        return said.refused

    def _embed_and_decide(self, frame: Frame, samples: list[Sample]) -> dict[int, Settled]:
        """Embed all samples as one batch; return the decisions that they led to."""
        if not samples:
            return {}
        rows = self._parts.embed(frame.pixels, [sample.face for sample in samples])
        decisions: dict[int, Settled] = {}
        for sample, row in zip(samples, rows, strict=True):
            template = Template(row, self._known.gallery.space)
            decision = self._add(sample, template, frame.captured_at)
            if decision is not None:
                decisions[sample.track_id] = decision
        return decisions

    def _add(self, sample: Sample, template: Template, at: datetime) -> Settled | None:
        """Add one sample to its track; return the decision when that settles it."""
        inquiry = self._inquiries[sample.track_id]
        found = self._known.gallery.search(template, limit=1)
        best = found[0] if found else None
        if inquiry.evidence is None:
            near = self._rules.tracks.near(self._known.point(ProbeKind.TRACK))
            if best is not None and best.subject_id == inquiry.subject_id and best.score >= near:
                inquiry.checked_at = at
                return None
            inquiry.start_over(self._rules.tracks)  # somebody else stands there now
        evidence = inquiry.evidence or TrackEvidence(self._rules.tracks)
        inquiry.evidence = evidence
        evidence.add(TrackSample(template, sample.weight, at, best))
        decision = self._decide(evidence)
        if decision is not None:
            inquiry.settle(decision, at, self._rules)
        return decision

    def _decide(self, evidence: TrackEvidence) -> Settled | None:
        known = self._known
        return evidence.decide(known.gallery, known.point(ProbeKind.TRACK), known.look_alikes)

    def _view(self, tracked: TrackedFace, decisions: dict[int, Settled]) -> TrackView:
        inquiry = self._inquiries[tracked.track_id]
        nobody = len(self._known.gallery) == 0
        return TrackView(
            track_id=tracked.track_id,
            box=tracked.box,
            state=TrackState.UNKNOWN if nobody else inquiry.state,
            subject_id=inquiry.subject_id,
            reason=inquiry.reason,
            decision=decisions.get(tracked.track_id),
            attack=inquiry.attack,
        )
