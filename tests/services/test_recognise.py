"""The way of a frame, with colours for people."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import timedelta

import numpy as np
import pytest

from rollbook import testing as t
from rollbook.domain.faces import DetectedFace, Frame, Pixels, Quality, QualityMeasures, Refusal
from rollbook.domain.gallery import Gallery
from rollbook.domain.identification import Identified, OperatingPoint, ProbeKind, Unidentified
from rollbook.domain.ports import AttackAssessment
from rollbook.domain.tracks import TrackRules
from rollbook.services.galleries import SessionGallery
from rollbook.services.recognise import (
    FrameResult,
    Recogniser,
    RecogniserParts,
    RecogniserRules,
    TrackState,
)
from rollbook.vision.engine import Engine
from rollbook.vision.tracker import FaceFollower

STEP = timedelta(milliseconds=100)
MEASURES = QualityMeasures(30, 100, 120, 120, 0, 0, 0, 1)
PEOPLE = {"red": t.RED, "green": t.GREEN}


def gallery(people: dict[str, t.Colour] = PEOPLE, version: int = 1) -> SessionGallery:
    references = [(name, t.template_of(colour)) for name, colour in people.items()]
    point = OperatingPoint(0.8, 0.1, ProbeKind.TRACK, t.COLOUR_SPACE, 0.001, len(people), "test")
    held = Gallery.of(t.COLOUR_SPACE, references)
    return SessionGallery(held, {ProbeKind.TRACK: point}, frozenset(), version, ())


def good(pixels: Pixels, face: DetectedFace) -> Quality:
    return Quality(80, MEASURES)


class Bench:
    """A recogniser whose people are colours, and its counters."""

    def __init__(
        self,
        known: SessionGallery | None = None,
        *,
        judge: Callable[[Pixels, DetectedFace], Quality] = good,
        rules: RecogniserRules | None = None,
        quickly: t.ColourDetector | None = None,
        attacks: object = None,
    ) -> None:
        self.detector = t.ColourDetector([t.RED, t.GREEN, t.BLUE, t.YELLOW])
        self.embedder = t.ColourEmbedder()
        engine = Engine(self.detector, self.embedder)
        parts = RecogniserParts(
            detect=engine.detect,
            embed=engine.embed,
            judge=judge,
            tracker=FaceFollower(),
            detect_quickly=quickly.detect if quickly else None,
            attack_detector=attacks,  # type: ignore[arg-type]
        )
        self.recogniser = Recogniser(parts, known or gallery(), rules)
        self.at = t.START
        self.sequence = 0

    def show(self, *people: tuple[t.Colour, float, float], step: timedelta = STEP) -> FrameResult:
        """Process one picture in which these colours stand at these places."""
        scene = t.picture(400, 380)
        for colour, left, top in people:
            t.paint(scene, t.face_at(left, top), colour)
        frame = Frame(scene, self.at, "door", self.sequence)
        self.at, self.sequence = self.at + step, self.sequence + 1
        return self.recogniser.process(frame)

    def show_for(self, count: int, *people: tuple[t.Colour, float, float]) -> list[FrameResult]:
        return [self.show(*people) for _ in range(count)]


def decisions(results: list[FrameResult]) -> list[Identified | Unidentified]:
    return [view.decision for r in results for view in r.tracks if view.decision is not None]


def test_a_known_person_is_named_once_and_then_costs_nothing() -> None:
    bench = Bench()
    results = bench.show_for(20, (t.RED, 100, 100))
    (decision,) = decisions(results)
    assert isinstance(decision, Identified)
    assert decision.subject_id == "red"
    assert decision.frames == bench.embedder.embedded == 3
    assert results[-1].tracks[0].state is TrackState.IDENTIFIED


def test_a_person_of_no_roster_stays_unknown() -> None:
    bench = Bench()
    results = bench.show_for(12, (t.BLUE, 100, 100))
    (decision,) = decisions(results)
    assert isinstance(decision, Unidentified)
    assert results[-1].tracks[0].state is TrackState.UNKNOWN
    assert results[-1].tracks[0].subject_id is None


def test_all_faces_of_a_frame_are_embedded_as_one_batch() -> None:
    bench = Bench()
    bench.show((t.RED, 100, 100), (t.GREEN, 300, 100), (t.BLUE, 100, 300))
    assert (bench.embedder.batches, bench.embedder.embedded) == (1, 3)


def test_a_frame_embeds_no_more_faces_than_its_batch_and_the_others_come_next() -> None:
    bench = Bench(rules=RecogniserRules(batch=1))
    results = bench.show_for(8, (t.RED, 100, 100), (t.GREEN, 300, 100))
    assert {r.embedded for r in results} <= {0, 1}
    assert {d.subject_id for d in decisions(results) if isinstance(d, Identified)} == {
        "red",
        "green",
    }


def test_one_lucky_frame_among_bad_ones_names_nobody() -> None:
    for lucky in range(8):
        bench = Bench(gallery({"red": t.RED}))
        results = [
            bench.show((t.RED if i == lucky else t.BLUE, 100, 100)) for i in range(12)
        ]  # the same place, so the same track
        assert [r.tracks[0].track_id for r in results] == [1] * 12
        assert not any(isinstance(d, Identified) for d in decisions(results))


def test_frames_that_show_the_same_moment_are_not_counted_twice() -> None:
    bench = Bench()
    for _ in range(5):
        bench.show((t.RED, 100, 100), step=timedelta(milliseconds=5))
    assert bench.embedder.embedded == 1


@pytest.mark.slow
def test_an_unknown_track_is_tried_again_with_fresh_samples_and_ever_less_often() -> None:
    bench = Bench(rules=RecogniserRules(recheck_after=timedelta(hours=1)))
    results = bench.show_for(300, (t.BLUE, 100, 100))
    settled = [r.sequence for r in results if any(v.decision for v in r.tracks)]
    waits = [later - earlier for earlier, later in itertools.pairwise(settled)]
    assert waits[0] >= 30  # three seconds
    assert waits == sorted(waits)
    assert waits[1] > 1.5 * waits[0]
    assert {view.state for r in results[20:] for view in r.tracks} == {TrackState.UNKNOWN}


def test_a_face_that_the_quality_gate_refuses_is_never_embedded() -> None:
    def dark(pixels: Pixels, face: DetectedFace) -> Quality:
        return Quality(5, MEASURES, (Refusal.TOO_DARK,))

    bench = Bench(judge=dark)
    results = bench.show_for(5, (t.RED, 100, 100))
    assert bench.embedder.embedded == 0
    assert results[-1].tracks[0].state is TrackState.REFUSED
    assert results[-1].tracks[0].reason is Refusal.TOO_DARK


def test_a_refused_face_that_gets_better_is_looked_at() -> None:
    answers = iter([Quality(5, MEASURES, (Refusal.BLURRED,))] * 3)
    bench = Bench(judge=lambda pixels, face: next(answers, Quality(80, MEASURES)))
    results = bench.show_for(8, (t.RED, 100, 100))
    assert results[2].tracks[0].state is TrackState.REFUSED
    assert results[-1].tracks[0].state is TrackState.IDENTIFIED
    assert results[-1].tracks[0].reason is None


class Suspicious:
    """Takes every red face for a photograph."""

    def assess(self, pixels: Pixels, face: DetectedFace) -> AttackAssessment:
        x, y = (int(value) for value in face.box.centre)
        score = 0.9 if pixels[y, x, 2] > 200 else 0.1
        return AttackAssessment("suspicious", score, refused=score > 0.5)


def test_an_attack_is_refused_before_it_is_embedded() -> None:
    bench = Bench(attacks=Suspicious())
    results = bench.show_for(6, (t.RED, 100, 100), (t.GREEN, 300, 100))
    red, green = results[-1].tracks
    assert (red.state, red.reason) == (TrackState.REFUSED, Refusal.PRESENTATION_ATTACK)
    assert green.state is TrackState.IDENTIFIED
    assert green.attack == AttackAssessment("suspicious", 0.1, refused=False)
    assert bench.embedder.embedded == 3


def test_an_empty_gallery_costs_no_embedding_and_names_nobody() -> None:
    bench = Bench(gallery({}))
    results = bench.show_for(5, (t.RED, 100, 100))
    assert bench.embedder.embedded == 0
    assert results[-1].tracks[0].state is TrackState.UNKNOWN


def test_a_name_does_not_pass_to_whoever_takes_the_place() -> None:
    """Somebody else steps into the very place: the next look notices."""
    bench = Bench()
    bench.show_for(6, (t.RED, 100, 100))
    results = bench.show_for(45, (t.GREEN, 100, 100))
    assert results[0].tracks[0].track_id == 1  # for the tracker it is the same face
    found = [d for d in decisions(results) if isinstance(d, Identified)]
    assert [d.subject_id for d in found] == ["green"]
    assert results[-1].tracks[0].subject_id == "green"


def test_a_face_that_was_out_of_sight_for_a_moment_has_to_be_named_again() -> None:
    bench = Bench()
    bench.show_for(6, (t.RED, 100, 100))
    bench.show_for(4)
    results = bench.show_for(6, (t.GREEN, 105, 100))
    assert results[0].tracks[0].subject_id is None
    assert [d.subject_id for d in decisions(results) if isinstance(d, Identified)] == ["green"]


def test_after_a_cut_nobody_keeps_their_name() -> None:
    bench = Bench()
    before = bench.show_for(5, (t.RED, 100, 100))
    stripes = np.tile(np.array([0, 255], np.uint8).repeat(100), 2)
    scene = np.repeat(np.tile(stripes, (380, 1))[:, :, None], 3, axis=2)
    t.paint(scene, t.face_at(100, 100), t.RED)
    after = bench.recogniser.process(Frame(scene, bench.at, "door", 99))
    assert before[-1].tracks[0].subject_id == "red"
    assert after.ended == (before[-1].tracks[0].track_id,)
    assert after.tracks[0].subject_id is None


def test_a_new_gallery_finds_who_was_unknown_and_drops_who_left_it() -> None:
    bench = Bench()
    bench.show_for(12, (t.RED, 100, 100), (t.BLUE, 300, 100))
    bench.recogniser.use(gallery({"blue": t.BLUE, "green": t.GREEN}, version=2))
    first = bench.show((t.RED, 100, 100), (t.BLUE, 300, 100))
    assert [view.subject_id for view in first.tracks] == [None, None]
    results = bench.show_for(10, (t.RED, 100, 100), (t.BLUE, 300, 100))
    assert [view.state for view in results[-1].tracks] == [
        TrackState.UNKNOWN,
        TrackState.IDENTIFIED,
    ]
    assert bench.recogniser.known.version == 2


def test_whoever_stays_in_view_is_decided_anew_after_a_while() -> None:
    rules = RecogniserRules(renew_after=timedelta(seconds=4))
    bench = Bench(rules=rules)
    results = bench.show_for(100, (t.RED, 100, 100))
    assert len(decisions(results)) == 3
    assert {view.state for r in results[5:] for view in r.tracks} == {TrackState.IDENTIFIED}


def test_between_full_searches_a_quick_one_follows_and_embeds_nothing() -> None:
    quick = t.ColourDetector([t.RED])
    bench = Bench(rules=RecogniserRules(calm_search_every=STEP * 0.6), quickly=quick)
    results = [bench.show((t.RED, 100 + i, 100), step=timedelta(milliseconds=33)) for i in range(9)]
    assert [r.complete for r in results] == [True, False] * 4 + [True]
    assert (bench.detector.calls, quick.calls) == (5, 4)
    assert all(r.embedded == 0 for r in results if not r.complete)
    assert [r.tracks[0].track_id for r in results] == [1] * 9
    assert len(decisions(results)) == 1


def test_while_nothing_is_asked_full_searches_are_fewer_and_a_new_face_brings_them_back() -> None:
    bench = Bench(quickly=t.ColourDetector([t.RED, t.GREEN]))
    tick = timedelta(milliseconds=33)
    red, green = (t.RED, 100, 100), (t.GREEN, 250, 100)
    looking = [bench.show(red, step=tick).complete for _ in range(5)]
    calm = [bench.show(red, step=tick).complete for _ in range(14)]
    again = [bench.show(red, green, step=tick) for _ in range(6)]
    assert looking == [True, False, True, False, True]
    assert sum(calm) == 2
    assert sum(result.complete for result in again) >= 2
    assert [view.subject_id for view in again[-1].tracks] == ["red", "green"]


def test_a_quick_search_that_overlooks_a_face_does_not_lose_it() -> None:
    bench = Bench(quickly=t.ColourDetector([]))
    results = [bench.show((t.RED, 100, 100), step=timedelta(milliseconds=33)) for _ in range(30)]
    assert {view.track_id for r in results for view in r.tracks} == {1}
    assert len(decisions(results)) == 1


@pytest.mark.parametrize("agreeing", [2, 4])
def test_as_many_frames_agree_as_the_rules_ask_for(agreeing: int) -> None:
    bench = Bench(rules=RecogniserRules(tracks=TrackRules(agreeing=agreeing)))
    (decision,) = decisions(bench.show_for(10, (t.RED, 100, 100)))
    assert decision.frames == agreeing
