"""The dashboard without the web application: for whoever can read this terminal."""

from __future__ import annotations

import hmac
import secrets
import threading
from collections.abc import Callable

import streamlit as st

from rollbook.dashboard.hosting import Visitor
from rollbook.dashboard.words import LANGUAGE, _
from rollbook.domain.access import Actor, Role

SIGNS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # none that look alike
LENGTH = 8
TRIES = 5  # wrong codes before there is another one
LET_IN = "showed the code"
READER = Actor("terminal", Role.ADMINISTRATOR, "Terminal", group_ids=None)


class Door:
    """Opens to who types the code of the terminal; each code opens once."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        """`tell` shows a code where only its owner sees it."""
        self._tell = tell
        self._lock = threading.Lock()
        self._new_code()

    def opens_to(self, typed: str) -> bool:
        """Return whether this is the code. Afterwards there is another one."""
        given = "".join(typed.upper().split()).encode()
        with self._lock:
            right = hmac.compare_digest(given, self._code.encode())
            self._left -= 1
            if right or not self._left:
                self._new_code()
        return right

    def _new_code(self) -> None:
        self._code = "".join(secrets.choice(SIGNS) for _sign in range(LENGTH))
        self._left = TRIES
        self._tell(self._code)


def visitor(language: str) -> Visitor | None:
    """Return whoever typed the code into this page; a page that is loaded anew asks again."""
    return Visitor(READER, language) if st.session_state.get(LET_IN) else None


def ask(door: Door, language: str) -> None:
    """Ask for the code of the terminal."""
    st.session_state[LANGUAGE] = language
    st.title("Rollbook")
    st.write(_("Type the code that stands in the terminal where the dashboard was started."))
    with st.form("code", border=False):
        typed = st.text_input(_("Code"), max_chars=32, autocomplete="off")
        sent = st.form_submit_button(_("Open the dashboard"), type="primary")
    if not sent:
        return
    if door.opens_to(typed):
        st.session_state[LET_IN] = True
        st.rerun()
    st.error(_("This is not the code. Look at the terminal: there may be another one by now."))
