"""Changes of many people at once, each with a preview."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from rollbook.domain.access import Permission
from rollbook.domain.accounts import Staff
from rollbook.errors import InvalidInput
from rollbook.services.bulk_changes import MovePlan, PlanChanged
from rollbook.services.folding import folded
from rollbook.services.people_index import Known, Snapshot
from rollbook.web.access import actor, permit
from rollbook.web.errors import sentence
from rollbook.web.parts import parts
from rollbook.web.people.area import blueprint
from rollbook.web.people.forms import Form
from rollbook.web.people.view import everybody, own_groups

Answer = str | Response | tuple[str, int]
Planner = Callable[[Form, Snapshot], MovePlan | None]
_YEAR = re.compile(r"(\d+)")


@dataclass(frozen=True, slots=True)
class Way:
    """People who take the same way, as the preview shows them."""

    old: str
    new: str
    names: tuple[str, ...]


@blueprint.get("/bulk")
@permit(Permission.PEOPLE_BULK)
def bulk_index() -> str:
    """What can be changed for many at once."""
    return render_template("people/bulk.html")


@blueprint.get("/bulk/year")
@permit(Permission.PEOPLE_BULK)
def year() -> str:
    """Every group with the name of the next year."""
    return _year_page(Form({}), everybody())


@blueprint.post("/bulk/year")
@permit(Permission.PEOPLE_BULK)
def write_year() -> Answer:
    """Show, then write, the moves of whole groups."""
    return _plan_or_write(_plan_year, _year_page, "people.write_year", _("New school year"))


@blueprint.get("/bulk/leavers")
@permit(Permission.PEOPLE_BULK)
def leavers() -> str:
    """Whom to let leave, and when."""
    return _leavers_page(Form(request.args.to_dict()), everybody())


@blueprint.post("/bulk/leavers")
@permit(Permission.PEOPLE_BULK)
def write_leavers() -> Answer:
    """Show, then write, who leaves all groups."""
    return _plan_or_write(_plan_leavers, _leavers_page, "people.write_leavers", _("Leavers"))


@blueprint.get("/bulk/move")
@permit(Permission.PEOPLE_BULK)
def move() -> str:
    """Whom to move to another group, and when."""
    return _move_page(Form(request.args.to_dict()), everybody())


@blueprint.post("/bulk/move")
@permit(Permission.PEOPLE_BULK)
def write_move() -> Answer:
    """Show, then write, a change of class for many."""
    return _plan_or_write(_plan_move, _move_page, "people.write_move", _("Change of group"))


@blueprint.get("/bulk/substitute")
@permit(Permission.PEOPLE_BULK)
def substitute() -> str:
    """Who is away, and who takes over."""
    return _substitute_page(Form({}))


@blueprint.post("/bulk/substitute")
@permit(Permission.PEOPLE_BULK)
def write_substitute() -> Answer:
    """Show, then write, which groups a teacher takes over."""
    form = Form.sent()
    first, last = form.day("first_day", required=True), form.day("last_day", required=True)
    absent, takes_over = form.text("absent"), form.text("substitute")
    for name, value in (("absent", absent), ("substitute", takes_over)):
        if not value:
            form.errors[name] = _("Choose somebody.")
    if form.errors or first is None or last is None:
        return _substitute_page(form), 400
    bulk = parts().bulk_changes
    try:
        plan = bulk.plan_substitute(absent, takes_over, first, last)
    except InvalidInput as error:
        form.errors["last_day"] = sentence(error)
        return _substitute_page(form), 400
    if form.text("confirmed") != "yes":
        return _substitute_page(form, plan)
    done = bulk.substitute(plan, actor().by)
    told = ngettext("%(num)s group has a substitute.", "%(num)s groups have a substitute.", done)
    flash(told, "good")
    return redirect(url_for("people.bulk_index"), 303)


def _plan_or_write(
    planner: Planner, page: Callable[[Form, Snapshot], str], endpoint: str, title: str
) -> Answer:
    form, snapshot = Form.sent(), everybody()
    plan = planner(form, snapshot)
    if plan is None or form.errors:
        return page(form, snapshot), 400
    if not plan.moves:
        flash(_("Nothing would change."), "warn")
        return page(form, snapshot)
    seen = form.text("digest")
    if seen == plan.digest:
        try:
            moved = parts().bulk_changes.write(plan, actor().by)
        except PlanChanged:
            flash(_("Somebody changed a group meanwhile. Nothing was written; look again."), "warn")
            return redirect(url_for("people.bulk_index"), 303)
        flash(ngettext("%(num)s person was moved.", "%(num)s people were moved.", moved), "good")
        return redirect(url_for("people.index"), 303)
    return _preview(plan, snapshot, endpoint, title, changed=bool(seen))


def _preview(
    plan: MovePlan, snapshot: Snapshot, endpoint: str, title: str, *, changed: bool
) -> str:
    hidden = [(name, value) for name, value in request.form.items(multi=True) if _kept(name)]
    return render_template(
        "people/bulk_preview.html",
        plan=plan,
        title=title,
        endpoint=endpoint,
        hidden=hidden,
        changed=changed,
        ways=_ways(plan, snapshot),
        last_day=plan.first_day - timedelta(days=1),
        people=len({move.subject_id for move in plan.moves}),
    )


def _kept(name: str) -> bool:
    return name not in {"csrf_token", "_once", "digest"}


def _ways(plan: MovePlan, snapshot: Snapshot) -> list[Way]:
    found: dict[tuple[str, str], list[str]] = {}
    for one in plan.moves:
        old = snapshot.groups.get(one.leaves or "", "")
        new = snapshot.groups.get(one.joins or "", one.joins or "")
        known = snapshot.people.get(one.subject_id)
        if known is not None:
            found.setdefault((old, new), []).append(known.subject.name)
    ways = [Way(old, new, tuple(sorted(names, key=folded))) for (old, new), names in found.items()]
    return sorted(ways, key=lambda way: (folded(way.old), folded(way.new)))


def _plan_year(form: Form, snapshot: Snapshot) -> MovePlan | None:
    first = form.day("first_day", required=True)
    table = {
        group_id: form.text(f"next-{group_id}")
        for group_id, _name in own_groups(snapshot)
        if f"next-{group_id}" in form.values
    }
    if first is None:
        return None
    try:
        return parts().bulk_changes.plan_year(table, first)
    except InvalidInput as error:
        form.errors["first_day"] = sentence(error)
        return None


def _plan_leavers(form: Form, snapshot: Snapshot) -> MovePlan | None:
    last, retain = form.day("last_day", required=True), form.day("retain_until")
    who = _chosen(form, snapshot)
    if form.errors or last is None:
        return None
    return parts().bulk_changes.plan_leavers(who, last, retain)


def _plan_move(form: Form, snapshot: Snapshot) -> MovePlan | None:
    first, new = form.day("first_day", required=True), form.text("new_group")
    who = _chosen(form, snapshot)
    if new not in snapshot.groups:
        form.errors["new_group"] = _("Choose one of the groups.")
    if form.errors or first is None:
        return None
    old = form.text("group") or None
    return parts().bulk_changes.plan_move(who, old, new, first)


def _chosen(form: Form, snapshot: Snapshot) -> set[str]:
    """Return who is ticked, and who is named in the lines."""
    who = {one for one in request.form.getlist("who") if one in snapshot.people}
    by_text = _by_text(snapshot.ordered)
    unknown = []
    for line in form.text("lines").splitlines():
        found = by_text.get(folded(line), set())
        if len(found) == 1:
            who |= found
        elif line.strip():
            unknown.append(line.strip()[:60])
    if unknown:
        form.errors["lines"] = _(
            "These are nobody's names or external ids, or those of several people: %(lines)s",
            lines="; ".join(unknown[:5]),
        )
    elif not who:
        form.errors["lines"] = _("Choose at least one person.")
    return who


def _by_text(people: Iterable[Known]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for known in people:
        for text in {known.folded, known.folded_id} - {""}:
            found.setdefault(text, set()).add(known.subject_id)
    return found


def next_name(name: str) -> str:
    """Return what a group may be called a year later: the first number in it grows by one.

    >>> next_name("5b"), next_name("Class 9"), next_name("Choir")
    ('6b', 'Class 10', 'Choir')
    """
    return _YEAR.sub(lambda found: str(int(found.group(1)) + 1), name, count=1)


def _year_page(form: Form, snapshot: Snapshot) -> str:
    counts: dict[str, int] = {}
    for known in snapshot.ordered:
        for group_id in known.group_ids:
            counts[group_id] = counts.get(group_id, 0) + 1
    rows = [
        (one, name, counts.get(one, 0), form.values.get(f"next-{one}", next_name(name)))
        for one, name in own_groups(snapshot)
    ]
    return render_template(
        "people/bulk_year.html", form=form, rows=rows, first_day=_after(snapshot.day)
    )


def _after(day: date) -> str:
    """Return the first of August that comes next: in most places between two school years."""
    this = date(day.year, 8, 1)
    return (this if day < this else date(day.year + 1, 8, 1)).isoformat()


def _leavers_page(form: Form, snapshot: Snapshot) -> str:
    return _choosing_page("people/bulk_leavers.html", form, snapshot)


def _move_page(form: Form, snapshot: Snapshot) -> str:
    return _choosing_page("people/bulk_move.html", form, snapshot)


def _choosing_page(template: str, form: Form, snapshot: Snapshot) -> str:
    group = form.text("group")
    members = [known for known in snapshot.ordered if group and group in known.group_ids]
    return render_template(
        template,
        form=form,
        groups=own_groups(snapshot),
        group=group if group in snapshot.groups else "",
        members=members,
        ticked=set(request.form.getlist("who")),
        today=snapshot.day,
    )


def _substitute_page(form: Form, plan: tuple[Staff, ...] | None = None) -> str:
    teachers = sorted(parts().groups.teachers().items(), key=lambda pair: folded(pair[1]))
    groups = everybody().groups
    named = [groups.get(one.group_id, "") for one in plan or ()]
    return render_template(
        "people/bulk_substitute.html",
        form=form,
        teachers=teachers,
        names=dict(teachers),
        plan=plan,
        named=sorted(named, key=folded),
        today=parts().today(),
    )
