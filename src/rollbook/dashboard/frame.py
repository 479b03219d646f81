"""The frame of all pages: who looks, may they still, what is chosen, and which page."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import streamlit as st

from rollbook.dashboard import (
    calendar_page,
    compare_page,
    heat_page,
    punctuality_page,
    recognition_page,
    risk_page,
    today_page,
    trends_page,
)
from rollbook.dashboard.filters import Filters, end_page, read_address, show_filters
from rollbook.dashboard.hosting import CHECKED, host
from rollbook.dashboard.seen import Seen
from rollbook.dashboard.words import LANGUAGE, ZONE, _
from rollbook.errors import StorageError
from rollbook.services.calendars import read_calendar

ICON = Path(__file__).with_name("icon.png")  # an icon by name would be fetched from outside
CHECK_EVERY = 30  # seconds between two looks whether the visitor still may
# the first page of whoever looks answers to those of them that lead to no page of theirs
PATHS = {"today", "trends", "heat-map", "punctuality", "groups", "at-risk", "person", "recognition"}

Body = Callable[[Seen, Filters], None]


def show() -> None:
    """Show the page that is asked for to whoever may see it, and nothing to anybody else."""
    st.set_page_config(layout="wide", page_title="Rollbook", page_icon=str(ICON))
    try:
        visitor = host().visitor()
    except StorageError:
        st.error(_("The database cannot be read now. Try again in a moment."))
        st.stop()
    if visitor is None:
        _end()
    st.session_state[LANGUAGE] = visitor.language
    st.session_state[ZONE] = host().parts.zone.key
    st.session_state[CHECKED] = visitor
    _watch()
    try:
        _show_page(Seen(visitor))
    except StorageError:
        st.error(_("The database cannot be read now. Try again in a moment."))


@st.fragment(run_every=CHECK_EVERY)
def _watch() -> None:
    """Look again while nobody clicks: signed out or moved, the page ends."""
    try:
        now = host().visitor()
    except StorageError:
        return  # the database is busy: nothing is known, so nothing changes
    if now != st.session_state.get(CHECKED):
        st.rerun()


def _end() -> None:
    """Say that there is nothing to see any more, in place of all that was there."""
    if host().ask is not None:
        host().ask()
        st.stop()
    st.session_state.clear()
    st.title(_("You are signed out"))
    st.write(_("The dashboard shows something only while you are signed in and allowed to see it."))
    back = host().way_back
    if back is not None:  # as text: what a button is made of is not served any more
        st.write(f"[{_('To the first page')}]({back})")
    st.stop()


def _show_page(seen: Seen) -> None:
    read_address()
    groups = seen.groups()
    with seen.parts.uow() as uow:
        terms = read_calendar(uow, seen.parts.today()).terms
    filters = show_filters(seen, groups, terms)
    is_empty = not groups and not seen.only_self
    first, *others = _pages(seen)
    page = partial(_page, seen, filters, is_empty=is_empty)
    shown = [page("", *first[1:], default=True), *(page(*one) for one in others)]
    elsewhere = PATHS - {path for path, *_more in others}
    hidden = [page(path, *first[1:], visibility="hidden") for path in sorted(elsewhere)]
    st.navigation([*shown, *hidden], position="sidebar").run()


def _pages(seen: Seen) -> list[tuple[str, str, str, Body]]:
    """Return address, icon, title and body of the pages that there are for the visitor."""
    own = ("person", "calendar_month", _("One person"), calendar_page.show)
    if seen.only_self:
        own = ("person", "calendar_month", _("My calendar"), calendar_page.show)
        return [own, _trends(), _punctuality()]
    return [
        ("today", "today", _("Today"), today_page.show),
        _trends(),
        ("heat-map", "grid_on", _("Heat map"), heat_page.show),
        _punctuality(),
        ("groups", "groups", _("Comparison of groups"), compare_page.show),
        ("at-risk", "warning", _("People at risk"), risk_page.show),
        own,
        ("recognition", "face", _("Recognition"), recognition_page.show),
    ]


def _trends() -> tuple[str, str, str, Body]:
    return ("trends", "show_chart", _("Trends"), trends_page.show)


def _punctuality() -> tuple[str, str, str, Body]:
    return ("punctuality", "schedule", _("Punctuality"), punctuality_page.show)


def _page(
    seen: Seen,
    filters: Filters,
    path: str,
    icon: str,
    title: str,
    body: Body,
    *,
    is_empty: bool,
    **more: Any,
) -> st.Page:
    run = partial(_run, seen, filters, title, _no_groups if is_empty else body)
    return st.Page(run, title=title, icon=f":material/{icon}:", url_path=path, **more)


def _run(seen: Seen, filters: Filters, title: str, body: Body) -> None:
    st.set_page_config(page_title=f"{title} – Rollbook")
    st.title(title)
    notice = st.empty()
    body(seen, filters)
    end_page(notice)


def _no_groups(_seen: Seen, _filters: Filters) -> None:
    st.info(_("You have no groups yet. Whoever looks after the site can give you some."))
