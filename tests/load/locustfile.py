"""Eight kiosks and fifty readers at once; `prepare.py` says how to start it.

Two kiosks at a time are in a burst of two seconds: both show the same person, eight pictures a
second, whatever the server asks for. The other six send an empty picture twice a second. Each of
the fifty opens one of a teacher's pages every ten seconds. At the end the marks that kiosks were
told of are compared with the register, and the processors' time of both sides is printed.
"""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from pathlib import Path
from typing import Any

import gevent
import psutil
from locust import FastHttpUser, events, task

FOLDER = Path(os.environ.get("ROLLBOOK_LOAD", "."))
LOAD: dict[str, Any] = json.loads((FOLDER / "load.json").read_text())
FRAMES = {file.name: file.read_bytes() for file in (FOLDER / "frames").iterdir()}
EMPTY = [name for name in FRAMES if name.startswith("empty")]
PEOPLE = list(LOAD["people"])

KIOSKS, READERS = len(LOAD["kiosks"]), len(LOAD["readers"])
SLOT = 2.0  # seconds of a burst
AT_ONCE = 2
IDLE, BURST = 0.5, 0.125  # seconds between pictures
EVERY = 10.0  # seconds between the pages of one reader

told: set[tuple[int, str, str]] = set()  # kiosk, name, notice
start = time.monotonic()
refused: Counter[str] = Counter()


def person_of(kiosk: int) -> str | None:
    """Return who stands before the kiosk now, if anybody does."""
    slot = int((time.monotonic() - start) / SLOT)
    first = slot * AT_ONCE % KIOSKS
    return PEOPLE[slot % len(PEOPLE)] if kiosk in range(first, first + AT_ONCE) else None


class Kiosk(FastHttpUser):
    """One kiosk's page: a picture, its answer, the next picture."""

    fixed_count = KIOSKS
    numbers = iter(range(KIOSKS))
    network_timeout = connection_timeout = 5.0

    def on_start(self) -> None:
        self.number = next(self.numbers)
        self.step = 0
        cookie = f"rollbook-kiosk={LOAD['kiosks'][self.number]}"
        self.headers = {"X-Kiosk": "1", "Content-Type": "image/jpeg", "Cookie": cookie}
        gevent.sleep(self.number * IDLE / KIOSKS)

    @task
    def picture(self) -> None:
        began = time.monotonic()
        who = person_of(self.number)
        self.step += 1
        names = EMPTY if who is None else LOAD["people"][who]
        body = FRAMES[names[self.step % len(names)]]
        name = "frame, idle" if who is None else "frame, burst"
        with self.client.post(
            "/kiosk/frame", data=body, headers=self.headers, name=name, catch_response=True
        ) as answer:
            if answer.status_code == 503:
                refused[name] += 1
                answer.failure("busy")
            elif answer.status_code == 200:
                self.note(answer.json())
        pause = (IDLE if who is None else BURST) - (time.monotonic() - began)
        gevent.sleep(max(0.0, pause))

    def note(self, answer: dict[str, Any]) -> None:
        for face in answer["faces"]:
            if face["name"]:
                told.add((self.number, face["name"], face["notice"]))


class Reader(FastHttpUser):
    """A teacher who opens a page every ten seconds."""

    fixed_count = READERS
    numbers = iter(range(READERS))

    def on_start(self) -> None:
        self.number = next(self.numbers)
        self.headers = {"Cookie": f"rollbook={LOAD['readers'][self.number]}", "Accept": "text/html"}
        self.turn = self.number
        self.due = time.monotonic() + self.number * EVERY / READERS

    @task
    def page(self) -> None:
        gevent.sleep(max(0.0, self.due - time.monotonic()))
        self.due += EVERY
        pages = ("/sessions", f"/sessions/{LOAD['session']}", "/people", "/timetable", "/review")
        url = pages[self.turn % len(pages)]
        self.turn += 1
        name = f"page {'/sessions/ID' if LOAD['session'] in url else url}"
        self.client.get(url, headers=self.headers, name=name, allow_redirects=False)


def server() -> psutil.Process | None:
    """Return the process that listens on the port."""
    port = int(os.environ.get("ROLLBOOK_LOAD_PORT", "8123"))
    for connection in psutil.net_connections("tcp"):
        if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port:
            return psutil.Process(connection.pid)
    return None


def seconds(process: psutil.Process | None) -> float:
    if process is None:
        return 0.0
    times = process.cpu_times()
    return float(times.user + times.system)


@events.test_start.add_listener
def begin(environment: Any, **_: Any) -> None:
    global start
    start = time.monotonic()
    environment.cpu_before = (seconds(server()), seconds(psutil.Process()), time.monotonic())


@events.test_stop.add_listener
def end(environment: Any, **_: Any) -> None:
    before = environment.cpu_before
    wall = time.monotonic() - before[2]
    used = (seconds(server()) - before[0], seconds(psutil.Process()) - before[1])
    stats = environment.stats
    kinds = {
        "frames": [e for e in stats.entries.values() if e.name.startswith("frame")],
        "pages": [e for e in stats.entries.values() if e.name.startswith("page")],
    }
    print("\n--- figures")
    for kind, entries in kinds.items():
        times: Counter[int] = Counter()
        for entry in entries:
            times.update(entry.response_times)
        print(f"{kind}: {sum(times.values())} answers, {shares(times)}")
    print(f"busy answers: {dict(refused)}")
    print(f"processor: server {100 * used[0] / wall:.0f} %, locust {100 * used[1] / wall:.0f} %")
    print(f"marks: {check_marks()}")


def shares(times: Counter[int]) -> str:
    ordered, total = sorted(times.items()), sum(times.values())
    found = []
    for share in (0.5, 0.95, 0.99):
        seen = 0
        for milliseconds, count in ordered:
            seen += count
            if seen >= share * total:
                found.append(f"{100 * share:.0f} % within {milliseconds} ms")
                break
    return ", ".join(found)


def check_marks() -> str:
    """Compare what kiosks said was marked with the register."""
    from rollbook.bootstrap import build
    from rollbook.domain.attendance import MarkKind
    from rollbook.settings import Settings

    parts = build(Settings(home=FOLDER / "home"))
    with parts.uow() as uow:
        names = uow.subjects.names()
    marks = parts.register.marks(LOAD["session"])
    arrived = Counter(names[m.subject_id] for m in marks if m.kind is MarkKind.ARRIVED)
    parts.database.close()
    said = Counter(name for _, name, notice in told if notice in {"marked", "late"})
    lost = [name for name in said if name not in arrived]
    double = [
        name for name, count in (arrived + said).items() if max(arrived[name], said[name]) > 1
    ]
    wrong = [name for name in said if name not in PEOPLE]
    return (
        f"{len(said)} people were told, {len(arrived)} are in the register; "
        f"lost {lost}, double {double}, wrong {wrong}"
    )
