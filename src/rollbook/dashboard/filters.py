"""What is looked at: days, groups and a person. It stands in the address, to be shared.

Addresses hold random ids and days, never a name.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import streamlit as st

from rollbook.dashboard.seen import Seen
from rollbook.dashboard.words import _
from rollbook.domain.facts import Facts
from rollbook.domain.timetable import Term

PERIOD, FROM, TO, GROUP, PERSON = "period", "from", "to", "group", "person"
FOUR_WEEKS, QUARTER, YEAR, ALL, OWN = "4w", "13w", "52w", "all", "own"
TERM = "term-"  # then the term's id
READ = "filters were read"


@dataclass(frozen=True, slots=True)
class Filters:
    """The days and groups that pages show."""

    first_day: date
    last_day: date
    group_ids: tuple[str, ...]  # none: all that may be seen

    def cut(self, facts: Facts) -> Facts:
        return facts.of_groups(self.group_ids) if self.group_ids else facts


def read_address(seen: Seen, groups: dict[str, str]) -> None:
    """Take the filters of the address over, once for each page that was opened."""
    if READ in st.session_state:
        return
    given, state = st.query_params, st.session_state
    state[READ] = True
    state[GROUP] = [one for one in given.get_all(GROUP) if one in groups]
    state[PERIOD] = given.get(PERIOD, FOUR_WEEKS)
    today = seen.parts.today()
    state[FROM] = _day(given.get(FROM), today - timedelta(weeks=4))
    state[TO] = _day(given.get(TO), today)
    if given.get(PERSON):
        state[PERSON] = given[PERSON]


def _day(text: str | None, otherwise: date) -> date:
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        return otherwise


def show_filters(seen: Seen, groups: dict[str, str], terms: Sequence[Term]) -> Filters:
    """Show the fields beside the page and return what was chosen."""
    read_address(seen, groups)
    words = _periods(terms)
    if st.session_state.get(PERIOD) not in words:
        st.session_state[PERIOD] = FOUR_WEEKS
    with st.sidebar:
        period = st.selectbox(_("Days"), list(words), format_func=words.__getitem__, key=PERIOD)
        if period == OWN:
            st.date_input(_("From"), key=FROM, format="YYYY-MM-DD")
            st.date_input(_("To"), key=TO, format="YYYY-MM-DD")
        chosen: list[str] = []
        if groups:
            chosen = st.multiselect(
                _("Groups"),
                list(groups),
                format_func=lambda one: groups.get(one, ""),
                key=GROUP,
                placeholder=_("All groups"),
            )
    first_day, last_day = _days(seen, str(period), terms)
    return Filters(first_day, last_day, tuple(chosen))


def _periods(terms: Sequence[Term]) -> dict[str, str]:
    words = {
        FOUR_WEEKS: _("The last four weeks"),
        QUARTER: _("The last thirteen weeks"),
        YEAR: _("The last year"),
        ALL: _("Everything"),
    }
    words |= {f"{TERM}{term.term_id}": term.days.name for term in terms}
    return {**words, OWN: _("Days of my choice")}


def _days(seen: Seen, period: str, terms: Sequence[Term]) -> tuple[date, date]:
    today = seen.parts.today()
    if period == OWN:
        first, last = sorted((st.session_state[FROM], st.session_state[TO]))
        return first, last
    if period == ALL:
        return seen.parts.live_facts.first_day() or today, today
    term = next((one for one in terms if period == f"{TERM}{one.term_id}"), None)
    if term is not None:
        return term.days.first_day, term.days.last_day
    weeks = {FOUR_WEEKS: 4, QUARTER: 13, YEAR: 52}[period]
    return today - timedelta(weeks=weeks) + timedelta(days=1), today


def write_address() -> None:
    """Put what was chosen into the address."""
    state = st.session_state
    wanted: dict[str, str | list[str]] = {PERIOD: state[PERIOD]}
    if state[PERIOD] == OWN:
        wanted |= {FROM: state[FROM].isoformat(), TO: state[TO].isoformat()}
    if state.get(GROUP):
        wanted[GROUP] = list(state[GROUP])
    if state.get(PERSON):
        wanted[PERSON] = state[PERSON]
    held = {name: st.query_params.get_all(name) for name in st.query_params}
    if held != {name: [one] if isinstance(one, str) else one for name, one in wanted.items()}:
        st.query_params.from_dict(wanted)
