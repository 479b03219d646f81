"""What is looked at: days, groups, and whatever else a page lets choose. It stands in the address.

Addresses hold random ids, days and numbers, never a name; Streamlit's own binding of fields to
addresses would write what a field shows. An address that was opened, or gone back to, wins over the
fields. Afterwards the fields win, and what they say is written into the address.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from streamlit.runtime.scriptrunner import get_script_run_ctx

from rollbook.dashboard.seen import Seen
from rollbook.dashboard.words import _
from rollbook.domain.facts import Facts
from rollbook.domain.timetable import Term

PERIOD, FROM, TO, GROUP = "period", "from", "to", "group"
FOUR_WEEKS, QUARTER, YEAR, ALL, OWN = "4w", "13w", "52w", "all", "own"
TERM = "term-"  # then the term's id
EARLIEST = date(1990, 1, 1)  # of the days to choose
AHEAD = timedelta(days=3 * 366)  # until the latest of them
ADDRESS = "between address and fields"  # in the state of one browser's page

Known = Callable[[str], Any]  # what a text of the address stands for; None: nothing here


@dataclass(frozen=True, slots=True)
class Filters:
    """The days and groups that pages show."""

    first_day: date
    last_day: date
    group_ids: tuple[str, ...]  # none: all that may be seen

    def cut(self, facts: Facts) -> Facts:
        return facts.of_groups(self.group_ids) if self.group_ids else facts


@dataclass(slots=True)
class _Address:
    """Stands between the address and the fields of one browser's page."""

    asked: dict[str, list[str]]  # what no field took yet; an empty list asks for the usual
    usual: dict[str, object] = field(default_factory=dict)  # of the fields of this run
    is_odd: bool = False  # something was asked for that is not known here


def one_of(options: Iterable[object]) -> Known:
    """Return what finds an option by its text, as the address writes it."""
    return {str(one): one for one in options}.get


def whole(least: int, most: int) -> Known:
    """Return what reads a whole number between bounds."""
    return one_of(range(least, most + 1))


def between(first: date, last: date) -> Known:
    """Return what reads a day between bounds."""

    def known(text: str) -> date | None:
        try:
            day = date.fromisoformat(text)
        except ValueError:
            return None
        return day if first <= day <= last else None

    return known


def read_address() -> None:
    """Begin to show a page; its fields take over what the address asks for where it is newer."""
    held = st.session_state.get(ADDRESS)
    if held is None or _came_through_history():
        before = {} if held is None else held.usual
        given = {name: st.query_params.get_all(name) for name in st.query_params}
        held = st.session_state[ADDRESS] = _Address({name: [] for name in before} | given)
    held.usual = {}


def _came_through_history() -> bool:
    """Return whether the browser went back or forward, which fields do not follow by themselves."""
    context = get_script_run_ctx()
    return context is not None and context.is_history_navigation


def offer(name: str, usual: object, known: Known, *, always: bool = False) -> None:
    """Let the field that is shown next, and has this name as its key, begin as it should.

    That is with what the address asks for, else with what was chosen before, else as usual. The
    usual choice is not written into the address, except `always`.
    """
    state, found = st.session_state, _asked(name, None if always else usual, known)
    if found:
        state[name] = found[-1]
    elif found is not None or name not in state or not _is_fine(state[name], usual, known):
        state[name] = usual


def _is_fine(value: object, usual: object, known: Known) -> bool:
    return value == usual or known(str(value)) is not None


def offer_many(name: str, known: Known) -> None:
    """Do the same for a field of any number of choices, which usually has none."""
    found, before = _asked(name, [], known), st.session_state.get(name)
    if found is None:
        found = [one for one in before or () if known(one) is not None]
    if found != before:
        st.session_state[name] = list(dict.fromkeys(found))


def _asked(name: str, usual: object, known: Known) -> list[Any] | None:
    """Return what is known of that which the address asks for; None when it was taken before."""
    address: _Address = st.session_state[ADDRESS]
    address.usual[name] = usual
    asked = address.asked.pop(name, None)
    if asked is None:
        return None
    found = [value for text in asked if (value := known(text)) is not None]
    address.is_odd |= len(found) < len(asked)
    return found


def write_address() -> None:
    """Put what was chosen into the address, as far as it is not usual."""
    address: _Address = st.session_state[ADDRESS]
    wanted = {}
    for name, usual in address.usual.items():
        value = st.session_state.get(name)
        if value is not None and value != usual:
            wanted[name] = [str(one) for one in (value if isinstance(value, list) else [value])]
    if wanted != {name: st.query_params.get_all(name) for name in st.query_params}:
        st.query_params.from_dict(wanted)


def end_page(notice: DeltaGenerator) -> None:
    """Write the address once all fields were shown; say it where it asked for something unknown."""
    address: _Address = st.session_state[ADDRESS]
    address.asked.clear()  # what is left belongs to other pages, or to nothing
    write_address()
    if address.is_odd:
        notice.warning(
            _(
                "Something in this address is not known here; "
                "the usual choice is shown in its place."
            )
        )
    address.is_odd = False


def show_filters(seen: Seen, groups: dict[str, str], terms: Sequence[Term]) -> Filters:
    """Show the fields beside all pages and return what was chosen."""
    words, today = _periods(terms), seen.parts.today()
    with st.sidebar:
        offer(PERIOD, FOUR_WEEKS, one_of(words))
        period = st.selectbox(_("Days"), list(words), format_func=words.__getitem__, key=PERIOD)
        if period == OWN:
            _own_day(FROM, _("From"), today, today - timedelta(weeks=4))
            _own_day(TO, _("To"), today, today)
        chosen: list[str] = []
        if groups:
            offer_many(GROUP, one_of(groups))
            chosen = st.multiselect(
                _("Groups"),
                list(groups),
                format_func=lambda one: groups.get(one, ""),
                key=GROUP,
                placeholder=_("All groups"),
            )
    if not st.query_params:
        # A link to a page has no filters; Streamlit makes history of it when it knows the page.
        write_address()
    first_day, last_day = _days(seen, str(period), terms)
    return Filters(first_day, last_day, tuple(chosen))


def _own_day(name: str, label: str, today: date, usual: date) -> None:
    latest = today + AHEAD
    offer(name, usual, between(EARLIEST, latest), always=True)
    st.date_input(
        label,
        min_value=EARLIEST,
        max_value=latest,
        key=name,
        format="YYYY-MM-DD",
    )


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
