"""The dashboard without the web application: for this machine, for who can read the terminal.

`streamlit run dashboard.py` and `rollbook dashboard` are started in a room without a way out, and
the browser beside them. Plain Streamlit in the same room shows that the listener would hear it.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from cli.test_up import free_port
from e2e.places import Place, quiet_place
from e2e.running import Complaints
from rollbook.cli.dashboard import HERE, PORT
from rollbook.dashboard.alone import TRIES
from rollbook.dashboard.hosting import OPTIONS
from rollbook.domain.attendance import Method
from torture import room
from web.school import make_site

PROJECT = Path(__file__).parents[2]
STREAMLIT = (sys.executable, "-m", "streamlit", "run")
LONG = 60_000  # milliseconds; the first page waits for Streamlit to be imported
PATIENCE = 90.0  # seconds until a program says something
ASK_RAW = """
import socket, sys
port, path, host, origin, upgrade = sys.argv[1:]
lines = [f"GET {path} HTTP/1.1", f"Host: {host}"]
lines += [f"Origin: {origin}"] if origin else []
if upgrade:
    lines += ["Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13"]
    lines += ["Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="]
with socket.create_connection(("127.0.0.1", int(port)), 30) as asking:
    asking.sendall("\\r\\n".join([*lines, "", ""]).encode())
    print(asking.recv(4096).split(b" ")[1].decode())
"""
STREAM = "/_stcore/stream"
FIGURE = "40 %"  # two of five: nobody was seen in the other group


class Started:
    """A program that shows the dashboard."""

    def __init__(self, place: Place, words: tuple[str, ...], port: int, home: Path, cwd: Path):
        self.place, self.port = place, port
        self.base = f"http://127.0.0.1:{port}"
        self._said = place.folder / "said"
        own = {"ROLLBOOK_HOME": str(home), "HOME": str(place.folder), "PYTHONUNBUFFERED": "1"}
        with self._said.open("wb") as output:
            self.process = subprocess.Popen(
                place.words(*words, cwd=cwd),
                cwd=cwd,
                env={**os.environ, **own},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    @property
    def output(self) -> str:
        return self._said.read_text(encoding="utf-8")

    def codes(self, least: int = 1) -> list[str]:
        """Return the codes that stand in the terminal, once there are so many."""
        until = time.monotonic() + PATIENCE
        while len(found := re.findall(r"works once: (\w+)", self.output)) < least:
            assert self.process.poll() is None and time.monotonic() < until, self.output
            time.sleep(0.1)
        return found

    def answer(self, path: str, *, host: str = "", origin: str = "", upgrade: bool = False) -> str:
        """Return the status of a request with headers that no honest browser would send."""
        asked = (str(self.port), path, host or f"127.0.0.1:{self.port}", origin, "1" * upgrade)
        words = self.place.words(sys.executable, "-c", ASK_RAW, *asked)
        return subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()

    def listens_on(self) -> set[str]:
        """Return the addresses at which this port is listened on, as the kernel writes them."""
        lines = [
            line.split()
            for kind in ("tcp", "tcp6")
            for line in Path(f"/proc/{self.process.pid}/net/{kind}").read_text().splitlines()[1:]
        ]
        return {at for _n, at, _to, state, *_ in lines if state == "0A" and self._is_own(at)}

    def _is_own(self, at: str) -> bool:
        return at.endswith(f":{self.port:04X}")

    def end(self) -> None:
        """Press Ctrl-C, and wait for the end."""
        self.process.send_signal(signal.SIGINT)
        self.process.wait(PATIENCE)


@contextmanager
def started(place: Place, name: str, home: Path) -> Iterator[Started]:
    port = free_port()
    given = ("--server.port", str(port), "--server.headless", "true")
    words, cwd = {
        "streamlit run": ((*STREAMLIT, "dashboard.py", *given), PROJECT),
        "from elsewhere": ((*STREAMLIT, str(PROJECT / "dashboard.py"), *given), place.folder),
        "rollbook dashboard": (
            (sys.executable, "-m", "rollbook", "dashboard", "--no-open", "--port", str(port)),
            place.folder,
        ),
    }[name]
    running = Started(place, words, port, home, cwd)
    try:
        yield running
    finally:
        running.process.kill()
        running.process.wait()


@pytest.fixture(scope="module")
def home(blank_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an installation of which 5b's lesson is over: nobody saw to 6a's."""
    book = Path(shutil.copytree(blank_home, tmp_path_factory.mktemp("alone") / "book"))
    made = make_site(book)
    for person, minutes in zip(made.people[:2], (2, 15), strict=True):
        made.clock.at = made.session.starts_at + timedelta(minutes=minutes)
        made.parts.register.sight(
            made.session.session_id, person.subject_id, made.clock.at, Method.QR
        )
    made.clock.at = made.session.ends_at + timedelta(minutes=20)
    made.parts.register.close_session(made.session.session_id)
    made.parts.database.close()
    return book


