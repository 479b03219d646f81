"""Class photographs: a face at most one person, a person at most one face."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from types import TracebackType
from typing import Any, Self

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import make_consent
from rollbook.domain.attendance import (
    Direction,
    Ignored,
    Mark,
    MarkKind,
    Method,
    Session,
)
from rollbook.domain.faces import DetectedFace, Refusal
from rollbook.domain.gallery import Gallery
from rollbook.domain.geometry import Box
from rollbook.domain.identification import (
    Doubt,
    Identified,
    OperatingPoint,
    ProbeKind,
    Rejected,
    Unidentified,
)
from rollbook.domain.ports import ReviewItem
from rollbook.domain.subjects import Consent
from rollbook.domain.templates import Template, TemplateSpace, unit_rows
from rollbook.services.galleries import SessionGallery
from rollbook.services.photo import PhotoResult, PhotoTaker, in_rows

SPACE = TemplateSpace("colours", "0" * 12, 8)
NOW = datetime(2026, 3, 2, 8, 5, tzinfo=UTC)
SESSION = Session("s1", "g1", "", NOW, NOW + timedelta(hours=1), date(2026, 3, 2))


def person(index: int) -> np.ndarray:
    return np.eye(8, dtype=np.float32)[index]


def like(index: int, other: int, share: float) -> np.ndarray:
    """Return a unit row that scores about `share` against `other` and the rest against `index`."""
    return unit_rows((np.sqrt(1 - share**2) * person(index) + share * person(other))[None])[0]


class Reviews:
    def __init__(self) -> None:
        self.items: list[ReviewItem] = []

    def add(self, item: ReviewItem) -> None:
        self.items.append(item)

    def all(self, session_id: str | None = None) -> list[ReviewItem]:
        return list(self.items)


class Agreed:
    """Everybody agreed, except those who withdrew."""

    def __init__(self) -> None:
        self.withdrew: set[str] = set()

    def all_of(self, subject_ids: Iterable[str]) -> dict[str, list[Consent]]:
        return {one: [make_consent(one)] for one in subject_ids if one not in self.withdrew}


class Settings:
    """A site that uses faces."""

    def get(self, key: str, default: object = None) -> object:
        return default


class FakeWork:
    """Only what leaving faces for review needs."""

    def __init__(self) -> None:
        self.reviews = Reviews()
        self.consents = Agreed()
        self.site = Settings()
        self.commits = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, e: BaseException | None, t: TracebackType | None
    ) -> None:
        return None

    def commit(self) -> None:
        self.commits += 1


class Room:
    """A photograph is a list of probe rows; face i stands i * 100 pixels from the left."""

    def __init__(self, people: int = 3, threshold: float = 0.5, margin: float = 0.1) -> None:
        point = OperatingPoint(threshold, margin, ProbeKind.SINGLE, SPACE, 0.001, people, "test")
        pairs = [(f"p{i}", Template(person(i), SPACE)) for i in range(people)]
        self.known = SessionGallery(
            Gallery.of(SPACE, pairs), {ProbeKind.SINGLE: point}, frozenset(), 1, (), 0.375
        )
        self.photos: list[Sequence[np.ndarray]] = []
        self.refused: dict[int, Refusal] = {}
        self.written: list[tuple[str, Method]] = []
        self.work = FakeWork()
        self.counted: list[tuple[date, str, str]] = []

    def take(self, *photos: Sequence[np.ndarray]) -> PhotoResult:
        self.photos = list(photos)
        pixels = [np.full((10, 10, 3), i, np.uint8) for i in range(len(photos))]
        return self.taker().propose(SESSION, pixels)

    def taker(self) -> PhotoTaker:
        clock: Any = type("Clock", (), {"now": staticmethod(lambda: NOW)})
        return PhotoTaker(
            lambda: self.work,  # type: ignore[arg-type, return-value]
            clock,
            lambda session: self.known,
            self._detect,
            self._embed,
            lambda pixels, face: self._gate(face),
            self._sight,
            lambda *one: self.counted.append(one),
        )

    def _detect(self, pixels: np.ndarray) -> list[DetectedFace]:
        count = len(self.photos[int(pixels[0, 0, 0])])
        landmarks = np.zeros((5, 2), np.float32)
        # best score first, as detectors answer: from right to left here
        return [
            DetectedFace(Box(i * 100, 0, i * 100 + 50, 50), landmarks, 0.9)
            for i in reversed(range(count))
        ]

    def _embed(self, pixels: np.ndarray, faces: list[DetectedFace]) -> np.ndarray:
        rows = self.photos[int(pixels[0, 0, 0])]
        chosen = [rows[int(face.box.left // 100)] for face in faces]
        return np.stack(chosen) if chosen else np.empty((0, 8), np.float32)

    def _gate(self, face: DetectedFace) -> tuple[Refusal, ...]:
        refusal = self.refused.get(int(face.box.left // 100))
        return (refusal,) if refusal else ()

    def _sight(
        self,
        session_id: str,
        subject_id: str,
        at: datetime,
        method: Method,
        direction: Direction,
        camera_id: str | None,
        evidence: object,
    ) -> Mark | Ignored:
        if (subject_id, method) in self.written:
            return Ignored("already marked")
        self.written.append((subject_id, method))
        return Mark("m", session_id, subject_id, MarkKind.ARRIVED, at, method, "camera")


def named(result: PhotoResult) -> list[str]:
    return [proposal.subject_id for proposal in result.proposals]


def test_an_empty_photograph_proposes_nobody() -> None:
    result = Room().take([])
    assert result.faces == () and result.proposals == ()
    assert result.missing == ("p0", "p1", "p2")


def test_faces_are_numbered_from_left_to_right_and_named() -> None:
    result = Room().take([person(1), person(5), person(0)])
    assert [face.number for face in result.faces] == [1, 2, 3]
    assert sorted(named(result)) == ["p0", "p1"]
    assert isinstance(result.faces[1].decision, Unidentified)
    assert result.missing == ("p2",)


def test_faces_are_counted_as_people_do_row_by_row() -> None:
    places = [(300, 210), (10, 200), (150, 15), (20, 0)]
    landmarks = np.zeros((5, 2), np.float32)
    faces = [DetectedFace(Box(x, y, x + 80, y + 100), landmarks, 0.9) for x, y in places]
    counted = [(face.box.left, face.box.top) for face in in_rows(faces)]
    assert counted == [(20, 0), (150, 15), (10, 200), (300, 210)]
    assert in_rows([]) == []


def test_one_person_is_not_on_a_photograph_twice() -> None:
    result = Room().take([like(6, 0, 0.7), like(7, 0, 0.9)])
    assert named(result) == ["p0"]
    assert result.proposals[0].face.number == 2
    assert result.faces[0].decision == Unidentified(
        Doubt.AMBIGUOUS, result.faces[0].decision.candidates, result.faces[0].decision.point
    )


def test_a_face_between_two_people_is_left_for_a_person() -> None:
    result = Room().take([unit_rows((person(0) + 0.98 * person(1))[None])[0]])
    assert named(result) == []
    assert len(result.unsure) == 1


def test_a_refused_face_is_never_compared() -> None:
    room = Room()
    room.refused = {0: Refusal.BLURRED}
    result = room.take([person(0), person(1)])
    assert result.faces[0].decision == Rejected(Refusal.BLURRED)
    assert named(result) == ["p1"]


def test_two_photographs_that_are_almost_certain_are_certain_together() -> None:
    one, other = like(5, 0, 0.48), unit_rows((person(5) * 0.6 + person(6) * 0.6)[None])[0]
    second = unit_rows((0.49 * person(0) + 0.87 * other)[None])[0]
    room = Room()
    assert named(room.take([one])) == [] and named(room.take([second])) == []
    result = room.take([one], [second])
    assert named(result) == ["p0"]
    assert result.proposals[0].seen_on == (0, 1)
    assert result.proposals[0].decision.frames == 2


def test_photographs_of_different_people_do_not_strengthen_each_other() -> None:
    result = Room().take([like(5, 0, 0.48)], [like(6, 0, 0.48)])
    assert named(result) == []


def test_confirming_twice_writes_once_and_leaves_unsure_faces_once() -> None:
    room = Room()
    result = room.take([person(0), like(6, 1, 0.4)])
    first = room.taker().confirm(SESSION, result, NOW)
    again = room.taker().confirm(SESSION, result, NOW)
    assert [mark.subject_id for mark in first.marks] == ["p0"]
    assert (first.reviews, again.reviews) == (1, 0)
    assert again.marks == () and again.ignored == (("p0", "already marked"),)
    assert room.written == [("p0", Method.PHOTO)]
    assert room.work.reviews.items[0].body["candidates"][0][0] == "p1"  # type: ignore[index]


def test_a_face_is_not_left_when_somebody_it_may_be_withdrew() -> None:
    room = Room()
    result = room.take([like(6, 1, 0.4)])
    room.work.consents.withdrew.add("p1")
    assert room.taker().confirm(SESSION, result, NOW).reviews == 0
    assert room.work.reviews.items == []


def test_nothing_is_embedded_where_nobody_can_be_found() -> None:
    room = Room(people=0)
    room._embed = None  # type: ignore[assignment, method-assign]
    result = room.take([person(0), person(1)])
    assert [type(face.decision) for face in result.faces] == [Unidentified, Unidentified]


def test_each_face_without_a_name_is_counted_by_its_reason() -> None:
    room = Room()
    room.refused = {1: Refusal.BLURRED}
    room.take([person(1), person(2), person(5)], [person(6)])
    assert [what for _day, _source, what in room.counted] == [
        "blurred",
        "below_threshold",
        "below_threshold",
    ]
    assert {one[:2] for one in room.counted} == {(SESSION.business_date, "photograph")}


def test_proposing_writes_nothing() -> None:
    room = Room()
    room.take([person(0), like(6, 1, 0.4)])
    assert room.written == [] and room.work.reviews.items == [] and room.work.commits == 0


@pytest.mark.parametrize("people", [0, 1])
def test_a_tiny_roster_needs_no_special_case(people: int) -> None:
    result = Room(people=people).take([person(0)])
    assert named(result) == [f"p{i}" for i in range(people)]


@given(
    st.lists(
        st.lists(st.floats(-1, 1), min_size=8, max_size=8).filter(lambda v: sum(map(abs, v)) > 0.1),
        max_size=6,
    )
)
def test_nobody_is_named_twice_and_only_above_the_threshold(rows: list[list[float]]) -> None:
    result = Room().take([unit_rows(np.array([row]))[0] for row in rows])
    assert len(set(named(result))) == len(named(result))
    for face in result.faces:
        if isinstance(face.decision, Identified):
            assert face.decision.score >= 0.5
            assert face.decision.margin >= 0.1 or len(face.decision.candidates) == 1
