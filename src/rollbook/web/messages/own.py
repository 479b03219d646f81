"""How staff want to hear, chosen by themselves in their account."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask_babel import get_locale
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from rollbook.domain.access import Permission
from rollbook.domain.messages import FOR
from rollbook.errors import InvalidInput
from rollbook.services.recipients import audience_of
from rollbook.web.access import actor, permit
from rollbook.web.errors import sentence
from rollbook.web.messages import words
from rollbook.web.messages.area import blueprint
from rollbook.web.parts import parts


@blueprint.get("/me")
@permit(Permission.SESSIONS_RUN)
def own() -> str:
    """What the account hears of, and how."""
    return _page({})


@blueprint.post("/me")
@permit(Permission.SESSIONS_RUN)
def set_own() -> Response | tuple[str, int]:
    """Choose."""
    form, who = request.form, actor()
    wants = [kind for kind in FOR[audience_of(who.role)] if form.get(f"want-{kind.name.lower()}")]
    try:
        parts().recipients.set_staff(
            who.actor_id,
            form.get("channel", ""),
            form.get("contact", "")[:500],
            language=form.get("language", ""),
            wants=wants,
            daily=form.get("daily") == "yes",
            by=who.by,
        )
    except InvalidInput as error:
        return _page({"contact": sentence(error)}), 422
    flash(_("Saved. A link in each message ends them."), "good")
    return redirect(url_for("messages.own"), 303)


@blueprint.post("/me/stop")
@permit(Permission.SESSIONS_RUN)
def stop_own() -> Response:
    """Hear of nothing any more."""
    one = parts().recipients.of_user(actor().actor_id)
    if one is not None:
        parts().recipients.remove(one.recipient_id, actor().by)
    flash(_("You get no messages any more."), "good")
    return redirect(url_for("messages.own"), 303)


def _page(errors: dict[str, str]) -> str:
    who = actor()
    with parts().uow() as uow:
        email = uow.users.get(who.actor_id).email
    return render_template(
        "messages/own.html",
        one=parts().recipients.of_user(who.actor_id),
        channels=parts().message_settings.channels(),
        rules=parts().message_settings.rules(),
        kinds=[kind for kind in words.KINDS if kind in FOR[audience_of(who.role)]],
        email=email,
        spoken=str(get_locale() or "en"),
        words=words,
        form=request.form,
        errors=errors,
    )
