"""Why the register says what it says, in words."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from rollbook.domain.attendance import (
    Evidence,
    Mark,
    MarkKind,
    Method,
    Session,
    Status,
    record_of,
)
from rollbook.domain.explanation import explain

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
SESSION = Session("s", "g", "", NOW, NOW + timedelta(hours=1), date(2026, 3, 2))
EVIDENCE = Evidence(0.61, 0.41, 0.2, 0.05, 5, (("p", 0.61),), 30, 0.001, "sface", "dev")
SEEN = Mark(
    "1", "s", "p", MarkKind.ARRIVED, NOW, Method.FACE, "camera", camera_id="door", evidence=EVIDENCE
)
SET = Mark(
    "2", "s", "p", MarkKind.STATUS, NOW, Method.HAND, "Ms Bell", Status.EXCUSED, reason="dentist"
)


def told(*marks: Mark) -> str:
    return explain(record_of(SESSION, "p", marks, NOW))


def test_a_face_is_explained_by_rule_camera_score_threshold_margin_and_frames() -> None:
    assert told(SEEN) == (
        "arrived within 10 min of the start; recognised at the camera door; score 0.610 "
        "(threshold 0.410), margin 0.200 (needs 0.050), 5 frames, among 30 people"
    )


def test_who_set_a_status_and_why_comes_before_what_was_seen() -> None:
    assert told(SEEN, SET) == "set by Ms Bell: dentist"
    assert told(SEEN, replace(SET, reason=None)) == "set by Ms Bell"


def test_a_status_that_was_taken_back_explains_nothing() -> None:
    back = replace(SET, mark_id="3", status=Status.OPEN, reason="a mistake")
    assert told(SEEN, SET, back).startswith("arrived within")


def test_who_was_not_seen_is_explained_by_the_rule() -> None:
    assert told() == "not seen yet"
