"""The settings of the site, for its administrators."""

from __future__ import annotations

from flask import Response as FlaskResponse
from flask import flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from rollbook.domain.access import Permission
from rollbook.errors import InvalidInput
from rollbook.web.access import actor, permit
from rollbook.web.accounts.security import fresh
from rollbook.web.errors import sentence
from rollbook.web.parts import parts
from rollbook.web.setup import forms, notices
from rollbook.web.setup.area import blueprint
from rollbook.web.setup.wizard import change_law, change_name, name_values


@blueprint.get("/site")
@permit(Permission.SITE_EDIT)
def site() -> str:
    return _page()


def _page(errors: dict[str, str] | None = None) -> str:
    choices, policy = parts().site.choices(), parts().site.policy()
    kind, place = choices.institution, choices.place
    known = kind in notices.KINDS and place in notices.PLACES
    return render_template(
        "setup/site.html",
        errors=errors or {},
        choices=choices,
        policy=policy,
        limits=forms.LIMITS,
        limit_values=forms.minutes(policy) | request.form.to_dict(),
        templates=forms.WORDS,
        kinds=notices.KINDS,
        places=notices.PLACES,
        notice=notices.notice(kind, place) if known else None,
        target_fpir=parts().settings.target_fpir,
        **name_values(),
    )


@blueprint.post("/site/name")
@permit(Permission.SITE_EDIT)
@fresh
def site_name() -> Response | FlaskResponse:
    return _after(change_name())


@blueprint.post("/site/policy")
@permit(Permission.SITE_EDIT)
@fresh
def site_policy() -> Response | FlaskResponse:
    """Take over a template, or the limits one by one."""
    errors: dict[str, str] = {}
    template = request.form.get("template", "")
    if template in forms.POLICIES:
        parts().site.change(actor().by, words=template)
        policy = forms.POLICIES[template]
    else:
        policy = forms.policy_of(request.form, parts().site.policy(), errors)
    if not errors:
        parts().site.set_policy(actor().by, policy)
    return _after(errors)


@blueprint.post("/site/faces")
@permit(Permission.SITE_EDIT)
@fresh
def site_faces() -> Response | FlaskResponse:
    return _after(change_law())


@blueprint.post("/site/second-factor")
@permit(Permission.SITE_EDIT)
@fresh
def site_second_factor() -> Response | FlaskResponse:
    required = request.form.get("second_factor_required") == "yes"
    parts().site.change(actor().by, second_factor_required=required)
    return _after({})


@blueprint.post("/site/review")
@permit(Permission.SITE_EDIT)
@fresh
def site_review() -> Response | FlaskResponse:
    typed = request.form.get("review_days", "").strip()
    days = int(typed) if typed.isascii() and typed.isdecimal() and len(typed) < 5 else 0
    try:
        parts().site.change(actor().by, review_days=days)
    except InvalidInput as error:
        return _after({"review_days": sentence(error)})
    return _after({})


def _after(errors: dict[str, str]) -> Response | FlaskResponse:
    if errors:
        return make_response(_page(errors), 400)
    flash(_("The settings were changed."), "good")
    return redirect(url_for("setup.site"))
