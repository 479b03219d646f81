"""A page on this machine alone that shows what the camera sees and who was recognised.

Whoever opens it needs an address that works once; it leaves a cookie in the browser. Nothing of
it is logged, and pictures are never written to a file.
"""

from __future__ import annotations

import base64
import hmac
import json
import secrets
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from http.cookies import CookieError, SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from typing import Any
from urllib.parse import parse_qs, urlsplit

from rollbook.domain.cameras import CameraHealth, CameraState
from rollbook.domain.faces import REFUSAL_TEXT, Frame
from rollbook.services.recognise import FrameResult, TrackState, TrackView
from rollbook.services.watch_events import (
    FaceRefused,
    HealthChanged,
    Marked,
    MarksWaiting,
    NotMarked,
    UnknownSeen,
    WatchEvent,
)
from rollbook.vision.preview import to_jpeg

COOKIE = "rollbook_watch"
PATIENCE = 1.0  # seconds that a browser waits for the next picture
FILES = {
    "/": ("watch.html", "text/html; charset=utf-8"),
    "/watch.js": ("watch.js", "text/javascript; charset=utf-8"),
    "/watch.css": ("watch.css", "text/css; charset=utf-8"),
}
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


@dataclass
class Board:
    """What the page shows; written by the watch, read by the server's threads."""

    name_of: Callable[[str], str]
    describe: Callable[[Marked], str]
    frame: Frame | None = None
    result: FrameResult | None = None
    health: CameraHealth = field(
        default_factory=lambda: CameraHealth(CameraState.STARTING, "Waiting for a picture.")
    )
    marked: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    changed: threading.Condition = field(default_factory=threading.Condition)

    def show(self, frame: Frame, result: FrameResult) -> None:
        with self.changed:
            self.frame, self.result = frame, result
            self.changed.notify_all()

    def tell(self, event: WatchEvent) -> None:
        with self.changed:
            match event:
                case Marked():
                    self.marked.append(self.describe(event))
                case HealthChanged(health=health):
                    self.health = health
                case UnknownSeen():
                    self.counts["unknown"] += 1
                case FaceRefused():
                    self.counts["refused"] += 1
                case NotMarked():
                    self.counts["seen again"] += 1
                case MarksWaiting(count=count):
                    self.counts["waiting to be written"] = count
            self.changed.notify_all()

    def now(self, after: int) -> dict[str, Any]:
        """Return what is to be shown; waits a moment for a picture newer than `after`."""
        with self.changed:
            self.changed.wait_for(lambda: self._sequence() > after, PATIENCE)
            frame, result, health = self.frame, self.result, self.health
            marked = list(self.marked)
            counts = ", ".join(f"{count} {what}" for what, count in sorted(self.counts.items()))
        fresh = frame is not None and frame.sequence > after
        return {
            "sequence": -1 if frame is None else frame.sequence,
            "picture": base64.b64encode(to_jpeg(frame.pixels)).decode() if frame and fresh else "",
            "width": frame.pixels.shape[1] if frame is not None else 0,
            "height": frame.pixels.shape[0] if frame is not None else 0,
            "faces": [self._face(view) for view in result.tracks] if result is not None else [],
            "health": health.sentence,
            "well": health.well,
            "marked": marked,
            "counts": counts,
            "speed": f"Picture {frame.sequence + 1}" if frame is not None else "",
        }

    def _sequence(self) -> int:
        return -1 if self.frame is None else self.frame.sequence

    def _face(self, view: TrackView) -> dict[str, Any]:
        box = view.box
        return {
            "box": [round(side, 1) for side in (box.left, box.top, box.right, box.bottom)],
            "state": view.state.value,
            "text": self._words(view),
        }

    def _words(self, view: TrackView) -> str:
        if view.state is TrackState.IDENTIFIED and view.subject_id is not None:
            return self.name_of(view.subject_id)
        if view.state is TrackState.REFUSED and view.reason is not None:
            return REFUSAL_TEXT[view.reason]
        return "Unknown" if view.state is TrackState.UNKNOWN else "Looking"


class Display:
    """The server of the page; lives on 127.0.0.1 at a port that the system picks."""

    def __init__(self, board: Board) -> None:
        self.board = board
        self._token: str | None = secrets.token_urlsafe(32)
        self._cookie = secrets.token_urlsafe(32)
        self._entering = threading.Lock()
        self._server = _Server(self)
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )
        self._thread.start()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def address(self) -> str:
        """The address that opens the page once."""
        return f"http://127.0.0.1:{self.port}/open/{self._token}"

    def enter(self, token: str) -> str | None:
        """Return the cookie for the right token, which is used up by that."""
        with self._entering:
            if self._token is None or not hmac.compare_digest(token.encode(), self._token.encode()):
                return None
            self._token = None
            return self._cookie

    def knows(self, cookie: str) -> bool:
        return hmac.compare_digest(cookie.encode(), self._cookie.encode())

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(2)


class _Server(ThreadingHTTPServer):
    """Listens on 127.0.0.1 at a port that the system picks."""

    daemon_threads = True

    def __init__(self, display: Display) -> None:
        self.display = display
        super().__init__(("127.0.0.1", 0), _Handler)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    server_version = "Rollbook"
    sys_version = ""

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        if self.headers.get("Host") != f"127.0.0.1:{self.server.display.port}":
            self._refuse()  # another name for this machine may be a trap of another page
        elif path.startswith("/open/"):
            self._enter(path.removeprefix("/open/"))
        elif not self.server.display.knows(self._sent_cookie()):
            self._refuse()
        elif path == "/now":
            self._send_now()
        elif path in FILES:
            self._send_file(*FILES[path])
        else:
            self._answer(HTTPStatus.NOT_FOUND, b"There is no such page.", "text/plain")

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing is logged: the address that opens the page is a secret."""

    def _enter(self, token: str) -> None:
        cookie = self.server.display.enter(token)
        if cookie is None:
            self._refuse()
            return
        kept = f"{COOKIE}={cookie}; Path=/; HttpOnly; SameSite=Strict"
        self._answer(HTTPStatus.SEE_OTHER, b"", "text/plain", Location="/", Set_Cookie=kept)

    def _sent_cookie(self) -> str:
        try:
            found = SimpleCookie(self.headers.get("Cookie", "")).get(COOKIE)
        except CookieError:
            return ""
        return found.value if found is not None else ""

    def _after(self) -> int:
        sent = parse_qs(urlsplit(self.path).query).get("after", ["-1"])[0]
        return int(sent) if sent.isdecimal() and len(sent) < 16 else -1

    def _refuse(self) -> None:
        text = b"This address was used already. Start again: rollbook watch ... --display"
        self._answer(HTTPStatus.FORBIDDEN, text, "text/plain")

    def _send_now(self) -> None:
        now = self.server.display.board.now(self._after())
        self._answer(HTTPStatus.OK, json.dumps(now).encode(), "application/json")

    def _send_file(self, name: str, kind: str) -> None:
        body = resources.files("rollbook.cli").joinpath("page", name).read_bytes()
        self._answer(HTTPStatus.OK, body, kind)

    def _answer(self, status: HTTPStatus, body: bytes, kind: str, **extra: str) -> None:
        self.send_response(status)
        named = {name.replace("_", "-"): value for name, value in extra.items()}
        sizes = {"Content-Type": kind, "Content-Length": str(len(body))}
        for name, value in {**HEADERS, **sizes, **named}.items():
            self.send_header(name, value)
        self.end_headers()
        try:
            self.wfile.write(body)
        except OSError:
            self.close_connection = True  # the browser went away
