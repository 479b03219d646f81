"""The supervisor: cameras start and end with their sessions, and only one server runs each."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta

import pytest

from rollbook import testing as t
from rollbook.domain.access import Actor, Role
from rollbook.domain.attendance import Session
from rollbook.domain.camera_ports import SiteCamera
from rollbook.domain.camera_reports import CameraReport, Running
from rollbook.domain.cameras import CameraHealth, CameraState
from rollbook.domain.faces import Frame, Refusal
from rollbook.domain.subjects import Group, new_id
from rollbook.errors import CameraUnavailable, FacesOff, InvalidInput, NotFound
from rollbook.services.camera_watch import CameraWatch, SupervisorRules
from rollbook.services.camera_worker import BROKE_OFF
from rollbook.services.cameras import CameraDraft, CameraKeeper, may_look, sees
from rollbook.services.recognise import FrameResult
from rollbook.services.register import RegisterKeeper
from rollbook.services.watch import WatchEnd, WatchSummary
from rollbook.services.watch_events import FaceRefused, HealthChanged, WatchEvent
from rollbook.storage.database import Database

WORKING = CameraHealth(CameraState.WORKING, "Pictures come from the door.")
RULES = SupervisorRules(every=0.02, patience=5.0)
MINUTE = timedelta(minutes=1)
ADMIN = Actor("a" * 32, Role.ADMINISTRATOR, group_ids=None)
PATIENCE = 10.0  # seconds until a test gives up


class Door:
    """Plays a camera: it runs until it is told to stop, to end or to fail."""

    def __init__(self) -> None:
        self.running: list[tuple[str, str]] = []
        self.started = threading.Semaphore(0)
        self.ending: WatchEnd | Exception | None = None
        self.told: Callable[[WatchEvent], None] | None = None
        self.shown: Callable[[Frame, FrameResult], None] | None = None

    def __call__(
        self,
        camera: SiteCamera,
        session: Session,
        *,
        tell: Callable[[WatchEvent], None],
        show: Callable[[Frame, FrameResult], None],
        stop: Callable[[], bool],
    ) -> WatchSummary:
        self.running.append((camera.name, session.title))
        self.told, self.shown = tell, show
        self.started.release()
        pause = threading.Event()
        while not stop() and self.ending is None:
            pause.wait(0.005)
        self.running.remove((camera.name, session.title))
        if isinstance(self.ending, Exception):
            raise self.ending
        end = self.ending or WatchEnd.STOPPED
        return WatchSummary(end, 0, 0, 0.0, 0.0, None, None, 0, 0, 0, {}, WORKING)

    def begun(self) -> None:
        assert self.started.acquire(timeout=PATIENCE)


class Site:
    """A database with two groups, a clock that stands, and one server that runs cameras."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.clock = t.FixedClock()
        self.door = Door()
        self.watch = self.server(self.door)
        self.register = RegisterKeeper(database.uow, self.clock)
        self.keeper = CameraKeeper(database.uow, self.clock, lambda source: "shown")
        self.own, self.other = Group(new_id(), "5b"), Group(new_id(), "6c")
        with database.uow() as uow:
            uow.groups.add(self.own)
            uow.groups.add(self.other)
            uow.commit()

    def server(self, door: Door) -> CameraWatch:
        return CameraWatch(self.database.uow, self.clock, door, RULES)

    def lesson(self, title: str, group: Group | None = None, after: timedelta = MINUTE) -> Session:
        begins = t.START + after
        return self.register.open_session(
            (group or self.own).group_id,
            begins,
            begins + timedelta(minutes=45),
            business_date=date(2026, 3, 2),
            title=title,
        )

    def camera(self, *groups: Group, name: str = "door") -> SiteCamera:
        ids = frozenset(group.group_id for group in groups)
        return self.keeper.add(CameraDraft(name, "0", group_ids=ids), ADMIN)

    def look_until(self, condition: Callable[[], bool], watch: CameraWatch | None = None) -> None:
        """Do rounds until threads that were told to end have ended."""
        pause, until = threading.Event(), PATIENCE
        while not condition():
            (watch or self.watch).look()
            pause.wait(0.01)
            until -= 0.01
            assert until > 0

    def report(self, camera: SiteCamera) -> CameraReport:
        return self.watch.report(camera)


@pytest.fixture
def site(database: Database) -> Iterator[Site]:
    made = Site(database)
    yield made
    made.watch.stop()


def test_without_cameras_a_round_does_nothing(site: Site) -> None:
    site.lesson("Maths")
    site.watch.look()
    assert site.door.running == []


