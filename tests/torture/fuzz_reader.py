"""One reader of hostile files, fed until its time is over: see `fuzz.py`."""

from __future__ import annotations

import io
import json
import random
import resource
import sys
import threading
import time
import zipfile
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from importlib.util import find_spec
from pathlib import Path
from zoneinfo import ZoneInfo

import cv2
import numpy as np
from PIL import Image

from rollbook.errors import RollbookError

HANG = 5.0  # seconds that one input may take
MEMORY = 1024  # MiB that the process may have
LONGEST = 256 * 1024  # bytes of one input
Try = Callable[[bytes], object]


@dataclass
class Told:
    """What was tried, and what went wrong."""

    tried: int = 0
    accepted: int = 0
    slowest: int = 0  # milliseconds
    memory: int = 0  # MiB, at most
    by: dict[str, int] = field(default_factory=dict)  # what made the inputs -> how many
    faults: list[str] = field(default_factory=list)


def peak_memory() -> int:
    """Return how much this process had at most, in MiB.

    Linux keeps it for the process in `VmHWM`. `ru_maxrss` would be wrong there: a process begins
    with that of the one that started it, which is large in a test run.
    """
    if sys.platform == "linux":
        for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) // 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 2**20  # bytes on macOS


class Feeder:
    """Feeds one reader, and notices what it must not do."""

    def __init__(self, reader: Try, told: Told) -> None:
        self.reader = reader
        self.told = told
        self.engine = "mutation"
        self._begun = 0.0
        self._written = 0.0
        self.each_second: Callable[[], None] = lambda: None
        threading.Thread(target=self._watch, daemon=True).start()

    def feed(self, data: bytes) -> None:
        self.attempt(data, lambda: self.reader(data))

    def attempt(self, data: bytes, read: Callable[[], object]) -> None:
        """Let one input be read; `data` is what is told of it when that goes wrong."""
        Path("last-input").write_bytes(data)
        self.told.by[self.engine] = self.told.by.get(self.engine, 0) + 1
        self._begun = time.monotonic()
        try:
            read()
            self.told.accepted += 1
        except RollbookError:
            pass
        except Exception as error:
            self._note(f"{type(error).__name__}: {str(error)[:200]} of {data[:80]!r}")
        took, self._begun = time.monotonic() - self._begun, 0.0
        self.told.tried += 1
        self.told.slowest = max(self.told.slowest, int(took * 1000))
        if took > HANG:
            self._note(f"{took:.1f} s for {data[:80]!r}")
        self.told.memory = peak_memory()
        if self.told.memory > MEMORY:
            self._note(f"{self.told.memory} MiB after {data[:80]!r}")
        if time.monotonic() - self._written > 1:
            self._written = time.monotonic()
            self.each_second()

    def _note(self, fault: str) -> None:
        if len(self.told.faults) < 20 and fault not in self.told.faults:
            self.told.faults.append(fault)

    def _watch(self) -> None:
        """End the process when one input never ends; what it was lies in `last-input`."""
        import os

        while True:
            time.sleep(1)
            begun = self._begun
            if begun and time.monotonic() - begun > 6 * HANG:
                print("one input never ended", flush=True)
                os._exit(9)


def image() -> tuple[Try, list[bytes]]:
    from rollbook.vision.images import read_image

    noise = np.random.default_rng(1).integers(0, 256, (40, 60, 3), dtype=np.uint8)
    seeds = [bytes(cv2.imencode(kind, noise)[1]) for kind in (".jpg", ".png", ".webp", ".bmp")]
    for kind in ("GIF", "TIFF", "PPM", "AVIF"):
        stream = io.BytesIO()
        Image.fromarray(noise).save(stream, kind)
        seeds.append(stream.getvalue())
    return read_image, seeds


def archive() -> tuple[Try, list[bytes]]:
    from rollbook.services.archive import PhotoArchive, plan_archive

    def read(data: bytes) -> None:
        opened = PhotoArchive(io.BytesIO(data))
        for person in plan_archive(opened, frozenset({".jpg", ".png"})).people:
            for file in person.files:
                file.content()  # type: ignore[attr-defined]

    seeds = []
    for names in (("Ada/1.jpg", "Bob.png"), ("../x.jpg", "/etc/y.jpg"), ("list.csv", "a/b/c.jpg")):
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as packed:
            for name in names:
                packed.writestr(name, b"x" * 500)
        seeds.append(stream.getvalue())
    return read, seeds


