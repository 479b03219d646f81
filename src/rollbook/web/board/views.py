"""The live board of one session and of all that go on now; the scripts fetch its parts anew."""

from __future__ import annotations

from flask import Blueprint, abort, render_template, request, url_for

from rollbook.domain.access import Permission
from rollbook.domain.month import ERASED
from rollbook.domain.totals import Totals
from rollbook.services.board import BoardLine
from rollbook.web.access import actor, permit, require_session
from rollbook.web.parts import parts

blueprint = Blueprint("board", __name__)

PER_PAGE = 24  # sessions


@blueprint.get("/sessions/<session_id>/board")
@permit(Permission.SESSIONS_READ)
def session_board(session_id: str) -> str:
    """Show who is in, who is missing, and who came late; `?wall=1` for a large screen."""
    session = require_session(session_id)
    board = parts().boards.of(session.session_id)
    template = "board/_session.html" if request.args.get("part") else "board/session.html"
    return render_template(
        template,
        session=session,
        session_title=f"{session.title} · {board.group.name}"
        if session.title
        else board.group.name,
        tab="board",
        board=board,
        erased=ERASED,
        wall=bool(request.args.get("wall")),
        stream=f"{url_for('board.session_board', session_id=session.session_id)}/stream",
    )


@blueprint.get("/board")
@permit(Permission.SESSIONS_READ)
def now() -> str:
    """Show the sessions of now in numbers, the busiest screenful first."""
    sessions = parts().boards.now(parts().today(), actor().group_ids)
    pages = max(1, -(-len(sessions) // PER_PAGE))
    page = _page_number(pages)
    lines = parts().boards.lines(sessions[(page - 1) * PER_PAGE : page * PER_PAGE])
    template = "board/_now.html" if request.args.get("part") else "board/now.html"
    return render_template(
        template,
        lines=lines,
        totals=_sum(lines),
        count=len(sessions),
        page=page,
        pages=pages,
        at=parts().clock.now(),
        wall=bool(request.args.get("wall")),
        stream=f"{url_for('board.now')}/stream",
    )


def _page_number(pages: int) -> int:
    text = request.args.get("page", "1")
    if not text.isdecimal() or len(text) > 6:
        abort(404)
    return min(max(1, int(text)), pages)


def _sum(lines: list[BoardLine]) -> Totals:
    return Totals(
        present=sum(line.totals.present for line in lines),
        late=sum(line.totals.late for line in lines),
        left_early=sum(line.totals.left_early for line in lines),
        absent=sum(line.totals.absent for line in lines),
        excused=sum(line.totals.excused for line in lines),
        open=sum(line.totals.open for line in lines),
    )
