"""The page that shows a watch: only for whoever was given its address, and only on this machine."""

from __future__ import annotations

import base64
import http.client
import json
import shutil
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from importlib import resources

import cv2
import numpy as np
import pytest

from rollbook import testing as t
from rollbook.cli.display import Board, Display
from rollbook.domain.cameras import CameraHealth, CameraState
from rollbook.domain.faces import Frame, Refusal
from rollbook.domain.geometry import Box
from rollbook.services.recognise import FrameResult, TrackState, TrackView
from rollbook.services.watch_events import HealthChanged, Marked, NotMarked

NASTY = '<script>alert("x")</script>'


@pytest.fixture
def display() -> Iterator[Display]:
    opened = Display(Board(lambda subject_id: NASTY, lambda event: f"{NASTY} arrived"))
    yield opened
    opened.close()


class Browser:
    """Asks as a browser would, with one cookie."""

    def __init__(self, display: Display) -> None:
        self.port = display.port
        self.cookie = ""

    def get(self, path: str, host: str | None = None) -> tuple[http.client.HTTPResponse, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        headers = {"Host": host or f"127.0.0.1:{self.port}"}
        if self.cookie:
            headers["Cookie"] = self.cookie
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return answer, body

    def enter(self, display: Display) -> http.client.HTTPResponse:
        answer, _ = self.get(display.address.split(str(self.port))[1])
        self.cookie = (answer.getheader("Set-Cookie") or "").split(";")[0]
        return answer


def result_of(*views: TrackView, sequence: int = 0) -> FrameResult:
    return FrameResult(t.START, sequence, views, (), len(views), 0, True)


def frame_of(sequence: int = 0) -> Frame:
    return Frame(t.picture(320, 240, (10, 200, 30)), t.START, "door", sequence)


def test_the_address_opens_the_page_once(display: Display) -> None:
    address = display.address
    browser = Browser(display)
    answer = browser.enter(display)
    assert (answer.status, answer.getheader("Location")) == (303, "/")
    kept = answer.getheader("Set-Cookie") or ""
    assert "HttpOnly" in kept
    assert "SameSite=Strict" in kept
    assert browser.get("/")[0].status == 200
    stranger = Browser(display)
    assert stranger.get(address.split(str(display.port))[1])[0].status == 403
    assert browser.get("/watch.js")[0].status == 200


@pytest.mark.parametrize("path", ["/", "/now", "/watch.js", "/open/", "/open/wrong", "/../x"])
def test_without_the_address_nothing_is_shown(display: Display, path: str) -> None:
    display.board.show(frame_of(), result_of())
    browser = Browser(display)
    browser.cookie = "rollbook_watch=guessed"
    answer, body = browser.get(path)
    assert answer.status == 403
    assert b"picture" not in body


def test_another_name_for_this_machine_is_refused(display: Display) -> None:
    """A page elsewhere whose name points at 127.0.0.1 must not read this one."""
    browser = Browser(display)
    browser.enter(display)
    assert browser.get("/now", host=f"evil.example:{display.port}")[0].status == 403


def test_only_this_machine_can_connect(display: Display) -> None:
    assert display._server.server_address[0] == "127.0.0.1"


@pytest.mark.slow
def test_every_answer_forbids_foreign_scripts_and_keeping(display: Display) -> None:
    browser = Browser(display)
    for path in ("/", "/now"):
        browser.enter(display) if not browser.cookie else None
        answer, _ = browser.get(path)
        policy = answer.getheader("Content-Security-Policy") or ""
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer.getheader("Cache-Control") == "no-store"
        assert answer.getheader("Referrer-Policy") == "no-referrer"


@pytest.mark.slow
def test_the_page_gets_picture_boxes_names_states_and_health(display: Display) -> None:
    views = [
        TrackView(1, Box(10.26, 20, 60, 80), TrackState.IDENTIFIED, subject_id="a"),
        TrackView(2, Box(100, 20, 160, 80), TrackState.REFUSED, reason=Refusal.TOO_DARK),
        TrackView(3, Box(200, 20, 260, 80), TrackState.UNKNOWN),
    ]
    display.board.show(frame_of(7), result_of(*views, sequence=7))
    lost = CameraHealth(CameraState.LOST, "Camera 0 gives no picture.")
    display.board.tell(HealthChanged(lost))
    display.board.tell(NotMarked("a", t.START, "already marked"))
    display.board.tell(Marked(None, None))  # type: ignore[arg-type]
    browser = Browser(display)
    browser.enter(display)
    now = json.loads(browser.get("/now?after=-1")[1])
    shown = cv2.imdecode(np.frombuffer(base64.b64decode(now["picture"]), np.uint8), 1)
    assert shown is not None
    assert np.abs(shown.astype(int) - [10, 200, 30]).max() < 12
    assert (now["sequence"], now["width"], now["height"]) == (7, 320, 240)
    assert [face["state"] for face in now["faces"]] == ["identified", "refused", "unknown"]
    assert now["faces"][0] == {"box": [10.3, 20, 60, 80], "state": "identified", "text": NASTY}
    assert now["faces"][1]["text"].startswith("The face is too dark.")
    assert (now["health"], now["well"]) == ("Camera 0 gives no picture.", False)
    assert now["marked"] == [f"{NASTY} arrived"]
    assert now["counts"] == "1 seen again"
    assert json.loads(browser.get("/now?after=7")[1])["picture"] == ""  # nothing newer


@pytest.mark.parametrize("query", ["after=x", "after=-5", "after=" + "9" * 400, "after=%FF", ""])
def test_a_strange_question_is_answered_plainly(display: Display, query: str) -> None:
    display.board.show(frame_of(1), result_of(sequence=1))
    browser = Browser(display)
    browser.enter(display)
    assert browser.get(f"/now?{query}")[0].status == 200


def test_nothing_is_logged(display: Display, capfd: pytest.CaptureFixture[str]) -> None:
    browser = Browser(display)
    browser.enter(display)
    browser.get("/")
    assert capfd.readouterr() == ("", "")


class _Scripts(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.inline = 0
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.inline += "style" in given or any(name.startswith("on") for name in given)
        self.inline += tag == "style" or (tag == "script" and not given.get("src"))

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_warns_of_photographs_and_has_no_inline_script() -> None:
    page = _Scripts()
    page.feed(resources.files("rollbook.cli").joinpath("page", "watch.html").read_text("utf-8"))
    assert page.inline == 0
    assert "Photographs held to the camera are not detected yet" in page.text
    script = resources.files("rollbook.cli").joinpath("page", "watch.js").read_text("utf-8")
    assert "innerHTML" not in script


CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
@pytest.mark.skipif(sys.platform == "win32", reason="Chromium is found by another name there")
@pytest.mark.slow
def test_a_browser_shows_names_as_text_and_can_be_used_by_keyboard(display: Display) -> None:
    from playwright.sync_api import sync_playwright

    view = TrackView(1, Box(10, 20, 60, 80), TrackState.IDENTIFIED, subject_id="a")
    display.board.show(frame_of(), result_of(view))
    display.board.tell(Marked(None, None))  # type: ignore[arg-type]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page()
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        page.goto(display.address)
        page.wait_for_selector("#now >> text=<script>")
        assert page.locator("#marked li").all_inner_texts() == [f"{NASTY} arrived"]
        assert page.locator("#boxes rect.identified").count() == 1
        assert page.locator("#picture").evaluate("image => image.naturalWidth") == 320
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        assert page.locator("#pause").get_attribute("aria-pressed") == "true"
        assert said == []
        browser.close()
