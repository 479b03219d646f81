"""The world fails: disk, key, clock, other programs. Clear words, nothing lost, and on it goes."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import timedelta
from pathlib import Path

from flask import Flask

from builders import NOW, make_class
from rollbook.domain.attendance import Mark, Method
from rollbook.errors import RollbookError, StorageUnavailable
from rollbook.services.register import RegisterKeeper
from rollbook.testing import FixedClock
from rollbook.web.app import create_app
from rollbook.web.parts import WebOptions
from torture.frame import Outcome, Plan, child_environment, new_home, open_home, program
from web.school import Site, make_site, sign_in

SMALL = 6  # MiB of the disk that becomes full
TRACE = "Traceback"
WORDS = 12  # letters that a sentence has at least


def run(plan: Plan) -> Outcome:
    """Let each fault happen to the command line, the web application and the kiosk's services."""
    outcome = Outcome()
    for name, fault in FAULTS.items():
        if plan.wants(name):
            folder = plan.folder / name
            folder.mkdir()
            fault(folder, outcome)
            outcome.count("kinds of faults")
    return outcome


# -- what is asked during a fault -----------------------------------------------------------------


def commands(home: Path, outcome: Outcome, what: str, *, writing: bool = True) -> None:
    """Ask the command line to read and to write; it says what is wrong and how to go on."""
    asked = [("person", "list"), ("group", "list"), ("doctor",)]
    if writing:
        asked.append(("person", "add", "Grace Hopper"))
    for words in asked:
        done = _call(home, *words)
        said = done.stdout + done.stderr
        outcome.count("commands asked during a fault")
        outcome.expect(TRACE not in said, f"{what}: {words} shows a traceback: {said[-300:]}")
        outcome.expect(done.returncode in (0, 1), f"{what}: {words} ends with {done.returncode}")
        if done.returncode:
            outcome.expect(len(said.strip()) > WORDS, f"{what}: {words} says nothing")


def must_refuse(home: Path, outcome: Outcome, what: str, part: str) -> None:
    """The command line refuses, with words in which a part says what is wrong."""
    done = _call(home, "person", "add", "Grace Hopper")
    said = done.stdout + done.stderr
    outcome.count("commands asked during a fault")
    outcome.expect(done.returncode == 1 and TRACE not in said, f"{what}: not refused: {said}")
    outcome.expect(part.lower() in said.lower(), f"{what}: {part!r} is not said: {said}")


def mended(home: Path, outcome: Outcome, what: str) -> None:
    """Once it is mended everything works again by itself."""
    for words in (("person", "add", f"After {what}"), ("verify",)):
        done = _call(home, *words)
        outcome.count("commands asked afterwards")
        said = f"{done.stdout}{done.stderr}"
        outcome.expect(done.returncode == 0, f"{what}, mended: {words} fails: {said[-300:]}")


def _call(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        program(home, *words),
        capture_output=True,
        text=True,
        env=dict(child_environment()),
        timeout=120,
        check=False,
    )


def pages(site: Site, app: Flask, outcome: Outcome, what: str) -> None:
    """Ask pages and forms of the web application; none fails with what nobody foresaw."""
    client = app.test_client()
    with suppress(RollbookError):
        client.set_cookie("rollbook", sign_in(site, "alice"))
    asked = [("GET", path, None) for path in ("/", "/people", "/login", "/sessions", "/kiosk")]
    asked.append(("POST", "/people/add", {"name": "Grace Hopper"}))
    for method, path, form in asked:
        answer = client.open(path, method=method, data=form)
        outcome.count("requests during a fault")
        outcome.expect(answer.status_code != 500, f"{what}: {method} {path} answers 500")
        outcome.expect(TRACE not in answer.text, f"{what}: {method} {path} shows a traceback")
        if answer.status_code == 503:
            outcome.expect("Retry-After" in answer.headers, f"{what}: {path} says not when")


def web(site: Site) -> Flask:
    return create_app(site.parts, WebOptions(csrf=False, limits=False))


