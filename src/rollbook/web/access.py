"""Every route says who may call it; what a route does not say is refused."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from flask import Flask, abort, current_app, g, redirect, request, url_for
from werkzeug.wrappers import Response

from rollbook.domain.access import Actor, Permission
from rollbook.domain.attendance import Session
from rollbook.domain.subjects import Group, Subject
from rollbook.services.account_entries import NOBODY
from rollbook.services.refusals import Why
from rollbook.web.parts import parts

View = TypeVar("View", bound=Callable[..., Any])
PUBLIC: frozenset[Permission] = frozenset()  # everybody, signed in or not
ID_LENGTH = 32

# routes of libraries, which cannot carry a decorator of ours; areas add to it
FOREIGN: dict[str, frozenset[Permission]] = {"static": PUBLIC}


def permit(*permissions: Permission) -> Callable[[View], View]:
    """Let those call the view who have one of these permissions."""

    def mark(view: View) -> View:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            refused = _refusal(frozenset(permissions))
            return view(*args, **kwargs) if refused is None else refused

        guarded.permissions = frozenset(permissions)  # type: ignore[attr-defined]
        return guarded  # type: ignore[return-value]

    return mark


def public(view: View) -> View:
    """Let everybody call the view, also without signing in."""
    view.permissions = PUBLIC  # type: ignore[attr-defined]
    return view


def permissions_of_endpoint(app: Flask, endpoint: str) -> frozenset[Permission] | None:
    """Return which permissions open a route; None when it says nothing."""
    if endpoint in FOREIGN:
        return FOREIGN[endpoint]
    view = app.view_functions[endpoint]
    found: frozenset[Permission] | None = getattr(view, "permissions", None)
    return found


def init_app(app: Flask) -> None:
    """Refuse routes that do not say who may call them, and guard those of libraries."""

    app.after_request(_note_ids)

    @app.before_request
    def _check() -> Any:
        if request.endpoint is None:
            return None
        wanted = permissions_of_endpoint(app, request.endpoint)
        if wanted is None:
            app.logger.error("the route %s says nothing about who may call it", request.endpoint)
            abort(403)
        if request.endpoint in FOREIGN and wanted:
            return _refusal(wanted)
        return None


def actor() -> Actor:
    """Return who is asking; only in views that are not public."""
    found: Actor | None = g.get("actor")
    if found is None:
        abort(401)
    return found


def visitor() -> Actor | None:
    """Return who is asking, or None when nobody is signed in."""
    found: Actor | None = g.get("actor")
    return found


def _refusal(wanted: frozenset[Permission]) -> Response | None:
    """Return where to sign in, or None; abort with 403 for who is signed in and may not."""
    found = visitor()
    if found is None:
        if wants_json() or request.method != "GET":
            abort(401)
        if "accounts.login" not in current_app.view_functions:
            abort(401)
        return redirect(url_for("accounts.login", next=request.full_path.rstrip("?")))
    if any(found.may(permission) for permission in wanted):
        return None
    note_refusal(found)
    abort(403)


def wants_json() -> bool:
    """Return whether a program or a script asks, and not a person who follows a link."""
    kinds = request.accept_mimetypes
    plain = kinds.best_match(["text/html", "application/json"]) == "application/json"
    return request.path.startswith("/api/") or request.is_json or plain


def note_refusal(who: Actor | None, why: Why = Why.ROLE) -> None:
    """Write that this request was refused: the route, and no more than that."""
    by = NOBODY if who is None else who.by
    parts().refusals.note(why, request.endpoint or "", by)


def _note_ids(answer: Response) -> Response:
    """Note who asked by id for what is not there, or not theirs; who sees all groups only errs."""
    who = visitor()
    if answer.status_code == 404 and request.view_args and who and who.group_ids is not None:
        note_refusal(who, Why.ID)
    return answer


def require_group(group_id: str) -> Group:
    """Return a group that the actor may see; 404 for all others, so that nothing is told."""
    if len(group_id) != ID_LENGTH or not actor().sees_group(group_id):
        abort(404)
    with parts().uow() as uow:
        return uow.groups.get(group_id)


def require_session(session_id: str) -> Session:
    """Return a session of a group that the actor may see; 404 for all others."""
    if len(session_id) != ID_LENGTH:
        abort(404)
    with parts().uow() as uow:
        found = uow.sessions.get(session_id)
    if not actor().sees_group(found.group_id):
        abort(404)
    return found


def require_subject(subject_id: str) -> Subject:
    """Return a person whom the actor may see: of an own group, or themself; 404 for all others."""
    if len(subject_id) != ID_LENGTH:
        abort(404)
    who = actor()
    with parts().uow() as uow:
        found = uow.subjects.get(subject_id)
        if who.group_ids is None or who.subject_id == subject_id:
            return found
        today = parts().today()
        held = uow.groups.memberships(subject_id=subject_id)
        if any(m.group_id in who.group_ids and m.lasts_to(today) for m in held):
            return found
    abort(404)
