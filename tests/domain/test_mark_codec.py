"""Marks and policies come back from JSON as they were."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from rollbook.domain.attendance import (
    POLICIES,
    AttendancePolicy,
    Direction,
    Evidence,
    Mark,
    MarkKind,
    Method,
    Status,
)
from rollbook.domain.mark_codec import mark_from_body, mark_to_body
from rollbook.domain.policy_codec import policy_from_json, policy_to_json

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
scores = st.floats(-1, 1)
spans = st.timedeltas(timedelta(0), timedelta(days=2))
evidences = st.builds(
    Evidence,
    score=scores,
    threshold=scores,
    margin=scores,
    required_margin=scores,
    frames=st.integers(1, 20),
    candidates=st.lists(st.tuples(texts, scores), max_size=3).map(tuple),
    gallery_size=st.integers(0, 10**6),
    target_fpir=scores,
    space=texts,
    measured_on=texts,
    attack_detector=st.none() | texts,
    attack_score=st.none() | scores,
    raised=scores,
)
marks = st.builds(
    Mark,
    mark_id=texts,
    session_id=texts,
    subject_id=texts,
    kind=st.sampled_from(MarkKind),
    at=st.datetimes(timezones=st.just(UTC)),
    method=st.sampled_from(Method),
    by=texts,
    status=st.none() | st.sampled_from(Status),
    rule=texts,
    camera_id=st.none() | texts,
    direction=st.sampled_from(Direction),
    reason=st.none() | texts,
    corrects=st.none() | texts,
    evidence=st.none() | evidences,
)


@given(marks)
def test_a_mark_comes_back_from_json_as_it_was(mark: Mark) -> None:
    assert mark_from_body(json.loads(json.dumps(mark_to_body(mark)))) == mark


def test_a_mark_is_kept_in_utc() -> None:
    east = datetime(2026, 3, 2, 9, 0, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    mark = Mark("m", "s", "p", MarkKind.SEEN, east, Method.FACE, "camera")
    kept = mark_from_body(mark_to_body(mark))
    assert kept.at == east and kept.at.tzinfo is UTC


@given(st.builds(AttendancePolicy, spans, st.just(timedelta(0)), st.none() | spans,
                 st.none() | spans, spans, spans, spans, texts))  # fmt: skip
def test_a_policy_comes_back_from_json_as_it_was(policy: AttendancePolicy) -> None:
    assert policy_from_json(json.loads(json.dumps(policy_to_json(policy)))) == policy


def test_a_policy_of_an_earlier_version_gets_the_defaults_of_what_it_lacks() -> None:
    for policy in POLICIES.values():
        written = policy_to_json(policy)
        del written["quiet_period"]
        assert policy_from_json(written).quiet_period == AttendancePolicy().quiet_period
