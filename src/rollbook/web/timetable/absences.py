"""Absences that are told in advance: a list, a form, and taking them back."""

from __future__ import annotations

from collections.abc import Collection

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from rollbook.domain.absences import DEFAULT_REASONS, AbsenceReason
from rollbook.domain.access import Permission
from rollbook.domain.subjects import new_id
from rollbook.errors import InvalidInput
from rollbook.web.access import actor, permit, require_group, require_subject
from rollbook.web.errors import sentence
from rollbook.web.parts import parts
from rollbook.web.timetable.blueprint import blueprint, groups_seen, require_id
from rollbook.web.timetable.forms import Form

PAGE = 100  # absences
BLANKS = 3  # empty lines for new reasons


@blueprint.get("/absences")
@permit(Permission.ABSENCES)
def absences() -> str:
    """List the absences of today and later, of those whom the actor sees."""
    found = parts().absences.since(parts().today(), _people())
    page = max(1, request.args.get("page", 1, int))
    shown = found[(page - 1) * PAGE : page * PAGE]
    with parts().uow() as uow:
        names = uow.subjects.some([one.subject_id for one in shown])
    return render_template(
        "timetable/absences.html",
        absences=[(one, names[one.subject_id]) for one in shown if one.subject_id in names],
        page=page,
        pages=max(1, -(-len(found) // PAGE)),
        today=parts().today(),
        label=reason_label,
    )


@blueprint.get("/absences/new")
@permit(Permission.ABSENCES)
def new_absence() -> str:
    """Ask who will not be there: people of a group, or one person."""
    today = parts().today().isoformat()
    one = request.args.get("subject", "")
    values = {"first_day": today, "last_day": today, "group": request.args.get("group", "")}
    return _page(Form({**values, "subject": one}, {"subject": [one] if one else []}))


@blueprint.post("/absences/new")
@permit(Permission.ABSENCES)
def tell_absence() -> Response | tuple[str, int]:
    """Note an absence of one person or of many."""
    form = Form.sent()
    people = form.many("subject")
    first = form.day("first_day", required=True)
    last = form.day("last_day", required=True)
    if not people:
        form.errors["people"] = _("Tick at least one person.")
    if form.errors or first is None or last is None:
        return _page(form), 422
    for subject_id in people:
        require_subject(subject_id)
    try:
        told = parts().absences.tell(
            people, first, last, form.text("reason"), actor().by, form.text("note")
        )
    except InvalidInput as error:
        form.errors["last_day"] = sentence(error)
        return _page(form), 422
    count = len(told.absences)
    said = ngettext("Noted for %(num)s person.", "Noted for %(num)s people.", count)
    more = ngettext(
        "%(num)s entry in sessions was excused.",
        "%(num)s entries in sessions were excused.",
        told.marks,
    )
    flash(f"{said} {more}" if told.marks else said, "good")
    return redirect(url_for("timetable.absences"))


@blueprint.post("/absences/<absence_id>/back")
@permit(Permission.ABSENCES)
def take_back(absence_id: str) -> Response:
    """Take an absence back, or let it end before a day."""
    absence = parts().absences.get(require_id(absence_id))
    require_subject(absence.subject_id)
    well_since = Form.sent().day("well_since")
    marks = parts().absences.take_back(absence_id, actor().by, well_since)
    said = _("Taken back.") if well_since is None else _("The absence ends before that day.")
    more = ngettext(
        "%(num)s entry is no longer excused.", "%(num)s entries are no longer excused.", marks
    )
    flash(f"{said} {more}" if marks else said, "good")
    return redirect(url_for("timetable.absences"))


@blueprint.get("/absences/reasons")
@permit(Permission.SITE_EDIT)
def reasons() -> str:
    """Show the site's list of reasons."""
    return _reasons_page({})


@blueprint.post("/absences/reasons")
@permit(Permission.SITE_EDIT)
def set_reasons() -> Response | tuple[str, int]:
    """Replace the list of reasons; an empty line is removed."""
    form = Form.sent()
    codes, labels = form.many("code"), form.many("label")
    old = {reason.code: reason for reason in parts().absences.reasons()}
    new = [_kept(old, code, label) for code, label in zip(codes, labels, strict=False)]
    try:
        parts().absences.set_reasons([one for one in new if one.label], actor().by)
    except InvalidInput as error:
        return _reasons_page({"reasons": sentence(error)}), 422
    flash(_("Saved."), "good")
    return redirect(url_for("timetable.reasons"))


def reason_label(code: str, label: str) -> str:
    """Return what a reason is called: those that ship are translated."""
    if AbsenceReason(code, label) not in DEFAULT_REASONS:
        return label
    words: dict[str, str] = {
        "ill": _("Ill"),
        "medical": _("Medical appointment"),
        "family": _("Family matter"),
        "trip": _("Trip or event of the school"),
        "leave": _("Leave"),
        "other": _("Other reason"),
    }
    return words[code]


def _kept(old: dict[str, AbsenceReason], code: str, label: str) -> AbsenceReason:
    """Return one line of the list; a label that ships and was not changed stays translatable."""
    label = label.strip()
    known = old.get(code)
    if known is not None and reason_label(known.code, known.label) == label:
        return known
    return AbsenceReason(code or new_id()[:12], label)


def _people() -> Collection[str] | None:
    """Return whose absences the actor sees; None: everybody's."""
    own = actor().group_ids
    if own is None:
        return None
    today = parts().today()
    with parts().uow() as uow:
        held = [one for group_id in own for one in uow.groups.memberships(group_id=group_id)]
    return {one.subject_id for one in held if one.lasts_to(today)}


def _page(form: Form) -> str:
    groups, chosen = groups_seen(), form.values.get("group", "")
    if not chosen and len(groups) == 1 and not form.values.get("subject"):
        chosen = next(iter(groups))
    one = form.values.get("subject", "") if not chosen else ""
    people = []
    if chosen:
        require_group(chosen)
        lines = parts().groups.roster(chosen, parts().today())
        people = [line.subject for line in lines if line.subject is not None]
    elif one:
        people = [require_subject(one)]
    return render_template(
        "timetable/absence_new.html",
        form=form,
        groups=groups,
        chosen=chosen,
        people=people,
        ticked=set(form.many("subject")),
        reasons=[(r.code, reason_label(r.code, r.label)) for r in parts().absences.reasons()],
    )


def _reasons_page(errors: dict[str, str]) -> str:
    found = [(r.code, reason_label(r.code, r.label)) for r in parts().absences.reasons()]
    return render_template(
        "timetable/reasons.html", reasons=found, blanks=range(BLANKS), errors=errors
    )