class Lesson:
    """A lesson during which everybody is marked, whatever happens."""

    def __init__(self, home: Path, people: int = 40) -> None:
        self.home = home
        database = open_home(new_home(home))
        group, made = make_class(database.uow, [f"Person {number}" for number in range(people)])
        keeper = RegisterKeeper(database.uow, FixedClock(NOW))
        ends_at = NOW + timedelta(hours=1)
        opened = keeper.open_session(group.group_id, NOW, ends_at, business_date=NOW.date())
        self.session_id = opened.session_id
        self.people = [person.subject_id for person in made]
        self.told: set[str] = set()
        database.close()

    def mark(self, keeper: RegisterKeeper, count: int | None = None) -> str:
        """Mark people; return what refused it, or nothing."""
        for subject_id in self.people[:count]:
            try:
                mark = keeper.sight(self.session_id, subject_id, NOW, Method.FACE)
            except StorageUnavailable as error:
                return str(error)
            if isinstance(mark, Mark):
                self.told.add(mark.mark_id)
        return ""

    def check(self, outcome: Outcome, what: str) -> None:
        """Nothing told is lost, the register holds, and marking goes on."""
        database = open_home(self.home)
        keeper = RegisterKeeper(database.uow, FixedClock(NOW))
        outcome.expect(not self.mark(keeper), f"{what}: marking does not go on")
        kept = {mark.mark_id for mark in keeper.marks(self.session_id)}
        outcome.expect(self.told <= kept, f"{what}: {len(self.told - kept)} marks are lost")
        outcome.expect(len(kept) == len(self.people), f"{what}: somebody is not marked once")
        outcome.expect(keeper.verify().holds, f"{what}: the register does not hold")
        outcome.count("acknowledged marks checked", len(self.told))
        database.close()


# -- the faults -----------------------------------------------------------------------------------


def full_disk(folder: Path, outcome: Outcome) -> None:
    """The disk becomes full in the middle of a lesson."""
    with _small_disk(folder, outcome) as disk:
        if disk is None:
            return
        lesson = Lesson(disk / "home")
        database = open_home(lesson.home)
        keeper = RegisterKeeper(database.uow, FixedClock(NOW))
        lesson.mark(keeper, 10)
        filler = disk / "filler"
        _fill(filler)
        said = lesson.mark(keeper)
        outcome.expect("disk" in said.lower(), f"full disk: marking said {said!r}")
        database.close()
        commands(lesson.home, outcome, "full disk")
        site_home = disk / "web"
        filler.unlink()
        site = make_site(new_home(site_home))
        app = web(site)
        _fill(filler)
        pages(site, app, outcome, "full disk")
        filler.unlink()
        site.parts.engines.close()
        site.parts.database.close()
        lesson.check(outcome, "full disk")
        mended(lesson.home, outcome, "full disk")


@contextmanager
def _small_disk(folder: Path, outcome: Outcome) -> Iterator[Path | None]:
    """Yield a disk of a few MiB, which root can mount; None elsewhere."""
    disk = folder / "disk"
    disk.mkdir()
    options = f"size={SMALL}m,mode=0700"
    words = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(disk)]
    mounted = shutil.which("mount") and subprocess.run(words, check=False, capture_output=True)
    if not mounted or mounted.returncode:
        outcome.left_out.append("full disk: only root on Linux can mount a small one")
        yield None
        return
    try:
        yield disk
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=False, capture_output=True)


def _fill(file: Path) -> None:
    """Write until nothing more fits, in smaller and smaller pieces."""
    with file.open("wb", buffering=0) as stream:
        for size in (1 << 20, 1 << 16, 4096, 512):
            with suppress(OSError):
                while stream.write(b"x" * size) == size:
                    pass


def read_only(folder: Path, outcome: Outcome) -> None:
    """The home can only be read: the disk was mounted so, or the rights are wrong."""
    with _small_disk(folder, outcome) as disk:
        if disk is None:
            return
        lesson = Lesson(disk / "home")
        site = make_site(new_home(disk / "web"))
        app = web(site)
        again = ["mount", "-o", "remount,ro", str(disk)]
        for home in (lesson.home, disk / "web"):
            for log in home.glob("rollbook.db-*"):
                log.chmod(0o600)
        site.parts.database.close()
        if subprocess.run(again, check=False, capture_output=True).returncode:
            outcome.left_out.append("read-only: the disk is busy")
            return
        commands(lesson.home, outcome, "read-only", writing=False)
        must_refuse(lesson.home, outcome, "read-only", "read")
        pages(site, app, outcome, "read-only")
        subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=True, capture_output=True)
        site.parts.engines.close()
        site.parts.database.close()
        lesson.check(outcome, "read-only")
        mended(lesson.home, outcome, "read-only")


def clock_back(folder: Path, outcome: Outcome) -> None:
    """The clock is put back by an hour while a lesson runs: in this process, and for a program."""
    lesson = Lesson(folder / "home")
    database = open_home(lesson.home)
    clock = FixedClock(NOW + timedelta(minutes=20))
    keeper = RegisterKeeper(database.uow, clock)
    lesson.mark(keeper, 20)
    clock.at = clock.at - timedelta(hours=1)
    outcome.expect(not lesson.mark(keeper), "clock back: marking refused")
    outcome.expect(keeper.verify().holds, "clock back: the register does not hold")
    database.close()
    for hours in (-1, 1):
        done = subprocess.run(
            [sys.executable, "-c", OTHER_CLOCK, str(hours), str(lesson.home)],
            capture_output=True,
            text=True,
            env=dict(child_environment()),
            timeout=120,
            check=False,
        )
        outcome.count("commands asked during a fault")
        outcome.expect(done.returncode == 0, f"clock {hours} h: {done.stderr[-300:]}")
    lesson.check(outcome, "clock back")
    mended(lesson.home, outcome, "clock back")