def table() -> tuple[Try, list[bytes]]:
    from rollbook.services.roster_csv import read_roster

    seeds = [
        "external id,name,group,until\n1,Zoë,7b,2027-01-01\n",
        'name;id\n"A\nB";2\n',
        "sep=;\n",
    ]
    codes = ("utf-8", "utf-16", "cp1252")
    return lambda data: list(read_roster(data)), [s.encode(code) for s in seeds for code in codes]


def calendar() -> tuple[Try, list[bytes]]:
    from rollbook.services.calendar_file import read_events

    text = """BEGIN:VCALENDAR\r
VERSION:2.0\r
BEGIN:VEVENT\r
UID:1\r
SUMMARY:Art\r
DTSTART;TZID=Europe/Berlin:20260302T080000\r
DTEND;TZID=Europe/Berlin:20260302T084500\r
RRULE:FREQ=WEEKLY;BYDAY=MO,WE;UNTIL=20260731T000000Z\r
EXDATE;TZID=Europe/Berlin:20260309T080000\r
END:VEVENT\r
BEGIN:VEVENT\r
UID:2\r
SUMMARY:Holiday\r
DTSTART;VALUE=DATE:20260401\r
RRULE:FREQ=DAILY;COUNT=5\r
END:VEVENT\r
END:VCALENDAR\r
"""
    zone = ZoneInfo("Europe/Berlin")
    return lambda data: read_events(data, zone), [text.encode()]


def restore() -> tuple[Try, list[bytes]]:
    from datetime import UTC, datetime

    from rollbook.bootstrap import build
    from rollbook.bootstrap.restoring import restore_to
    from rollbook.settings import Settings
    from torture.frame import new_home

    place = Path("home")
    old = new_home(place / "old")
    app = build(Settings(home=old))

    def quiet(done: int, total: int) -> None:
        """Progress is shown to nobody."""

    made = app.backups.back_up_to(str(place / "copies"), "tester", 3, quiet, make=True)
    (file,) = (place / "copies").glob(f"**/{made.name}")
    key = (old / "keys" / "site.key").read_bytes()

    def read(data: bytes) -> None:
        file.write_bytes(data)
        new = place / "new"
        (new / "keys").mkdir(parents=True, exist_ok=True)
        (new / "keys" / "site.key").write_bytes(key)
        now = datetime.now(UTC)
        restore_to(Settings(home=new), str(file), None, now, "tester", True, quiet)

    return read, [file.read_bytes()]


def api() -> tuple[Try, list[bytes]]:
    """Requests to the interface: method, address and body from one input."""
    from rollbook.web.api.operations import OPERATIONS
    from rollbook.web.app import create_app
    from rollbook.web.parts import WebOptions
    from torture.frame import new_home
    from web.programs import API, make_token
    from web.school import make_site

    site = make_site(new_home(Path("home") / "site"))
    client = create_app(site.parts, WebOptions(csrf=False, limits=False)).test_client()
    headers = {"Authorization": f"Bearer {make_token(site, 'alice')}"}
    ids = (site.ada.subject_id, site.group.group_id, site.session.session_id)

    def read(data: bytes) -> None:
        first, _, body = data.partition(b"\n")
        chosen = OPERATIONS[sum(first) % len(OPERATIONS)]
        path = "/".join(
            ids[sum(first) % 3] if part.startswith("<") else part for part in chosen.path.split("/")
        )
        query = first[:200].decode("latin-1").replace("\r", "").replace("\0", "")
        kind = "application/json" if len(body) % 4 else "text/plain"
        answer = client.open(
            f"{API}{path}",
            method=chosen.method,
            query_string={"page": query, "size": query} if chosen.method == "GET" else None,
            data=body,
            content_type=kind,
            headers=headers,
        )
        if answer.status_code >= 500 and answer.status_code != 503:
            raise AssertionError(f"{chosen.name} answers {answer.status_code}")
        if answer.status_code >= 400:
            raise RollbookError("refused")

    seeds = [b'1\n{"name": "Ada"}', b'x\n{"changes": [{"subject_id": "0", "status": "present"}]}']
    return read, [*seeds, b"2\n[]", b'3\n{"starts_at": "2026-03-02T10:00:00Z"}']


