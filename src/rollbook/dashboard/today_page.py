"""Today: who is in, who is missing, who is late; it follows what happens."""

from __future__ import annotations

from collections.abc import Collection

import pandas as pd
import streamlit as st

from rollbook.dashboard import charts
from rollbook.dashboard.filters import Filters, offer, one_of, write_address
from rollbook.dashboard.seen import Seen
from rollbook.dashboard.words import _, clock, day, ngettext, number, percent, status_word
from rollbook.domain import figures
from rollbook.domain.attendance import Session
from rollbook.domain.totals import Totals
from rollbook.services.board import Board, BoardLine

LIVE = 5  # seconds between two looks
SESSION = "session"


def show(seen: Seen, filters: Filters) -> None:
    charts.remark(
        _("This page follows by itself what happens; the days beside it do not matter here.")
    )
    _live(seen, filters)


@st.fragment(run_every=LIVE)
def _live(seen: Seen, filters: Filters) -> None:
    seen.require_same_visitor()
    lines = _lines(seen, filters)
    st.markdown(f"**{day(seen.parts.today(), 'full')}**")
    if not lines:
        charts.empty(_("Nothing is planned for today, or nothing of these groups."))
        return
    _sums(figures.added_totals(line.totals for line in lines))
    _sessions(lines)
    _one(seen, lines)
    write_address()


def _lines(seen: Seen, filters: Filters) -> list[BoardLine]:
    """Return today's sessions of the chosen groups in numbers."""
    today = seen.parts.today()
    wanted = filters.group_ids or seen.actor.group_ids
    with seen.parts.uow() as uow:
        found = uow.sessions.all(first_day=today, last_day=today)
    shown = [one for one in found if one.state.counts and _is_wanted(one, seen, wanted)]
    return seen.parts.boards.lines(sorted(shown, key=lambda s: (s.starts_at, s.session_id)))


def _is_wanted(session: Session, seen: Seen, wanted: Collection[str] | None) -> bool:
    if not seen.actor.sees_group(session.group_id):
        return False
    return wanted is None or session.group_id in wanted


def _sums(totals: Totals) -> None:
    shown = (
        (_("There"), number(totals.attended)),
        (_("of them late"), number(totals.late)),
        (_("Missing"), number(totals.absent + totals.open)),
        (_("Excused"), number(totals.excused)),
        (_("Attendance"), percent(totals.percentage)),
    )
    charts.numbers(shown)


def _sessions(lines: list[BoardLine]) -> None:
    rows = pd.DataFrame(
        [
            {
                _("Start"): clock(line.session.starts_at),
                _("Group"): line.group.name,
                _("Session"): line.session.title,
                _("There"): line.totals.attended,
                _("late"): line.totals.late,
                _("Missing"): line.totals.absent + line.totals.open,
                _("Excused"): line.totals.excused,
            }
            for line in lines
        ]
    )
    st.header(ngettext("%(num)s session", "%(num)s sessions", len(lines)))
    charts.table(rows, _("Sessions of today"))


def _one(seen: Seen, lines: list[BoardLine]) -> None:
    """Show who is there in one session."""
    words = {
        line.session.session_id: " · ".join(
            (clock(line.session.starts_at), line.group.name, line.session.title)
        )
        for line in lines
    }
    offer(SESSION, None, one_of(words))
    chosen = st.selectbox(
        _("Who is there?"),
        list(words),
        format_func=lambda one: words.get(one, ""),
        index=None,
        key=SESSION,
        placeholder=_("Choose a session"),
    )
    if chosen is not None:
        _people(seen.parts.boards.of(chosen))


def _people(board: Board) -> None:
    rows = pd.DataFrame(
        [
            {
                _("Name"): one.name,
                _("Status"): status_word(one.record.status),
                _("Arrived"): "" if one.record.arrived_at is None else clock(one.record.arrived_at),
            }
            for one in (*board.missing, *board.there, *board.away)
        ]
    )
    charts.table(rows, _("People of the session"))
