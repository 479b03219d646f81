"""Every camera keeps the same promises: the one for tests, a folder and a film in its process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import cv2
import pytest

from rollbook import testing as t
from rollbook.domain.cameras import CameraState
from rollbook.domain.faces import Frame
from rollbook.domain.ports import Camera
from rollbook.errors import StreamEnded
from rollbook.vision.addresses import parse_source
from rollbook.vision.sources import open_source

COUNT = 5
START = datetime(2026, 3, 2, 8, tzinfo=UTC)
PATIENCE = 20.0  # seconds for a process to start on a busy machine


def _fake(folder: Path) -> Camera:
    return t.ListSource([t.picture(64, 48)] * COUNT, start=START, camera_id="door")


def _folder(folder: Path) -> Camera:
    for index in range(COUNT):
        cv2.imwrite(str(folder / f"{index}.png"), t.picture(64, 48))
    return open_source(parse_source(str(folder)), camera_id="door", start=START)


def _clip(folder: Path) -> Camera:
    file = folder / "clip.avi"
    writer = cv2.VideoWriter(str(file), cv2.VideoWriter.fourcc(*"MJPG"), 10, (64, 48))
    for _ in range(COUNT):
        writer.write(t.picture(64, 48))
    writer.release()
    return open_source(parse_source(str(file)), camera_id="door", start=START, every_frame=True)


@pytest.fixture(params=[_fake, _folder, _clip])
def camera(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Camera]:
    make: Callable[[Path], Camera] = request.param
    opened = make(tmp_path)
    yield opened
    opened.close()


def seen(camera: Camera) -> list[Frame]:
    frames: list[Frame] = []
    with pytest.raises(StreamEnded):
        while True:
            frame = camera.read(PATIENCE)
            assert frame is not None, camera.health().sentence
            frames.append(frame)
    return frames


def test_every_picture_comes_once_in_order_with_an_instant_and_the_cameras_name(
    camera: Camera,
) -> None:
    frames = seen(camera)
    assert [frame.sequence for frame in frames] == list(range(COUNT))
    assert {frame.camera_id for frame in frames} == {"door"}
    assert {frame.pixels.shape for frame in frames} == {(48, 64, 3)}
    instants = [frame.captured_at for frame in frames]
    assert instants[0] == START and instants == sorted(set(instants))
    assert {instant.utcoffset() for instant in instants} == {timedelta(0)}


def test_the_end_is_final_and_health_says_so(camera: Camera) -> None:
    seen(camera)
    with pytest.raises(StreamEnded):
        camera.read(0.1)
    health = camera.health()
    assert (health.state, health.frames, health.well) == (CameraState.ENDED, COUNT, True)
    assert health.sentence


def test_closing_twice_is_closing_once(camera: Camera) -> None:
    assert camera.read(PATIENCE) is not None
    camera.close()
    camera.close()