# Where atheris follows the branches. Images are read by C code, in which it sees none; it follows
# what is around it. The interface is asked by schemathesis instead.
BY_BRANCHES = {"image", "zip", "csv", "ics", "restore"}
MAKERS = {
    "image": image,
    "zip": archive,
    "csv": table,
    "ics": calendar,
    "restore": restore,
    "api": api,
}


NUMBERS = (b"\xff" * 4, b"\0" * 4, b"\x7f\xff\xff\xff", b"9" * 30)
SIGNS = (b"\0", b"\n", b'"', b"[" * 2000, "é\u202e".encode(), b"../")


def mutated(data: bytes, chance: random.Random) -> bytes:
    """Return the input with some bytes changed, cut, doubled or moved."""
    made = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 4, 8, 32))):
        at = chance.randrange(len(made) + 1)
        end = min(len(made), at + chance.randrange(1, 40))
        kind = chance.randrange(6)
        if kind == 0 and at < len(made):
            made[at] = chance.randrange(256)
        elif kind == 1:
            del made[at:end]
        elif kind == 2:
            made[at:at] = made[at:end] * chance.choice((1, 2, 50))
        elif kind == 3:
            made[at:at] = chance.randbytes(chance.randrange(1, 20))
        elif kind == 4:
            made[at:end] = chance.choice(
                (b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x7f\xff\xff\xff", b"9" * 30)
            )
        else:
            made[at:at] = chance.choice(
                (b"\0", b"\n", b'"', b"[" * 2000, "é\u202e".encode(), b"../")
            )
    return bytes(made[:LONGEST])


def feed_blindly(feeder: Feeder, seeds: list[bytes], until: float, chance: random.Random) -> None:
    """Feed mutations of the seeds, and of what was accepted, until the time is over."""
    pool = list(seeds)
    for seed in seeds:
        feeder.feed(seed)
    while time.monotonic() < until:
        before, data = feeder.told.accepted, mutated(chance.choice(pool), chance)
        feeder.feed(data)
        if feeder.told.accepted > before and len(pool) < 500:
            pool.append(data)


def feed_by_branches(feeder: Feeder, seeds: list[bytes], seconds: float, seed: int) -> None:
    """Let atheris look for inputs that reach new branches of the code. It ends the process."""
    import atheris

    corpus = Path("tmp") / "corpus"
    corpus.mkdir()
    for number, data in enumerate(seeds):
        (corpus / str(number)).write_bytes(data)
    feeder.engine = "atheris"
    limits = [f"-max_total_time={max(1, int(seconds))}", f"-max_len={LONGEST}", f"-seed={seed}"]
    limits.append("-len_control=0")  # long inputs from the beginning
    atheris.Setup(
        [sys.argv[0], *limits, "-timeout=30", f"-rss_limit_mb={MEMORY}", str(corpus)], feeder.feed
    )
    atheris.Fuzz()


def main() -> None:
    name, seconds, seed, counts = sys.argv[1:]
    told = Told()

    def write() -> None:
        Path(counts).write_text(json.dumps(asdict(told)), encoding="utf-8")

    by_branches = find_spec("atheris") is not None and name in BY_BRANCHES
    if by_branches:
        import atheris

        with atheris.instrument_imports(include=["rollbook", "icalendar", "zipfile", "csv"]):
            reader, seeds = MAKERS[name]()
    else:
        reader, seeds = MAKERS[name]()
    feeder = Feeder(reader, told)
    feeder.each_second = write
    share = 4 if name == "api" else 2 if by_branches else 1
    half = float(seconds) / share
    feed_blindly(feeder, seeds, time.monotonic() + half, random.Random(f"{seed} {name}"))
    write()
    if name == "api":
        from torture.fuzz_schema import feed_by_schema

        feed_by_schema(feeder, time.monotonic() + float(seconds) - half, int(seed))
    if by_branches:
        feed_by_branches(feeder, seeds, float(seconds) - half, int(seed) + 1)
    write()


if __name__ == "__main__":
    main()
