"""A person's page, and their consent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flask import flash, redirect, render_template, session, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from rollbook.domain.access import Permission
from rollbook.domain.subjects import Membership, Reference, Subject
from rollbook.errors import Busy, InvalidInput, ModelUnavailable, NotFound
from rollbook.services.coverage import coverage_of
from rollbook.services.people_index import Known, Snapshot
from rollbook.web.access import actor, permit, require_subject
from rollbook.web.errors import sentence
from rollbook.web.parts import parts
from rollbook.web.people.area import blueprint
from rollbook.web.people.forms import Form
from rollbook.web.people.looks import note_look, view_token
from rollbook.web.people.outcome import Outcome
from rollbook.web.people.view import everybody, known_texts, may_see, own_groups, with_person


@dataclass(frozen=True, slots=True)
class Held:
    """A membership as it is shown."""

    group_id: str
    name: str  # empty for groups that the actor may not see
    membership: Membership


@blueprint.get("/<subject_id>")
@permit(Permission.PEOPLE_READ)
def person(subject_id: str) -> str:
    """All about one person. Showing samples is a look at their face, and goes into the register."""
    return _page(require_subject(subject_id), Form({}))


@blueprint.post("/<subject_id>/consent")
@permit(Permission.PEOPLE_EDIT)
def record_consent(subject_id: str) -> Response | tuple[str, int]:
    """Record what the person agreed to."""
    who, form = require_subject(subject_id), Form.sent()
    terms = form.terms(minor=who.minor)
    if not form.errors:
        try:
            parts().consenting.acting(actor().by).record(subject_id, terms)
        except InvalidInput as error:
            form.errors["retain_until"] = sentence(error)
    if form.errors:
        return _page(who, form), 400
    flash(_("The consent was recorded. Pictures can be added now."), "good")
    return redirect(url_for("people.person", subject_id=subject_id), 303)


@blueprint.post("/<subject_id>/consent/withdraw")
@permit(Permission.PEOPLE_EDIT)
def withdraw_consent(subject_id: str) -> Response:
    """End the consent; pictures and templates go at once."""
    require_subject(subject_id)
    back = redirect(url_for("people.person", subject_id=subject_id), 303)
    try:
        done = parts().consenting.acting(actor().by).withdraw(subject_id)
    except NotFound as error:
        flash(sentence(error), "warn")
        return back
    gone = ngettext(
        "The consent was withdrawn, and %(num)s picture was deleted.",
        "The consent was withdrawn, and %(num)s pictures were deleted.",
        done.samples,
    )
    flash(f"{gone} {_('No camera looks for this person any more.')}", "good")
    return back


@blueprint.post("/<subject_id>/consent/crops/withdraw")
@permit(Permission.PEOPLE_EDIT)
def withdraw_crops(subject_id: str) -> Response:
    """End the consent to keep pictures; templates stay."""
    require_subject(subject_id)
    try:
        gone = parts().consenting.acting(actor().by).withdraw_crops(subject_id)
    except NotFound as error:
        flash(sentence(error), "warn")
    else:
        flash(
            ngettext(
                "%(num)s picture was deleted. Its template stays.",
                "%(num)s pictures were deleted. Their templates stay.",
                gone,
            ),
            "good",
        )
    return redirect(url_for("people.person", subject_id=subject_id), 303)


@blueprint.get("/<subject_id>/look-alikes")
@permit(Permission.PEOPLE_READ)
def look_alikes(subject_id: str) -> str | tuple[str, int]:
    """Whom the person looks like; names only of those whom the actor may see."""
    who, snapshot = require_subject(subject_id), everybody()
    problem, shown, hidden = "", [], 0
    try:
        for other in parts().look_alike_book.like(subject_id):
            known = snapshot.people.get(other)
            if may_see(known, snapshot):
                shown.append(known)
            else:
                hidden += 1
    except (Busy, ModelUnavailable) as error:
        problem = sentence(error)
    return render_template(
        "people/look_alikes.html", person=who, shown=shown, hidden=hidden, problem=problem
    )


def _page(who: Subject, form: Form) -> str:
    snapshot, known = with_person(who.subject_id)
    faces = actor().may(Permission.FACES_SEE)
    samples = parts().consenting.samples(who.subject_id) if faces else []
    if samples:
        note_look(who.subject_id, samples)
    return render_template(
        "people/person.html",
        person=who,
        known=known,
        form=form,
        samples=samples,
        coverage=coverage_of(samples, _lumas(samples), parts().clock.now()),
        token=view_token(who.subject_id),
        now=_memberships(known, snapshot, now=True),
        before=_memberships(known, snapshot, now=False),
        consents=sorted(known.consents, key=lambda one: one.recorded_at, reverse=True),
        texts=known_texts(snapshot, minor=who.minor),
        joinable=_joinable(known, snapshot),
        today=snapshot.day,
        outcome=Outcome.taken(session, who.subject_id),
    )


def _lumas(samples: Sequence[Reference]) -> list[float | None]:
    return [None if one.crop is None else parts().luma_of(one.crop) for one in samples]


def _memberships(known: Known, snapshot: Snapshot, *, now: bool) -> list[Held]:
    """Return the groups of today and of later, or those of before, the newest first."""
    found = [
        Held(
            one.group_id,
            snapshot.groups.get(one.group_id, "") if actor().sees_group(one.group_id) else "",
            one,
        )
        for one in known.memberships
        if one.lasts_to(snapshot.day) is now
    ]
    return sorted(found, key=lambda held: held.membership.since, reverse=True)


def _joinable(known: Known, snapshot: Snapshot) -> list[tuple[str, str]]:
    return [(one, name) for one, name in own_groups(snapshot) if one not in known.group_ids]
