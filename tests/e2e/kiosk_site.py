"""A school with real faces, and its server in a process that can be killed."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from rollbook.bootstrap import App, build
from rollbook.domain.access import Role
from rollbook.domain.accounts import User
from rollbook.domain.attendance import AttendancePolicy, Mark, Session
from rollbook.domain.kiosks import Device
from rollbook.domain.subjects import Subject, new_id
from rollbook.services.consenting import ConsentTerms
from rollbook.services.devices import DevicePlan, Paired
from rollbook.services.enrol import Enrolee
from rollbook.services.samples import Picture
from rollbook.settings import Settings

ADMIN = "administrator 0"
LONG = 60.0  # seconds for a server to start on a busy machine


@dataclass
class KioskSite:
    """An installation with a group, an open session, and kiosks."""

    parts: App
    session: Session
    names: dict[str, str]  # by subject id

    def pair(self, name: str = "Door", **plan: object) -> tuple[Device, str]:
        pairing = self.parts.devices.add(DevicePlan(name, **plan), ADMIN)  # type: ignore[arg-type]
        paired = self.parts.devices.pair(pairing.code, place="here")
        assert isinstance(paired, Paired)
        return paired.device, paired.key

    def reopened(self) -> KioskSite:
        """Close the session and open another one, in which nobody is marked yet."""
        self.parts.register.close_session(self.session.session_id)
        self.session = open_now(self.parts, self.session.group_id)
        return self

    def empty_group(self) -> str:
        """Return a new group without sessions."""
        return self.parts.people.add_group(f"Group {new_id()[:6]}").group_id

    def marks(self) -> list[Mark]:
        return self.parts.register.marks(self.session.session_id)

    def marked(self) -> list[str]:
        return sorted(self.names[mark.subject_id] for mark in self.marks())


def make_kiosk_site(home: Path, people: dict[str, list[Path]], quiet: float = 5.0) -> KioskSite:
    """Enrol people by their pictures, and open a session of their group.

    Whose pictures are refused is not in `names`.
    """
    parts = build(Settings(home=home), create=True)
    with parts.uow() as uow:
        uow.site.set("site_name", "Hill School")
        uow.site.set("time_zone", "Europe/Berlin")
        uow.site.set("set_up", True)
        uow.users.add(User(new_id(), "alice", Role.ADMINISTRATOR, new_id(), "Alice"))
        uow.commit()
    group = parts.people.add_group("5b")
    names: dict[str, str] = {}
    terms = ConsentTerms("letter-1", "guardians")
    for name, pictures in people.items():
        person = Subject(new_id(), name)
        consent = terms.consent_of(person.subject_id, parts.clock.now())
        given = [Picture(p.name, p.name, parts.read_portrait(p)) for p in pictures]
        who = Enrolee(person, consent, is_new=True, group_ids=(group.group_id,))
        if parts.enroller.enrol(who, given).added:
            names[person.subject_id] = name
    session = open_now(parts, group.group_id, quiet)
    return KioskSite(parts, session, names)


def open_now(parts: App, group_id: str, quiet: float = 5.0) -> Session:
    """Open a session that takes marks now; `quiet` is its quiet period in minutes."""
    now = parts.clock.now()
    return parts.register.open_session(
        group_id,
        now - timedelta(minutes=1),
        now + timedelta(hours=3),
        business_date=parts.today(),
        title="Mathematics",
        policy=AttendancePolicy(quiet_period=timedelta(minutes=quiet)),
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Server:
    """`rollbook up` as a process of its own."""

    def __init__(self, home: Path, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._command = [
            sys.executable,
            *("-m", "rollbook", "--home", str(home), "up", "--no-open", "--port", str(port)),
        ]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(
            self._command,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=dict(os.environ),
        )
        until = time.monotonic() + LONG
        while not self.answers():
            assert self._process.poll() is None, "the server ended"
            assert time.monotonic() < until, "the server did not start"
            time.sleep(0.1)

    def answers(self) -> bool:
        try:
            with urlopen(f"{self.url}/kiosk/pair", timeout=2) as answer:
                return bool(answer.status == 200)
        except (URLError, OSError):
            return False

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def kill(self) -> None:
        """End it as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
