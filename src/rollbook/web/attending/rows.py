"""The class as a list: what the page and the script that updates it show of each person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from rollbook.domain.attendance import AttendanceRecord, Session, Status
from rollbook.domain.month import ERASED
from rollbook.domain.statements import version
from rollbook.domain.totals import Totals
from rollbook.services.folding import folded
from rollbook.web.parts import parts
from rollbook.web.times import clock
from rollbook.web.words import names_of_actors, remark_word, status_word, why


@dataclass(frozen=True, slots=True)
class RegisterRow:
    """One person in the list."""

    subject_id: str
    name: str
    status: str
    word: str
    arrived: str
    reason: str
    why: str
    seen: str  # version of this state, for changes by two at once
    guest: bool
    erased: bool


@dataclass(frozen=True, slots=True)
class RegisterList:
    """All rows, by name, with their counts."""

    rows: tuple[RegisterRow, ...]
    totals: Totals

    def row(self, subject_id: str) -> RegisterRow | None:
        return next((row for row in self.rows if row.subject_id == subject_id), None)

    def as_json(self) -> dict[str, object]:
        return {
            "rows": [asdict(row) for row in self.rows],
            "counts": {status.value: getattr(self.totals, status.value) for status in Status},
        }


def register_list(session: Session) -> RegisterList:
    """Return the list of a session as the register has it now."""
    records = parts().register.records(session.session_id)
    with parts().uow() as uow:
        roster = set(uow.groups.roster(session.group_id, session.business_date))
        people = uow.subjects.some(record.subject_id for record in records)
        names = {subject_id: person.name for subject_id, person in people.items()}
        actors = names_of_actors(uow, (mark for record in records for mark in record.marks))
    rows = [_row(r, names.get(r.subject_id), r.subject_id in roster, actors) for r in records]
    shown = [row for row in rows if not row.erased or row.status not in ("open", "absent")]
    shown.sort(key=lambda row: (row.erased, row.guest, folded(row.name), row.subject_id))
    return RegisterList(tuple(shown), Totals.of(record.status for record in records))


def _row(
    record: AttendanceRecord, name: str | None, listed: bool, actors: Mapping[str, str]
) -> RegisterRow:
    return RegisterRow(
        subject_id=record.subject_id,
        name=name or ERASED,
        status=record.status.value,
        word=status_word(record.status),
        arrived=clock(record.arrived_at),
        reason=remark_word(record.reason),
        why=why(record, actors),
        seen=version(record),
        guest=not listed,
        erased=name is None,
    )
