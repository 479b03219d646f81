"""How long things are kept: the rules, what would go by them now, and letting it go."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from rollbook.domain.access import Permission
from rollbook.domain.retention import MOST, RetentionRules, Rule, least_of
from rollbook.errors import InvalidInput
from rollbook.web.access import actor, permit
from rollbook.web.accounts.security import fresh
from rollbook.web.errors import sentence
from rollbook.web.parts import parts
from rollbook.web.privacy import words
from rollbook.web.privacy.area import blueprint

SHOWN = 50  # people who are proposed


@blueprint.get("/retention-settings")
@permit(Permission.PRIVACY)
def retention_settings() -> str:
    return _page()


@blueprint.post("/retention-settings")
@permit(Permission.PRIVACY)
@fresh
def change_retention() -> Response | tuple[str, int]:
    """Set the rules."""
    errors: dict[str, str] = {}
    numbers = {name: _number(name, errors) for name in MOST}
    by_itself = request.form.get("erase_by_itself") == "yes"
    if not errors:
        try:
            rules = RetentionRules(**numbers, erase_by_itself=by_itself)
        except InvalidInput as error:
            errors["inactive_months"] = sentence(error)
    if errors:
        return _page(request.form, errors), 400
    if parts().retention.rules() == rules:
        parts().retention.accept(actor().by)
        flash(_("The rules stay as they are, and hold from now on."), "good")
    else:
        parts().retention.change(actor().by, rules)
        flash(_("The rules were changed. The published papers still say the former ones."), "good")
    return redirect(url_for("privacy.retention_settings"), 303)


@blueprint.post("/purge")
@permit(Permission.PRIVACY)
@fresh
def purge() -> Response:
    """Let go now what would go tonight."""
    parts().retention.accept(actor().by)  # who deletes by the rules has decided on them
    parts().purging.start(actor().actor_id, actor().by)
    parts().tasks.wake()
    return redirect(url_for("privacy.retention_settings"), 303)


@blueprint.post("/purge/stop")
@permit(Permission.PRIVACY)
def stop_purge() -> Response:
    """End it after the step that is being done; the next one goes on from there."""
    task = parts().purging.latest()
    if task is None or not parts().tasks.stop(task.task_id):
        flash(_("It is over already."), "warn")
    return redirect(url_for("privacy.retention_settings"), 303)


@blueprint.get("/purge/progress")
@permit(Permission.PRIVACY)
def purge_progress() -> dict[str, object]:
    """Tell a script how far it is."""
    task = parts().purging.latest()
    if task is None:
        return {"over": True, "done": 0, "total": 0}
    return {"over": not task.state.is_busy, "done": task.done, "total": task.total}


def _number(name: str, errors: dict[str, str]) -> int:
    typed, least, most = request.form.get(name, "").strip(), least_of(name), MOST[name]
    number = int(typed) if typed.isascii() and typed.isdecimal() and len(typed) < 5 else 0
    if not least <= number <= most:
        errors[name] = _("Write a whole number from %(least)s to %(most)s.", least=least, most=most)
    return number


def _page(typed: Mapping[str, Any] | None = None, errors: dict[str, str] | None = None) -> str:
    rules, plan = parts().retention.rules(), parts().purging.plan()
    proposed = plan.of(Rule.PROPOSE).people
    with parts().uow() as uow:
        people = uow.subjects.some(proposed[:SHOWN])
    return render_template(
        "privacy/retention.html",
        rules=rules,
        values=typed or rules.as_json(),
        errors=errors or {},
        limits=words.LIMITS,
        found=[one for one in plan.found if one.rule is not Rule.PROPOSE],
        rule_words=words.RULES,
        proposed=len(proposed),
        people=sorted(people.values(), key=lambda one: one.name.casefold()),
        waits=parts().retention.waits_until(),
        review_days=parts().site.choices().review_days,
        task=parts().purging.latest(),
    )
