"""The list of people: search, filter, sort, page."""

from __future__ import annotations

from typing import Any

from flask import make_response, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from rollbook.domain.access import Permission
from rollbook.errors import Busy, ModelUnavailable
from rollbook.services.people_search import Order, Query, Show, search
from rollbook.web.access import actor, permit
from rollbook.web.errors import sentence
from rollbook.web.parts import parts
from rollbook.web.people.area import blueprint
from rollbook.web.people.view import own_groups

PATIENCE = 1.5  # seconds; then a page shows how far the opening of the names is
LONGEST_TEXT = 200


@blueprint.get("")
@permit(Permission.PEOPLE_READ)
def index() -> str | Response:
    """Everybody whom the actor may see."""
    snapshot = parts().people_index.current(PATIENCE)
    if snapshot is None:
        page = render_template("people/opening.html", progress=parts().people_index.progress)
        answer = make_response(page)
        answer.headers["Refresh"] = "1"
        return answer
    query = _query()
    problem = ""
    if query.show is Show.LOOK_ALIKES:
        query, problem = _with_look_alikes(query)
    found = search(snapshot, query, actor().group_ids)
    return render_template(
        "people/index.html",
        found=found,
        query=query,
        snapshot=snapshot,
        groups=own_groups(snapshot),
        problem=problem,
        shows=_shows(),
        orders=_orders(),
        url_of=_url_of(query),
        filtered=bool(query.text or query.group_id or query.show is not Show.ALL),
    )


def _query() -> Query:
    asked = request.args
    return Query(
        text=asked.get("q", "")[:LONGEST_TEXT],
        group_id=asked.get("group") or None,
        show=_one_of(Show, asked.get("show"), Show.ALL),
        order=_one_of(Order, asked.get("order"), Order.NAME),
        page=max(1, asked.get("page", 1, type=int)),
    )


def _one_of(kind: Any, value: str | None, default: Any) -> Any:
    return kind(value) if value in list(kind) else default


def _with_look_alikes(query: Query) -> tuple[Query, str]:
    """Return the query with those who look alike, or why they are not known."""
    from dataclasses import replace

    try:
        pairs = parts().look_alike_book.pairs()
    except (Busy, ModelUnavailable) as error:
        return query, sentence(error)
    return replace(query, alike=frozenset(one for pair in pairs for one in pair)), ""


def _url_of(query: Query) -> Any:
    asked = {
        "q": query.text or None,
        "group": query.group_id,
        "show": None if query.show is Show.ALL else query.show.value,
        "order": None if query.order is Order.NAME else query.order.value,
    }
    return lambda page: url_for("people.index", **asked, page=page)


def _shows() -> list[tuple[Show, str]]:
    return [
        (Show.ALL, _("Everybody")),
        (Show.WITHOUT_CONSENT, _("Without consent")),
        (Show.WITHOUT_SAMPLES, _("Without pictures")),
        (Show.LEAVERS, _("Have left all groups")),
        (Show.LOOK_ALIKES, _("Look like somebody else")),
    ]


def _orders() -> list[tuple[Order, str]]:
    return [
        (Order.NAME, _("Name")),
        (Order.GROUP, _("Group")),
        (Order.EXTERNAL_ID, _("External id")),
        (Order.FEWEST_SAMPLES, _("Fewest pictures first")),
    ]
