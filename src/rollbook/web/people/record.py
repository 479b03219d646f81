"""What the register says about one person, for those who teach them."""

from __future__ import annotations

from flask import render_template, url_for
from flask_babel import gettext as _

from rollbook.domain.access import Permission
from rollbook.web.access import actor, permit, require_subject
from rollbook.web.me.calendar import asked_month, neighbour, weeks_of
from rollbook.web.parts import parts
from rollbook.web.people.area import blueprint
from rollbook.web.words import names_of_actors, why


@blueprint.get("/<subject_id>/record")
@permit(Permission.PEOPLE_READ)
def record(subject_id: str) -> str:
    """Show a month of one person: in the groups that the actor sees, and in no other."""
    person, today = require_subject(subject_id), parts().today()
    month = asked_month(today)
    found = parts().own_records.month(subject_id, month, actor().sees_group)
    with parts().uow() as uow:
        marks = (mark for line in found.lines for mark in line.record.marks)
        actors = names_of_actors(uow, marks)
    return render_template(
        "people/record.html",
        person=person,
        month=found,
        weeks=weeks_of(found, today),
        lines=[(line, why(line.record, actors)) for line in reversed(found.lines)],
        rule=_(
            "Attended = (present + late + left early) / (all sessions without excused and open "
            "ones). Only sessions on days on which the person belongs to the group count."
        ),
        month_url=lambda other: url_for("people.record", subject_id=subject_id, month=str(other)),
        session_url=lambda line: url_for(
            "attending.history", session_id=line.session.session_id, subject_id=subject_id
        ),
        before=neighbour(month, -1),
        after=neighbour(month, 1) if month.last_day < today else None,
    )