def type_code(page: Page, code: str) -> None:
    page.get_by_label("Code").fill(code)
    page.get_by_role("button", name="Open the dashboard").click()


def is_shut(page: Page) -> None:
    """Expect the question for the code, and nothing else."""
    expect(page.get_by_label("Code")).to_be_visible(timeout=LONG)
    expect(page.get_by_test_id("stSidebarNav")).to_have_count(0)
    text = page.inner_text("body")
    assert FIGURE not in text and "5b" not in text and "Attendance over all" not in text


def is_refused(page: Page) -> None:
    expect(page.get_by_text("This is not the code")).to_be_visible(timeout=LONG)
    is_shut(page)


def is_open(page: Page) -> None:
    page.get_by_test_id("stSidebarNav").get_by_role("link", name="Trends").click(timeout=LONG)
    shown = page.get_by_test_id("stMetric").filter(has_text="Attendance over all")
    expect(shown.get_by_test_id("stMetricValue")).to_have_text(FIGURE, timeout=LONG)


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize("name", ["streamlit run", "from elsewhere", "rollbook dashboard"])
def test_from_the_start_to_the_last_page_nothing_leaves_the_machine(
    name: str, home: Path, tmp_path: Path
) -> None:
    with quiet_place(tmp_path / "place") as place, started(place, name, home) as running:
        running.codes()
        _refuses_who_is_not_of_this_machine(running)
        with place.chromium() as browser:
            _opens_to_the_code_alone(browser, running)
        running.end()
        assert "Traceback" not in running.output, running.output
    assert place.heard == (None if room.why_not() else {})


def _refuses_who_is_not_of_this_machine(running: Started) -> None:
    """Ask before any page was opened: there is no script yet that could have set something."""
    if sys.platform == "linux":
        assert running.listens_on() == {f"0100007F:{running.port:04X}"}
    there = "https://elsewhere.example"
    assert running.answer(STREAM, origin=there, upgrade=True) == "403"
    assert running.answer("/", origin=there) == "403"
    rebound = f"rebound.example:{running.port}"
    assert running.answer(STREAM, host=rebound, origin=f"http://{rebound}", upgrade=True) == "403"
    assert running.answer("/", host=rebound) == "400"
    assert running.answer("/", host=f"localhost:{running.port}") == "200"
    assert running.answer(STREAM, origin=running.base, upgrade=True) == "101"