def test_a_camera_starts_with_the_session_of_its_group_and_ends_with_it(site: Site) -> None:
    camera = site.camera(site.own)
    site.lesson("History", site.other)
    site.watch.look()
    assert not site.watch.runs(camera.camera_id)
    lesson = site.lesson("Maths")
    site.watch.look()
    site.door.begun()
    assert site.door.running == [("door", "Maths")]
    assert site.report(camera).running is Running.RUNNING
    site.register.close_session(lesson.session_id)
    site.look_until(lambda: not site.watch.runs(camera.camera_id))
    assert site.door.running == []


def test_a_camera_of_no_group_serves_every_group(site: Site) -> None:
    site.camera()
    site.lesson("History", site.other)
    site.watch.look()
    site.door.begun()
    assert site.door.running == [("door", "History")]


def test_the_next_lesson_takes_over_when_it_begins(site: Site) -> None:
    camera = site.camera()
    site.lesson("first")
    site.lesson("second", site.other, timedelta(minutes=40))
    for minutes, title in ((2, "first"), (30, "first"), (40, "second")):
        site.clock.at = t.START + minutes * MINUTE
        site.look_until(lambda wanted=title: site.door.running == [("door", wanted)])
        assert site.watch.runs(camera.camera_id)


def test_a_camera_that_is_switched_off_or_changed_ends_and_starts_anew(site: Site) -> None:
    camera = site.camera()
    site.lesson("Maths")
    site.look_until(lambda: bool(site.door.running))
    site.keeper.switch(camera.camera_id, False, ADMIN)
    site.look_until(lambda: not site.watch.runs(camera.camera_id))
    assert site.report(replace(camera, enabled=False)).running is Running.OFF
    site.keeper.switch(camera.camera_id, True, ADMIN)
    site.look_until(lambda: site.door.running == [("door", "Maths")])
    site.keeper.change(camera.camera_id, CameraDraft("gate"), ADMIN)
    site.look_until(lambda: site.door.running == [("gate", "Maths")])
    site.keeper.remove(camera.camera_id, ADMIN)
    site.look_until(lambda: site.door.running == [])


def test_of_two_servers_one_runs_a_camera_and_the_other_takes_over_later(site: Site) -> None:
    camera = site.camera()
    site.lesson("Maths")
    second = Door()
    other = site.server(second)
    site.watch.look()
    site.door.begun()
    other.look()
    assert second.running == []
    other.start()
    assert other.report(camera).running is Running.ELSEWHERE
    site.watch.end_all()
    assert second.started.acquire(timeout=PATIENCE)
    other.stop()
    assert second.running == [] and not other.active


def test_a_server_that_lost_its_lease_ends_the_camera(site: Site) -> None:
    camera = site.camera()
    site.lesson("Maths")
    site.watch.look()
    site.door.begun()
    second = Door()
    other = site.server(second)
    site.clock.advance(40)  # the first server slept
    other.look()
    assert second.started.acquire(timeout=PATIENCE)
    site.look_until(lambda: not site.watch.runs(camera.camera_id))
    assert site.door.running == [] and second.running == [("door", "Maths")]
    other.stop()


def test_a_lease_is_kept_while_the_camera_runs(site: Site) -> None:
    camera = site.camera()
    site.lesson("Maths")
    site.watch.look()
    for _ in range(6):
        site.clock.advance(15)
        site.watch.look()
    assert site.watch.runs(camera.camera_id)
    with site.database.uow() as uow:
        held = uow.cameras.held_until(camera.camera_id)
    assert held is not None and held > site.clock.now()


