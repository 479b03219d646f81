"""Sessions by day, and the page of one: what it is, how many are there, and what to do with it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from functools import partial

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from rollbook.domain.access import Permission
from rollbook.domain.attendance import Session, SessionState, plan_session
from rollbook.domain.subjects import Group
from rollbook.domain.timetable import EARLIEST, LATEST
from rollbook.errors import InvalidInput
from rollbook.services.register import clean_remark
from rollbook.services.timetable import TITLE_LIMIT
from rollbook.web.access import actor, permit, require_group, require_session
from rollbook.web.errors import sentence
from rollbook.web.parts import parts
from rollbook.web.sessions.words import session_name, state_pill, state_word
from rollbook.web.times import local, zone
from rollbook.web.timetable.forms import Form
from rollbook.web.timetable.policies import policy_options, site_policies

blueprint = Blueprint("sessions", __name__, url_prefix="/sessions")

PAGE = 60  # sessions of a day
SHOWN = 200  # sessions that nobody took, the latest
COUNTED = 12  # sessions of a list whose people are counted
DAY = timedelta(days=1)


@blueprint.context_processor
def _words() -> dict[str, object]:
    return {"state_word": state_word, "state_pill": state_pill, "session_name": session_name}


@blueprint.get("")
@permit(Permission.SESSIONS_READ)
def index() -> str:
    """List the sessions of a day, of all groups or of one."""
    day = _day()
    groups = _groups()
    chosen = request.args.get("group", "")
    with parts().uow() as uow:
        first = day - DAY if day == parts().today() else day
        found = uow.sessions.all(group_id=chosen or None, first_day=first, last_day=day)
    found = [one for one in found if one.business_date == day or _goes_on(one)]
    every = [one for one in found if one.group_id in groups and chosen in ("", one.group_id)]
    every.sort(key=lambda one: (one.starts_at, groups[one.group_id].name))
    page, pages = _page_of(every)
    shown = every[(page - 1) * PAGE : page * PAGE]
    open_now = [one for one in shown if one.state is SessionState.OPEN]
    lines = parts().boards.lines(open_now) if len(open_now) <= COUNTED else []
    return render_template(
        "sessions/index.html",
        day=day,
        today=parts().today(),
        before=day - DAY,
        after=day + DAY,
        sessions=shown,
        page=page,
        pages=pages,
        groups=groups,
        chosen=chosen,
        totals={line.session.session_id: line.totals for line in lines},
        rooms=parts().timetable.rooms([one.session_id for one in shown]),
        waiting=_waiting(groups, day),
        asked=_asked() if day == parts().today() else 0,
    )


@blueprint.get("/<session_id>")
@permit(Permission.SESSIONS_READ)
def page(session_id: str) -> str:
    """Show one session with what can be done with it."""
    session = require_session(session_id)
    board = parts().boards.of(session_id)
    return render_template(
        "sessions/page.html",
        session=session,
        tab="page",
        group=board.group,
        totals=board.totals,
        people=len(board.people),
        room=parts().timetable.rooms([session_id]).get(session_id, ""),
        counts=session.state.counts,
    )


@blueprint.get("/new")
@permit(Permission.SESSIONS_RUN)
def new() -> str:
    """Ask for which group a session is opened now."""
    now = local(parts().clock.now())
    later = now + timedelta(minutes=45)
    policy = parts().site.policy().name
    values = {"start": f"{now:%H:%M}", "end": f"{later:%H:%M}", "policy": policy}
    return _form(Form({**values, "group": request.args.get("group", "")}))


@blueprint.post("/new")
@permit(Permission.SESSIONS_RUN)
def add() -> Response | tuple[str, int]:
    """Open a session of today that the timetable does not have."""
    form = Form.sent()
    start, end = form.clock("start"), form.clock("end")
    policy = site_policies().get(form.text("policy")) or parts().site.policy()
    title = clean_remark(form.text("title")[:TITLE_LIMIT]) or ""
    group = require_group(form.text("group")) if form.text("group") else None
    if group is None:
        form.errors["group"] = _("Please choose a group.")
    if form.errors or start is None or end is None or group is None:
        return _form(form), 422
    try:
        starts_at, ends_at, day = plan_session(parts().today(), start, end, zone())
    except InvalidInput as error:
        form.errors["end"] = sentence(error)
        return _form(form), 422
    session = parts().register.open_session(
        group.group_id,
        starts_at,
        ends_at,
        business_date=day,
        title=title,
        policy=policy,
        by=actor().by,
    )
    flash(_("The session is open."), "good")
    return redirect(url_for("sessions.page", session_id=session.session_id))


@blueprint.post("/<session_id>/open")
@permit(Permission.SESSIONS_RUN)
def open_now(session_id: str) -> Response:
    """Open a planned session before its time."""
    return _moved(session_id, parts().session_life.open, _("The session is open."))


@blueprint.post("/<session_id>/close")
@permit(Permission.SESSIONS_RUN)
def close(session_id: str) -> Response:
    """Close a session: who was not marked is absent."""
    return _moved(
        session_id,
        parts().register.close_session,
        _("The session is closed. Who was not marked is absent."),
    )


@blueprint.post("/<session_id>/cancel")
@permit(Permission.SESSIONS_RUN)
def cancel(session_id: str) -> Response:
    """Call a session off."""
    return _moved(
        session_id,
        parts().session_life.cancel,
        _("The session is called off. It counts nowhere."),
    )


@blueprint.post("/<session_id>/restore")
@permit(Permission.SESSIONS_RUN)
def restore(session_id: str) -> Response:
    """Let a session that was called off take place after all."""
    return _moved(session_id, parts().session_life.restore, _("The session takes place after all."))


def _moved(session_id: str, move: Callable[[str, str], Session], said: str) -> Response:
    require_session(session_id)
    move(session_id, actor().by)
    flash(said, "good")
    return redirect(url_for("sessions.page", session_id=session_id))


def _form(form: Form) -> str:
    return render_template(
        "sessions/new.html",
        form=form,
        groups=[(group_id, group.name) for group_id, group in _groups().items()],
        policies=policy_options(),
    )


def _groups() -> dict[str, Group]:
    """Return the groups that the actor sees, by id, sorted by name."""
    with parts().uow() as uow:
        found = uow.groups.all()
    return {group.group_id: group for group in found if actor().sees_group(group.group_id)}


def _goes_on(session: Session) -> bool:
    """Return whether a session of the day before is open: work goes on over midnight."""
    now = parts().clock.now()
    return session.state is SessionState.OPEN and session.starts_at <= now < session.ends_at


def _page_of(sessions: list[Session]) -> tuple[int, int]:
    """Return which page to show, by default the one with what goes on now, and how many."""
    pages = max(1, -(-len(sessions) // PAGE))
    now = parts().clock.now()
    over = sum(session.last_mark_at < now for session in sessions)
    usual = over // PAGE + 1 if over < len(sessions) else 1
    return min(max(1, request.args.get("page", usual, int)), pages), pages


def _waiting(groups: dict[str, Group], day: date) -> int:
    """Return how many sessions of the last two weeks nobody took, before this day."""
    with parts().uow() as uow:
        _none, count = uow.sessions.page(
            first_day=day - 14 * DAY,
            last_day=day - DAY,
            group_ids=None if actor().group_ids is None else groups,
            states=[SessionState.NOT_TAKEN],
            limit=0,
        )
    return count


def _asked() -> int:
    """Return how many requests wait for the actor, where they may decide on them."""
    if not actor().may(Permission.REVIEW):
        return 0
    return len(parts().request_desk.waiting(actor().group_ids))


@blueprint.get("/not-taken")
@permit(Permission.SESSIONS_READ)
def not_taken() -> str:
    """List the sessions of the last months that nobody took."""
    groups, today = _groups(), parts().today()
    with parts().uow() as uow:
        page = partial(
            uow.sessions.page,
            first_day=today - 90 * DAY,
            last_day=today,
            group_ids=None if actor().group_ids is None else groups,
            states=[SessionState.NOT_TAKEN],
        )
        _none, total = page(limit=0)
        shown, _total = page(offset=max(0, total - SHOWN), limit=SHOWN)
    shown.reverse()
    return render_template("sessions/not_taken.html", sessions=shown, groups=groups)


def _day() -> date:
    """Return the day that is asked for, by default today."""
    try:
        day = date.fromisoformat(request.args.get("day", ""))
    except ValueError:
        return parts().today()
    return day if EARLIEST < day < LATEST else parts().today()
