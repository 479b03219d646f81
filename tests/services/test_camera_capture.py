"""A running camera whose capture process is killed goes on by itself."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import cv2
import psutil
import pytest

from rollbook import testing as t
from rollbook.bootstrap import build
from rollbook.domain.camera_ports import SiteCamera
from rollbook.domain.camera_reports import Running
from rollbook.domain.identification import Calibration, ProbeKind
from rollbook.domain.subjects import Group, new_id
from rollbook.services.galleries import Galleries
from rollbook.settings import Settings
from rollbook.vision.engine import Engine

PATIENCE = 30.0  # seconds


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """Return a film of 20 seconds in which nobody is."""
    file = tmp_path / "door.avi"
    writer = cv2.VideoWriter(str(file), cv2.VideoWriter.fourcc(*"MJPG"), 10, (320, 240))
    for _ in range(200):
        writer.write(t.picture(320, 240))
    writer.release()
    return file


def until(condition: Callable[[], bool]) -> None:
    pause, left = threading.Event(), PATIENCE
    while not condition():
        pause.wait(0.05)
        left -= 0.05
        assert left > 0


@pytest.mark.slow
def test_a_camera_whose_process_is_killed_goes_on(book: Path, clip: Path) -> None:
    app = build(Settings(home=book), engine=Engine(t.ColourDetector([t.RED]), t.ColourEmbedder()))
    alike = Calibration(t.COLOUR_SPACE, ProbeKind.TRACK, (0, -10, 0), (0.0, 1.0), 0.1, "invented")
    kinds = {ProbeKind.TRACK: alike}
    app.__dict__["galleries"] = Galleries(
        app.uow, app.clock, t.COLOUR_SPACE, kinds, 0.001, lambda owners, rows, space: frozenset()
    )
    app.__dict__["for_thread"] = lambda threads: app  # its calibration is invented
    camera = SiteCamera(new_id(), "door", str(clip), "door")
    group = Group(new_id(), "5b")
    with app.uow() as uow:
        uow.groups.add(group)
        uow.cameras.add(camera)
        uow.commit()
    now = app.clock.now()
    app.register.open_session(
        group.group_id, now, now.replace(year=now.year + 1), business_date=now.date()
    )
    watch, own = app.camera_watch, psutil.Process()
    watch.start()
    try:
        until(lambda: watch.report(camera).frames > 3)
        (capture,) = [one for one in own.children() if "capture_child" in " ".join(one.cmdline())]
        capture.kill()
        capture.wait(PATIENCE)
        seen = watch.report(camera).frames
        until(lambda: watch.report(camera).frames > seen + 3)
        assert watch.report(camera).running is Running.RUNNING
    finally:
        watch.stop()
        app.database.close()
    assert not [one for one in own.children() if "capture_child" in " ".join(one.cmdline())]
