"""Who gets what from the dashboard's websocket and files, asked without a browser's manners.

A hostile client asks for any page with any address, for a part of a page alone, and for the files
of others. What comes back is looked at as it was sent.
"""

from __future__ import annotations

import shutil
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from e2e.running import running
from rollbook.dashboard import frame
from rollbook.domain.subjects import Group
from rollbook.web.dashboard.entrance import Entrance, cookie_name
from rollbook.web.parts import WebOptions
from web.school import Site, make_site, sign_in

pytestmark = pytest.mark.slow

OPTIONS = WebOptions(limits=False)
LONG = 60  # seconds
WEEK = timedelta(weeks=1)
PAGES = ("today", *sorted(frame.PATHS - {"today"}))
ENDPOINTS = (  # what Streamlit answers beside its pages and its own files
    "_stcore/health",
    "_stcore/host-config",
    "_stcore/metrics",
    "_stcore/script-health-check",
    "_stcore/agent/openapi.json",
    "_stcore/stream",
    "component/any/index.html",
    "media/0123456789abcdef.csv",
    "static/index.html",
)
SENDING = ("_stcore/upload_file/a/b", "_stcore/agent/interact", "_stcore/agent/mcp")


@pytest.fixture(scope="module")
def school(blank_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Site:
    """Return a school whose two lessons are running; nobody came to those of last week."""
    made = make_site(Path(shutil.copytree(blank_home, tmp_path_factory.mktemp("rights") / "book")))
    for group, running_now in (
        (made.group, made.session),
        (made.other_group, made.other_session),
    ):
        _hold_in_vain(made, group, running_now.starts_at - WEEK)
    made.clock.at = made.session.starts_at + timedelta(minutes=10)
    return made


def _hold_in_vain(school: Site, group: Group, starts_at: datetime) -> None:
    register = school.parts.register
    ends_at = starts_at + timedelta(minutes=45)
    held = register.open_session(
        group.group_id, starts_at, ends_at, business_date=starts_at.date(), title="Music"
    )
    school.clock.at = ends_at + timedelta(hours=1)
    register.close_session(held.session_id)


@pytest.fixture(scope="module")
def base(school: Site) -> Iterator[str]:
    with running(school.parts) as address:
        yield address


class Client:
    """Somebody's session, and the cookie of the dashboard that goes with it."""

    def __init__(self, school: Site, base: str, login: str | None) -> None:
        self.base = base
        self.token = sign_in(school, login) if login else ""
        own = Entrance(school.parts, OPTIONS).cookie(self.token) if login else ""
        self.cookies = {OPTIONS.session_cookie: self.token, cookie_name(OPTIONS): own}

    def header(self) -> dict[str, str]:
        return {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}

    def status(self, path: str, method: str = "GET") -> int:
        address = f"{self.base}/dashboard/{path}"
        asking = urllib.request.Request(address, headers=self.header(), method=method)
        try:
            with urllib.request.urlopen(asking, timeout=LONG) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code

    @contextmanager
    def stream(self) -> Iterator[Stream]:
        address = self.base.replace("http", "ws", 1) + "/dashboard/_stcore/stream"
        more = {"origin": self.base, "subprotocols": ["streamlit"], "max_size": None}
        with connect(address, additional_headers=self.header(), proxy=None, **more) as opened:
            yield Stream(opened)


class Stream:
    """The websocket of one page: asks the script to run, and keeps what was sent."""

    def __init__(self, opened: ClientConnection) -> None:
        self._opened = opened

    def run(self, page: str, query: dict[str, str], fragment: str = "") -> Told:
        """Ask for a page, or for a part of the one that was asked for before."""
        asking = BackMsg()
        asking.rerun_script.page_name = page
        asking.rerun_script.query_string = urlencode(query)
        asking.rerun_script.fragment_id = fragment
        self._opened.send(asking.SerializeToString())
        told = Told()
        while not told.is_over(self._opened.recv(timeout=LONG)):
            pass
        return told


class Told:
    """What the server sent for one run of the script."""

    def __init__(self) -> None:
        self.data = b""
        self.parts: list[str] = []  # of the page, which run by themselves

    def is_over(self, data: str | bytes) -> bool:
        assert isinstance(data, bytes)
        self.data += data
        sent = ForwardMsg.FromString(data)
        if sent.WhichOneof("type") == "delta" and sent.delta.fragment_id:
            self.parts.append(sent.delta.fragment_id)
        again = ForwardMsg.ScriptFinishedStatus.FINISHED_EARLY_FOR_RERUN
        return sent.WhichOneof("type") == "script_finished" and sent.script_finished != again

    def names(self, people: list[str]) -> set[str]:
        return {name for name in people if name.encode() in self.data}


def names_of(school: Site) -> tuple[list[str], list[str]]:
    """Return the names of 5b's people, and those of 6a's."""
    return [one.name for one in school.people], [one.name for one in school.others]


def hostile(school: Site, page: str) -> Iterator[dict[str, str]]:
    """Yield addresses of a page that name other people, groups and sessions."""
    yield {"period": "all"}
    for group, people, session in (
        (school.group, school.people, school.session),
        (school.other_group, school.others, school.other_session),
    ):
        for person in people if page == "person" else people[:1]:
            named = {"group": group.group_id, "person": person.subject_id}
            yield {"period": "all", "row": "1", **named, "session": session.session_id}


def seen_by(school: Site, base: str, login: str) -> dict[str, set[str]]:
    """Return page -> names that it sends to somebody who tries every address."""
    client, everybody = Client(school, base, login), [*names_of(school)[0], *names_of(school)[1]]
    found: dict[str, set[str]] = {page: set() for page in PAGES}
    for page in PAGES:
        for query in hostile(school, page):
            with client.stream() as stream:
                found[page] |= stream.run(page, query).names(everybody)
    return found


def test_an_administrator_is_sent_the_names_of_both_groups(school: Site, base: str) -> None:
    """The others are sent less, which is worth something only where this is more."""
    found = seen_by(school, base, "alice")
    own, other = names_of(school)
    assert found["person"] >= {*own, *other}
    assert found["heat-map"] >= {*own, *other}
    assert found["today"] >= {*own, *other}
    assert found["at-risk"] >= {*own, *other}


@pytest.mark.parametrize(("login", "place"), [("bob", 0), ("charlie", 1)])
def test_who_teaches_one_group_is_sent_nobody_of_the_other(
    school: Site, base: str, login: str, place: int
) -> None:
    found = seen_by(school, base, login)
    own, other = set(names_of(school)[place]), set(names_of(school)[1 - place])
    assert {page: names & other for page, names in found.items() if names & other} == {}
    assert found["person"] >= own
    assert found["today"] >= own


def test_a_person_is_sent_the_own_name_alone(school: Site, base: str) -> None:
    found = seen_by(school, base, "ada")
    assert set().union(*found.values()) <= {school.ada.name}


def test_a_person_has_no_page_of_all(school: Site, base: str) -> None:
    client = Client(school, base, "ada")
    with client.stream() as stream:
        first = stream.run("", {"period": "all"})
    for page in PAGES:
        with client.stream() as stream:
            told = stream.run(page, {"period": "all"})
        assert (b"Recognition" not in told.data) and (b"People at risk" not in told.data)
    assert b"My calendar" in first.data


def test_no_endpoint_answers_without_both_cookies(school: Site, base: str) -> None:
    bob, charlie = Client(school, base, "bob"), Client(school, base, "charlie")
    without = Client(school, base, "bob")
    del without.cookies[cookie_name(OPTIONS)]
    stolen = Client(school, base, None)
    stolen.cookies[cookie_name(OPTIONS)] = bob.cookies[cookie_name(OPTIONS)]
    mixed = Client(school, base, "charlie")
    mixed.cookies[cookie_name(OPTIONS)] = bob.cookies[cookie_name(OPTIONS)]
    for client in (Client(school, base, None), without, stolen, mixed):
        assert {path: client.status(path) for path in ENDPOINTS} == dict.fromkeys(ENDPOINTS, 401)
        with pytest.raises(InvalidStatus), client.stream():
            pass
    assert charlie.status("_stcore/health") == 200


def test_nothing_can_be_sent_to_any_endpoint(school: Site, base: str) -> None:
    bob = Client(school, base, "bob")
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        found = {path: bob.status(path, method) for path in (*ENDPOINTS, *SENDING)}
        assert set(found.values()) == {405}, method


def test_who_signed_out_is_sent_nothing_more_by_a_page_that_is_still_open(
    school: Site, base: str
) -> None:
    """The client never asks for the whole page again, as a browser would."""
    client, own = Client(school, base, "bob"), names_of(school)[0]
    with client.stream() as stream:
        query = {"session": school.session.session_id}
        before = stream.run("today", query)
        assert before.names(own)
        live = before.parts[-1]
        assert stream.run("today", query, live).names(own)
        with school.parts.uow() as uow:
            uow.web_sessions.remove(client.token)
            uow.commit()
        for fragment in (live, ""):
            after = stream.run("today", query, fragment)
            assert not after.names(own)
            assert b"You are signed out" in after.data
    with pytest.raises((InvalidStatus, ConnectionClosed)), client.stream():
        pass
    assert client.status("_stcore/health") == 401