def _opens_to_the_code_alone(browser: Browser, running: Started) -> None:
    context = browser.new_context(locale="en-GB")
    asked: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    page = context.new_page()
    complaints = Complaints(page)
    address = f"{running.base}/?period=all"
    first = running.codes()[-1]
    for code in (*["WRONG"] * TRIES, first):  # five wrong ones bring another
        page.goto(address)
        is_shut(page)
        type_code(page, code)
        is_refused(page)
    second = running.codes(least=2)[-1]
    type_code(page, second)
    is_open(page)
    _has_no_menu_for_developers(page)
    other = browser.new_context(locale="en-GB").new_page()
    other.goto(address)
    is_shut(other)
    type_code(other, second)  # it was used
    is_refused(other)
    for link in page.get_by_test_id("stSidebarNav").get_by_role("link").all():
        link.click()
        expect(page.get_by_test_id("stStatusWidget")).to_have_count(0, timeout=LONG)
        expect(page.get_by_role("heading", level=1)).to_be_visible(timeout=LONG)
    page.goto(address)  # loaded anew
    is_shut(page)
    type_code(page, second)
    is_refused(page)
    type_code(page, running.codes(least=3)[-1])
    is_open(page)
    assert [url for url in asked if not url.startswith((running.base, "data:", "blob:"))] == []
    assert [text for text in complaints.taken() if "Content Security Policy" in text] == []


def _has_no_menu_for_developers(page: Page) -> None:
    expect(page.get_by_test_id("stAppDeployButton")).to_have_count(0)
    page.get_by_test_id("stMainMenu").get_by_role("button").click()
    menu = page.get_by_test_id("stMainMenuPopover")
    expect(menu).to_be_visible()
    assert "Deploy" not in menu.inner_text() and "Clear cache" not in menu.inner_text()
    page.keyboard.press("Escape")


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.skipif(bool(room.why_not()), reason=room.why_not() or "there can be a room")
def test_plain_streamlit_would_be_heard(home: Path, tmp_path: Path) -> None:
    """What is switched off is there: its own address, asked for outside, and its statistics."""
    with quiet_place(tmp_path / "place") as place:
        port = free_port()
        script = place.folder / "plain.py"
        script.write_text("import streamlit\nstreamlit.title('Plain')\n")
        given = ("--server.port", str(port), "--server.headless", "true")
        running = Started(place, (*STREAMLIT, str(script), *given), port, home, place.folder)
        with place.chromium() as browser:
            page = browser.new_page()
            while "You can now view" not in running.output:
                time.sleep(0.1)
            page.goto(running.base)
            expect(page.get_by_role("heading", name="Plain")).to_be_visible(timeout=LONG)
        running.end()
    assert place.heard is not None
    names = {one.rpartition(" for ")[2] for one in place.heard}
    assert {"checkip.amazonaws.com", "data.streamlit.io"} <= names


@pytest.mark.slow
def test_another_address_than_this_machines_is_refused(home: Path, tmp_path: Path) -> None:
    given = ("--server.port", str(free_port()), "--server.address", "0.0.0.0")
    ended = subprocess.run(
        (*STREAMLIT, "dashboard.py", "--server.headless", "true", *given),
        cwd=PROJECT,
        env={**os.environ, "ROLLBOOK_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert ended.returncode == 1
    assert "The dashboard alone is for this machine" in ended.stderr
    assert "works once" not in ended.stdout
    assert "Traceback" not in ended.stderr


def test_the_settings_in_the_checkout_are_those_of_the_program() -> None:
    said = tomllib.loads((PROJECT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
    for name, value in OPTIONS.items():
        *sections, option = name.split(".")
        held = said
        for section in sections:
            held = held[section]
        assert held[option] == value, name
    server = said["server"]
    assert (server["address"], server["port"]) == (HERE[0], PORT)
    assert server["allowedHosts"] == list(HERE) and not server["showEmailPrompt"]


def test_what_streamlit_serves_loads_nothing_from_elsewhere() -> None:
    """Its scripts know addresses of maps and more; those the browser is told not to ask."""
    found = find_spec("streamlit")
    assert found is not None and found.origin is not None
    static = Path(found.origin).with_name("static")
    page = (static / "index.html").read_text(encoding="utf-8")
    assert re.findall(r"""(?:src|href|action)\s*=\s*["']?\s*(?:\w+:)?//""", page) == []
    sheets = list(static.rglob("*.css"))
    assert sheets
    for sheet in sheets:
        text = sheet.read_text(encoding="utf-8")
        assert re.findall(r"""(?:url\(|@import)\s*["']?\s*(?:\w+:)?//""", text) == [], sheet.name
