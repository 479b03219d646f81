"""What a teacher says about the faces of class photographs, written as marks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from rollbook.domain.attendance import (
    Direction,
    Ignored,
    Mark,
    Method,
    Session,
    Status,
    next_mark,
    record_of,
    rule_of,
)
from rollbook.domain.evidence import evidence_of
from rollbook.domain.identification import Identified
from rollbook.domain.ports import Clock, OpenUnitOfWork, UnitOfWork
from rollbook.domain.register import EntryKind, NewEntry
from rollbook.domain.review import worth_a_look
from rollbook.domain.statements import Change, statement, was_set_absent
from rollbook.domain.subjects import new_id
from rollbook.errors import InvalidInput
from rollbook.services.announcing import write_mark
from rollbook.services.galleries import may_be_recognised
from rollbook.services.marks import marks_of
from rollbook.services.photo import PhotoFace, PhotoResult, photo_review
from rollbook.services.reviewing import all_agree

ASSIGNED = "assigned on a class photograph"
FaceKey = tuple[int, int]  # photograph, 0-based; number of the face, 1-based


@dataclass(frozen=True, slots=True)
class PhotoWritten:
    """What became of the faces."""

    marks: tuple[Mark, ...]
    ignored: tuple[tuple[str, str], ...]  # (subject id, reason)
    reviews: int  # faces left for later


class PhotoMarks:
    """Writes what a person confirmed, corrected or assigned; nothing else."""

    def __init__(self, open_uow: OpenUnitOfWork, clock: Clock) -> None:
        self._open_uow = open_uow
        self._clock = clock

    def write(
        self,
        session_id: str,
        result: PhotoResult,
        people: Mapping[FaceKey, str],
        taken_at: datetime,
        by: str,
        later: frozenset[FaceKey] = frozenset(),
    ) -> PhotoWritten:
        """Write a mark for each person that a face was said to be; the same again writes nothing.

        `people` maps faces to subject ids, all others are nobody; `later` are unsure faces that
        wait in the queue. A name that the photograph itself gave is kept with its evidence; any
        other, as that of somebody who withdrew meanwhile, is a mark by hand with a note.

        Raises:
            InvalidInput: somebody is not on the list, or twice on one photograph.
        """
        _refuse_twice(people)
        with self._open_uow() as uow:
            uow.register.hold()
            session = uow.sessions.get(session_id)
            roster = set(uow.groups.roster(session.group_id, session.business_date))
            if not set(people.values()) <= roster:
                raise InvalidInput("Only somebody of this session's list can be chosen.")
            marks: list[Mark] = []
            ignored: list[tuple[str, str]] = []
            for subject_id, face in _best_faces(result, people).items():
                mark = self._mark(uow, session, subject_id, face, taken_at, by)
                if isinstance(mark, Ignored):
                    ignored.append((subject_id, mark.reason))
                else:
                    marks.append(mark)
            now = self._clock.now()
            reviews = _leave(uow, session, result, set(people.values()), later, taken_at, now)
            uow.commit()
        return PhotoWritten(tuple(marks), tuple(ignored), reviews)

    def note_looked_at(self, session_id: str, photos: int, by: str) -> None:
        """Write that somebody let faces of photographs be compared."""
        body: dict[str, object] = {
            "event": "class photograph looked at",
            "at": self._clock.now().isoformat(),
            "by": by,
            "photographs": photos,
        }
        with self._open_uow() as uow:
            uow.register.append(NewEntry(EntryKind.ACCESS, body, session_id))
            uow.commit()

    def _mark(
        self,
        uow: UnitOfWork,
        session: Session,
        subject_id: str,
        face: PhotoFace,
        at: datetime,
        by: str,
    ) -> Mark | Ignored:
        marks = marks_of(uow, [session.session_id])[session.session_id]
        record = record_of(session, subject_id, marks, self._clock.now())
        kind = next_mark(session, record.marks, at, Direction.IN)
        if isinstance(kind, Ignored):
            return kind
        own = (
            isinstance(face.decision, Identified)
            and face.decision.subject_id == subject_id
            and may_be_recognised(uow, subject_id, self._clock.now())
        )
        mark = Mark(
            mark_id=new_id(),
            session_id=session.session_id,
            subject_id=subject_id,
            kind=kind,
            at=at,
            method=Method.PHOTO if own else Method.HAND,
            by=by,
            rule=rule_of(session, kind, at),
            direction=Direction.IN,
            reason=None if own else ASSIGNED,
            evidence=evidence_of(face.decision)
            if own and isinstance(face.decision, Identified)
            else None,
        )
        write_mark(uow, session, mark, self._clock.now())
        if was_set_absent(record):
            change = Change(subject_id, Status.OPEN, ASSIGNED)
            taken_back = statement(session, record, change, by, at=self._clock.now())
            write_mark(uow, session, taken_back, self._clock.now())
        return mark


def _refuse_twice(people: Mapping[FaceKey, str]) -> None:
    seen = Counter((photo, subject) for (photo, _), subject in people.items())
    if any(count > 1 for count in seen.values()):
        raise InvalidInput("Somebody was chosen for two faces of one photograph.")


def _best_faces(result: PhotoResult, people: Mapping[FaceKey, str]) -> dict[str, PhotoFace]:
    """Return each person's best face: one that the photograph itself named, by score."""
    best: dict[str, PhotoFace] = {}
    for face in result.faces:
        subject_id = people.get((face.photo, face.number))
        if subject_id is None:
            continue
        if subject_id not in best or _worth(face, subject_id) > _worth(
            best[subject_id], subject_id
        ):
            best[subject_id] = face
    return best


def _worth(face: PhotoFace, subject_id: str) -> float:
    match face.decision:
        case Identified(subject_id=named, score=score) if named == subject_id:
            return score
        case _:
            return -2.0


def _leave(
    uow: UnitOfWork,
    session: Session,
    result: PhotoResult,
    named: set[str],
    later: frozenset[FaceKey],
    taken_at: datetime,
    now: datetime,
) -> int:
    """Keep the unsure faces that nobody decided on, one a person; return how many."""
    waiting = {str(item.body.get("subject_id")) for item in uow.reviews.all(session.session_id)}
    kept = 0
    for face in result.faces:
        if (face.photo, face.number) not in later:
            continue
        if not worth_a_look(face.decision, result.review_level):
            continue
        if not all_agree(uow, face.decision, now):
            continue
        item = photo_review(session, face, result.review_level, taken_at)
        best = str(item.body["subject_id"])
        if best in named or best in waiting:
            continue
        waiting.add(best)
        uow.reviews.add(item)
        kept += 1
    return kept
