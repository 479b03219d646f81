"""Following faces: ids stay with faces, and only with faces."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from rollbook.domain.geometry import Box
from rollbook.testing import START, face_at
from rollbook.vision.tracker import FaceFollower, TrackerRules, alikeness

STEP = timedelta(milliseconds=66)
places = st.tuples(st.floats(-50, 600), st.floats(-50, 450), st.floats(12, 200))
Crowd = list[list[tuple[float, float, float]]]
crowds = st.lists(st.lists(places, max_size=6), max_size=12)


@settings(max_examples=60, deadline=None)
@given(crowds)
def test_each_found_face_belongs_to_exactly_one_track(crowd: Crowd) -> None:
    follower = FaceFollower()
    for step, people in enumerate(crowd):
        faces = [face_at(*person) for person in people]
        update = follower.update(faces, START + step * STEP)
        followed = [tracked.face for tracked in update.faces if tracked.face is not None]
        assert sorted(map(id, followed)) == sorted(map(id, faces))
        ids = [tracked.track_id for tracked in update.faces]
        assert len(ids) == len(set(ids))


@settings(max_examples=60, deadline=None)
@given(crowds)
def test_an_id_that_ended_never_comes_back_and_none_vanishes_silently(
    crowd: Crowd,
) -> None:
    follower = FaceFollower()
    alive: set[int] = set()
    over: set[int] = set()
    for step, people in enumerate(crowd):
        update = follower.update([face_at(*p) for p in people], START + step * 4 * STEP)
        now = {tracked.track_id for tracked in update.faces}
        assert not now & over
        assert alive - now == set(update.ended)
        over |= set(update.ended)
        alive = now


@settings(max_examples=60, deadline=None)
@given(crowds)
def test_the_same_frames_give_the_same_tracks(crowd: Crowd) -> None:
    first, second = FaceFollower(), FaceFollower()
    for step, people in enumerate(crowd):
        faces, at = [face_at(*p) for p in people], START + step * STEP
        assert first.update(faces, at) == second.update(faces, at)


@settings(max_examples=60, deadline=None)
@given(st.floats(0, 500), st.floats(0, 400), st.floats(20, 150), st.floats(-3, 3), st.floats(-3, 3))
def test_a_steadily_moving_face_keeps_its_id(
    left: float, top: float, size: float, across: float, down: float
) -> None:
    """Up to three face sides a second, which at arm's length is a quick walk."""
    follower = FaceFollower()
    speed = size * STEP.total_seconds()
    for step in range(20):
        face = face_at(left + across * speed * step, top + down * speed * step, size)
        update = follower.update([face], START + step * STEP)
        assert [tracked.track_id for tracked in update.faces] == [1]


def test_two_people_who_cross_at_a_distance_keep_their_ids() -> None:
    follower = FaceFollower()
    for step in range(30):
        a, b = face_at(50 + 12 * step, 100), face_at(410 - 12 * step, 190)
        update = follower.update([b, a] if step % 2 else [a, b], START + step * STEP)
        where = {tracked.track_id: tracked.box.top for tracked in update.faces}
        assert where == {1: 100, 2: 190}


def test_a_face_that_is_missed_for_a_moment_is_expected_where_it_was_going() -> None:
    follower = FaceFollower()
    for step in range(6):
        follower.update([face_at(100 + 10 * step, 100)], START + step * STEP)
    (tracked,) = follower.update([], START + 6 * STEP).faces
    assert tracked.face is None
    assert 152 <= tracked.box.left <= 161
    (again,) = follower.update([face_at(170, 100)], START + 7 * STEP).faces
    assert (again.track_id, again.hits, again.reacquired) == (1, 7, False)


def test_a_face_that_was_out_of_sight_is_said_to_be_reacquired() -> None:
    follower = FaceFollower()
    for step in range(4):
        follower.update([face_at(100, 100)], START + step * STEP)
    for step in range(4, 9):
        follower.update([], START + step * STEP)
    (tracked,) = follower.update([face_at(104, 100)], START + 9 * STEP).faces
    assert (tracked.track_id, tracked.reacquired) == (1, True)
    (tracked,) = follower.update([face_at(104, 100)], START + 10 * STEP).faces
    assert not tracked.reacquired


def test_after_a_longer_absence_it_is_somebody_new() -> None:
    follower = FaceFollower()
    follower.update([face_at(100, 100)], START)
    for step in range(1, 16):
        update = follower.update([], START + step * STEP)
    assert update.faces == ()
    (tracked,) = follower.update([face_at(100, 100)], START + 16 * STEP).faces
    assert tracked.track_id == 2


def test_after_a_gap_in_the_pictures_nobody_is_the_same() -> None:
    follower = FaceFollower()
    for step in range(5):
        follower.update([face_at(100, 100)], START + step * STEP)
    update = follower.update([face_at(100, 100)], START + timedelta(seconds=20), complete=False)
    assert update.ended == (1,)
    assert [tracked.track_id for tracked in update.faces] == [2]


def test_a_moment_without_any_frame_says_nothing_about_a_face() -> None:
    """A busy machine skips frames; nobody has to be recognised anew for that."""
    follower = FaceFollower()
    for step in range(5):
        follower.update([face_at(100, 100)], START + step * STEP)
    (tracked,) = follower.update([face_at(110, 100)], START + timedelta(seconds=0.8)).faces
    assert (tracked.track_id, tracked.reacquired) == (1, False)
    (tracked,) = follower.update([face_at(110, 100)], START + timedelta(seconds=2.2)).faces
    assert (tracked.track_id, tracked.reacquired) == (1, True)


def test_a_camera_of_one_frame_a_second_can_be_followed() -> None:
    follower = FaceFollower()
    for second in range(8):
        update = follower.update([face_at(100, 100)], START + timedelta(seconds=second))
    assert update.faces[0].hits >= 6


def test_a_clock_that_is_set_back_ends_all_tracks() -> None:
    follower = FaceFollower()
    follower.update([face_at(100, 100)], START)
    update = follower.update([face_at(100, 100)], START - timedelta(hours=1))
    assert update.ended == (1,)


def test_a_quick_search_loses_nobody() -> None:
    follower = FaceFollower()
    follower.update([face_at(100, 100, 30)], START)
    for step in range(1, 40):
        update = follower.update([], START + step * STEP, complete=False)
    assert [tracked.track_id for tracked in update.faces] == [1]
    assert follower.update([], START + 40 * STEP).ended == ()  # the first complete search
    assert follower.update([], START + 41 * STEP).ended == (1,)


def test_a_reset_ends_everybody() -> None:
    follower = FaceFollower()
    follower.update([face_at(100, 100), face_at(300, 100)], START)
    assert follower.reset().ended == (1, 2)
    assert follower.update([], START + STEP).faces == ()


def test_boxes_of_another_size_or_far_away_cannot_be_the_same_face() -> None:
    rules = TrackerRules()
    here = Box(100, 100, 160, 160)
    assert alikeness(here, here, rules.reach, rules.size_ratio) == 2.0
    assert alikeness(here, here.moved(60, 0), rules.reach, rules.size_ratio) == 0.0
    assert alikeness(here, Box(70, 70, 190, 190), rules.reach, rules.size_ratio) == 0.0
    assert alikeness(here, Box(100, 100, 100, 160), rules.reach, rules.size_ratio) == 0.0