OTHER_CLOCK = """
import datetime as module, sys, time
moved, real, now = float(sys.argv[1]) * 3600, time.time, module.datetime.now
time.time = lambda: real() + moved
class Moved(module.datetime):
    @classmethod
    def now(cls, tz=None):
        return now(tz) + module.timedelta(seconds=moved)
module.datetime = Moved
sys.argv = ["rollbook", "--home", sys.argv[2], "person", "add", f"Clock {sys.argv[1]}"]
from rollbook.__main__ import main
main()
"""


def no_key(folder: Path, outcome: Outcome) -> None:
    """The key file is missing, empty, of another site, or no key at all."""
    lesson = Lesson(folder / "home")
    other = new_home(folder / "other") / "keys" / "site.key"
    file = lesson.home / "keys" / "site.key"
    right, before = file.read_bytes(), (lesson.home / "rollbook.db").read_bytes()
    file.unlink()
    must_refuse(lesson.home, outcome, "missing key", "key")
    commands(lesson.home, outcome, "missing key")
    for what, wrong in (("empty key", b""), ("no key", b"x" * 44), ("other", other.read_bytes())):
        file.write_bytes(wrong)
        must_refuse(lesson.home, outcome, what, "key")
        _starts_not(lesson.home, outcome, what)
    same = (lesson.home / "rollbook.db").read_bytes() == before
    outcome.expect(same, "wrong key: the database was changed")
    file.write_bytes(right)
    lesson.check(outcome, "wrong key")
    mended(lesson.home, outcome, "wrong key")


def _starts_not(home: Path, outcome: Outcome, what: str) -> None:
    done = _call(home, "up", "--no-open", "--port", str(_free_port()))
    outcome.count("commands asked during a fault")
    said = done.stdout + done.stderr
    outcome.expect(done.returncode == 1 and TRACE not in said, f"{what}: up says {said[-300:]}")


def locked(folder: Path, outcome: Outcome) -> None:
    """Another program holds the database for writing, for longer than anybody waits."""
    lesson = Lesson(folder / "home")
    site = make_site(new_home(folder / "web"))
    app = web(site)
    for home in (lesson.home, folder / "web"):
        with closing(sqlite3.connect(home / "rollbook.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            if home == lesson.home:
                database = open_home(home, patience=0.2)
                said = lesson.mark(RegisterKeeper(database.uow, FixedClock(NOW)))
                database.close()
                outcome.expect("another program" in said.lower(), f"locked: marking said {said!r}")
                must_refuse(home, outcome, "locked", "another program")
            else:
                pages(site, app, outcome, "locked")
            other.execute("ROLLBACK")
    site.parts.engines.close()
    site.parts.database.close()
    lesson.check(outcome, "locked")
    mended(lesson.home, outcome, "locked")


def server_goes_on(folder: Path, outcome: Outcome) -> None:
    """A running server outlives a lock and a full key folder, and a stop of its disk."""
    home = new_home(folder / "home")
    port = _free_port()
    words = program(home, "up", "--no-open", "--port", str(port))
    with (folder / "said.txt").open("wb") as said:
        server = subprocess.Popen(words, stdout=said, stderr=said, env=dict(child_environment()))
    try:
        first = _status(port, wait=90.0)
        with closing(sqlite3.connect(home / "rollbook.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            during = _status(port, wait=30.0)
            other.execute("ROLLBACK")
        outcome.expect(first == 200 and during in (200, 503), f"server: {first}, then {during}")
        outcome.expect(_status(port, wait=30.0) == 200, "server: does not go on after a lock")
        outcome.count("requests during a fault", 3)
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(60)
    outcome.expect(TRACE not in (folder / "said.txt").read_text(), "server: shows a traceback")


def _free_port() -> int:
    import socket

    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])


def _status(port: int, wait: float) -> int:
    """Return how the first page answers, once there is somebody who does."""
    deadline = time.monotonic() + wait
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/login", timeout=30) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            time.sleep(0.2)
    return 0


FAULTS: dict[str, Callable[[Path, Outcome], None]] = {
    "full disk": full_disk,
    "read-only": read_only,
    "clock back": clock_back,
    "no key": no_key,
    "locked": locked,
}
if os.name != "nt":
    FAULTS["server goes on"] = server_goes_on