@pytest.mark.parametrize(
    ("failure", "said"),
    [
        (CameraUnavailable("The door gives no picture."), "The door gives no picture."),
        (RuntimeError("Ada's secret"), BROKE_OFF),
    ],
)
def test_after_a_failure_it_is_tried_again_later_each_time(
    site: Site, failure: Exception, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    camera = site.camera()
    site.lesson("Maths")
    site.door.ending = failure
    site.watch.start()
    for wait in (2, 4, 8):
        site.door.begun()
        _until(lambda: site.report(camera).running is Running.TROUBLE)
        assert site.report(camera).sentence == said
        site.clock.advance(wait)
    site.door.ending = None
    _until(lambda: site.report(camera).running is Running.RUNNING)
    assert type(failure).__name__ in caplog.text and str(failure) not in caplog.text


def test_a_clip_is_played_once_for_a_session(site: Site) -> None:
    camera = site.camera()
    site.lesson("Maths")
    site.door.ending = WatchEnd.SOURCE_ENDED
    site.watch.look()
    site.door.begun()
    site.look_until(lambda: not site.watch.runs(camera.camera_id))
    site.watch.look()
    assert not site.watch.runs(camera.camera_id)
    assert not site.door.started.acquire(blocking=False)


def test_where_faces_are_off_no_camera_runs_and_nobody_looks(site: Site) -> None:
    camera = site.camera()
    site.lesson("Maths")
    site.look_until(lambda: bool(site.door.running))
    with site.database.uow() as uow:
        uow.site.set("faces_enabled", False)
        uow.commit()
    site.look_until(lambda: not site.watch.runs(camera.camera_id))
    site.watch.start()
    assert site.report(camera).running is Running.FACES_OFF
    assert site.door.running == []
    with pytest.raises(FacesOff):
        site.keeper.looked_through(camera, ADMIN)


def test_the_report_tells_health_and_why_nobody_is_named(site: Site) -> None:
    camera = site.camera()
    lesson = site.lesson("Maths")
    assert site.report(camera) == CameraReport(Running.NOT_RUN)
    site.watch.look()
    site.door.begun()
    assert site.door.told and site.door.shown
    site.door.told(HealthChanged(WORKING))
    site.door.told(FaceRefused(1, t.START, Refusal.TOO_DARK))
    nothing = FrameResult(t.START, 0, (), (), 0, 0, True)
    frame = Frame(t.picture(), t.START, camera.camera_id, 0)
    site.door.shown(frame, nothing)
    report = site.report(camera)
    assert (report.health, report.frames, report.with_faces) == (WORKING, 1, 0)
    assert report.reasons == {"too_dark": 1, "no_face": 1}
    assert report.session_id == lesson.session_id
    assert site.watch.picture(camera.camera_id) is frame.pixels
    site.clock.advance(7 * 60)
    assert site.report(camera).reasons == {}


def test_stopping_the_server_ends_all_cameras(site: Site) -> None:
    site.camera()
    site.camera(name="gate")
    site.lesson("Maths")
    site.watch.start()
    site.watch.start()
    site.door.begun()
    site.door.begun()
    site.watch.stop()
    assert site.door.running == []
    assert not site.watch.active


def test_the_keeper_writes_down_who_changed_what_and_never_the_source(site: Site) -> None:
    with pytest.raises(InvalidInput):
        site.keeper.add(CameraDraft("door", " "), ADMIN)
    with pytest.raises(InvalidInput):
        site.keeper.add(CameraDraft(" ", "0"), ADMIN)
    with pytest.raises(NotFound):
        site.keeper.add(CameraDraft("door", "0", group_ids=frozenset({new_id()})), ADMIN)
    camera = site.keeper.add(CameraDraft("door", "rtsp://ada:secret@10.0.0.5/"), ADMIN)
    kept = site.keeper.change(camera.camera_id, CameraDraft("gate"), ADMIN)
    assert kept.source == camera.source
    site.keeper.looked_through(kept, ADMIN)
    site.keeper.remove(camera.camera_id, ADMIN)
    with site.database.uow() as uow:
        entries = uow.register.entries()[:4]
    assert [entry.body["event"] for entry in reversed(entries)] == [
        "camera added",
        "camera changed",
        "looked through a camera",
        "camera removed",
    ]
    assert all(entry.body["by"] == ADMIN.by for entry in entries)
    assert not any("secret" in str(entry.body) or "gate" in str(entry.body) for entry in entries)


def test_a_teacher_sees_cameras_of_own_groups_and_looks_only_where_all_are_their_own(
    site: Site,
) -> None:
    own, other = site.own.group_id, site.other.group_id
    bob = Actor("b" * 32, Role.FACULTY, group_ids=frozenset({own}))
    cameras = {
        "own": site.camera(site.own, name="own"),
        "both": site.camera(site.own, site.other, name="both"),
        "all": site.camera(name="all"),
        "other": site.camera(site.other, name="other"),
    }
    assert {name for name, camera in cameras.items() if sees(bob, camera)} == {"own", "both", "all"}
    assert {name for name, camera in cameras.items() if may_look(bob, camera)} == {"own"}
    assert all(may_look(ADMIN, camera) for camera in cameras.values())
    assert [camera.name for camera in site.keeper.seen_by(bob)] == ["all", "both", "own"]
    with pytest.raises(NotFound):
        site.keeper.get(cameras["other"].camera_id, bob)
    assert other in cameras["other"].group_ids


def _until(condition: Callable[[], bool]) -> None:
    """Wait for threads of the supervisor."""
    pause, left = threading.Event(), PATIENCE
    while not condition():
        pause.wait(0.01)
        left -= 0.01
        assert left > 0
