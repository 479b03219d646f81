"""Cameras that come, go, hang and lie: real processes and real streams on loopback."""

from __future__ import annotations

import itertools
import logging
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from fractions import Fraction
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import psutil  # type: ignore[import-untyped]
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbook import testing as t
from rollbook.domain.cameras import CameraHealth, CameraState
from rollbook.domain.faces import Frame, Pixels
from rollbook.errors import CameraUnavailable, InvalidInput, StreamEnded
from rollbook.vision.addresses import SourceKind, parse_source, without_credentials
from rollbook.vision.capture import Backoff, CaptureCamera, CaptureRules, is_dark
from rollbook.vision.sources import FolderSource, open_source

QUICK = CaptureRules(open_within=4.0, silent_for=1.0, grace=0.5, first_wait=0.1, longest_wait=0.5)
posix = pytest.mark.skipif(os.name != "posix", reason="sends signals that Windows does not have")


def write_clip(file: Path, pictures: list[Pixels], rate: int = 25) -> Path:
    with av.open(str(file), "w") as container:
        stream: Any = container.add_stream("mpeg4", rate=Fraction(rate))
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        for pixels in pictures:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="bgr24")))
        container.mux(stream.encode())
    return file


def camera(source: str | Path, **options: Any) -> CaptureCamera:
    rules = options.pop("rules", QUICK)
    opened = open_source(
        parse_source(str(source)), camera_id="door", start=t.START, rules=rules, **options
    )
    assert isinstance(opened, CaptureCamera)
    return opened


def read_until(
    cam: CaptureCamera, enough: Callable[[Frame | None, CameraHealth], bool], seconds: float = 15
) -> list[Frame]:
    """Read until the condition holds; fail with the camera's own words when it never does."""
    frames: list[Frame] = []
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        frame = cam.read(0.1)
        frames += [frame] if frame is not None else []
        if enough(frame, cam.health()):
            return frames
    raise AssertionError(f"waited in vain; {cam.health()}")


class Server:
    """Sends MJPEG as many cameras do; each connection gets the pictures of `script`."""

    def __init__(self, script: Callable[[int], Iterator[Pixels | None]]) -> None:
        """`script(connection)` yields pictures; None hangs until the server is closed."""
        self._script = script
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._over = threading.Event()
        self.connections = 0
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}/video"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._over.set()
        self._socket.close()
        self._thread.join(3)

    def _serve(self) -> None:
        while not self._over.is_set():
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            with connection:
                self._answer(connection, self.connections - 1)

    def _answer(self, connection: socket.socket, number: int) -> None:
        try:
            connection.recv(4096)
            head = "HTTP/1.0 200 OK\r\nContent-Type: multipart/x-mixed-replace;boundary=pic\r\n\r\n"
            connection.sendall(head.encode())
            for pixels in self._script(number):
                if pixels is None:
                    self._over.wait(30)
                    return
                jpeg = cv2.imencode(".jpg", pixels)[1].tobytes()
                part = f"--pic\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
                connection.sendall(part.encode() + jpeg + b"\r\n")
                time.sleep(0.02)
        except OSError:
            return  # the camera's reader went away


def noisy(index: int, width: int = 320, height: int = 240) -> Pixels:
    pixels = t.picture(width, height)
    pixels[:, index % width] = 255
    return pixels


@contextmanager
def ffmpeg_serving(port: int) -> Iterator[subprocess.Popen[bytes]]:
    ffmpeg = shutil.which("ffmpeg")
    assert ffmpeg is not None
    source = ["-re", "-f", "lavfi", "-i", "testsrc=size=320x240:rate=25"]
    encode = ["-c:v", "mpeg2video", "-g", "10", "-f", "mpegts"]
    command = [ffmpeg, "-loglevel", "quiet", *source, *encode, "-listen", "1"]
    server = subprocess.Popen([*command, f"http://127.0.0.1:{port}/"], stdin=subprocess.DEVNULL)
    try:
        yield server
    finally:
        server.kill()
        server.wait()


def free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        return int(listener.getsockname()[1])


@pytest.mark.ffmpeg
@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="the ffmpeg program is not installed")
@pytest.mark.slow
def test_a_stream_that_dies_and_comes_back_goes_on_and_the_reconnect_is_counted() -> None:
    port = free_port()
    with closing(camera(f"http://127.0.0.1:{port}/")) as cam:
        with ffmpeg_serving(port):
            before = read_until(cam, lambda frame, health: health.frames >= 10)
        read_until(cam, lambda frame, health: health.state is CameraState.LOST)
        with ffmpeg_serving(port):
            after = read_until(cam, lambda frame, health: health.reconnects == 1)
        health = cam.health()
    assert health.state is CameraState.WORKING
    assert health.size == (320, 240)
    assert after[-1].sequence > before[-1].sequence
    assert after[-1].captured_at > before[-1].captured_at


@pytest.mark.slow
def test_a_stream_whose_frame_size_changes_is_read_on() -> None:
    def script(connection: int) -> Iterator[Pixels]:
        for index in range(400):
            yield noisy(index) if index % 20 < 10 else noisy(index, 640, 480)

    server = Server(script)
    with closing(server), closing(camera(server.url)) as cam:
        frames = read_until(cam, lambda frame, health: health.frames >= 40)
    assert {frame.pixels.shape for frame in frames} == {(240, 320, 3), (480, 640, 3)}
    assert server.connections <= 2  # the first one may be FFmpeg's look at what it is


def test_pictures_that_are_larger_than_needed_come_reduced() -> None:
    server = Server(lambda connection: (noisy(i, 2400, 1200) for i in range(400)))
    with closing(server), closing(camera(server.url)) as cam:
        frame = read_until(cam, lambda frame, health: frame is not None)[-1]
    assert frame.pixels.shape == (960, 1920, 3)


@pytest.mark.slow
def test_a_stream_that_hangs_is_given_up_and_tried_again() -> None:
    def script(connection: int) -> Iterator[Pixels | None]:
        yield from (noisy(i) for i in range(15))
        yield None

    server = Server(script)
    with closing(server), closing(camera(server.url)) as cam:
        read_until(cam, lambda frame, health: health.frames >= 3)
        read_until(cam, lambda frame, health: health.state is CameraState.LOST)
        assert "does not answer" in cam.health().sentence or "for too long" in cam.health().sentence


@pytest.mark.slow
def test_a_server_that_accepts_and_says_nothing_is_lost_not_waited_for() -> None:
    silent = socket.create_server(("127.0.0.1", 0))
    rules = CaptureRules(open_within=1.0, silent_for=0.5, grace=0.5)
    url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
    with closing(silent), closing(camera(url, rules=rules)) as cam:
        read_until(cam, lambda frame, health: health.state is CameraState.LOST)
        assert cam.health().frames == 0


@posix
@pytest.mark.slow
def test_a_capture_process_that_hangs_is_killed_and_started_again(tmp_path: Path) -> None:
    server = Server(lambda connection: (noisy(i) for i in range(2000)))
    with closing(server), closing(camera(server.url)) as cam:
        read_until(cam, lambda frame, health: health.frames >= 3)
        hung = cam.pid
        assert hung is not None
        os.kill(hung, signal.SIGSTOP)
        read_until(cam, lambda frame, health: health.reconnects == 1)
        assert cam.pid not in {None, hung}
        assert not psutil.pid_exists(hung)
        assert cam.health().restarts >= 1


@posix
def test_a_capture_process_that_is_killed_is_started_again() -> None:
    server = Server(lambda connection: (noisy(i) for i in range(2000)))
    with closing(server), closing(camera(server.url)) as cam:
        read_until(cam, lambda frame, health: health.frames >= 3)
        assert cam.pid is not None
        os.kill(cam.pid, signal.SIGKILL)
        read_until(cam, lambda frame, health: health.state is CameraState.LOST)
        assert "ended unexpectedly" in cam.health().sentence
        read_until(cam, lambda frame, health: health.reconnects == 1)


def test_an_absent_webcam_is_told_in_one_sentence_and_tried_again() -> None:
    with closing(camera("97")) as cam:
        read_until(cam, lambda frame, health: health.restarts >= 1)
        health = cam.health()
    assert health.state is CameraState.LOST
    assert health.sentence.startswith("Camera 97 cannot be opened. Is it plugged in")


def test_a_refused_connection_is_told_without_password(
    caplog: pytest.LogCaptureFixture,
) -> None:
    url = f"rtsp://ada:hunter2@127.0.0.1:{free_port()}/live?token=hunter3"
    caplog.set_level(logging.INFO)
    with closing(camera(url)) as cam:
        read_until(cam, lambda frame, health: health.state is CameraState.LOST)
        said = cam.health().sentence + repr(cam.health()) + caplog.text
        assert cam.pid is None or "hunter" not in " ".join(psutil.Process(cam.pid).cmdline())
    assert "refuses the connection" in said
    assert not [told for told in caplog.records if told.levelno > logging.INFO]  # it is said once
    assert "hunter" not in said


@pytest.mark.slow
def test_black_pictures_are_told_and_forgotten_when_light_comes() -> None:
    def script(connection: int) -> Iterator[Pixels]:
        for index in range(2000):
            dark = t.picture(320, 240, (3, 4, 3))
            cv2.putText(dark, "12:00", (5, 20), cv2.FONT_HERSHEY_PLAIN, 1, (255, 255, 255))
            yield dark if index < 90 else noisy(index)

    server = Server(script)
    with closing(server), closing(camera(server.url)) as cam:
        read_until(cam, lambda frame, health: health.state is CameraState.DARK)
        assert cam.health().sentence.startswith("The picture is black.")
        read_until(cam, lambda frame, health: health.state is CameraState.WORKING)


def test_a_live_source_drops_what_nobody_took() -> None:
    server = Server(lambda connection: (noisy(i) for i in range(2000)))
    with closing(server), closing(camera(server.url)) as cam:
        read_until(cam, lambda frame, health: frame is not None)
        time.sleep(0.6)
        read_until(cam, lambda frame, health: health.dropped >= 10, seconds=2)
        assert cam.health().age is not None


def test_a_clip_can_be_read_frame_by_frame_on_its_own_clock(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", [noisy(8 * i) for i in range(30)])
    with closing(camera(clip, every_frame=True)) as cam:
        began = time.monotonic()
        frames = list(cam.frames())
        assert time.monotonic() - began < 10
        health = cam.health()
    assert [frame.sequence for frame in frames] == list(range(30))
    steps = {b.captured_at - a.captured_at for a, b in itertools.pairwise(frames)}
    assert {round(step / timedelta(milliseconds=1)) for step in steps} == {40}
    assert frames[0].captured_at == t.START
    assert (health.state, health.dropped) == (CameraState.ENDED, 0)
    lines = [int(np.argmax(frame.pixels[100, :, 0])) for frame in frames]
    assert np.abs(np.array(lines) - 8 * np.arange(30)).max() <= 1


@posix
def test_a_clip_may_have_a_colon_in_its_name_and_no_times_inside(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "08:30 lesson.m4v", [noisy(8 * i) for i in range(12)])
    with closing(camera(clip, every_frame=True)) as cam:
        frames = list(cam.frames())
    assert len(frames) == 12
    seconds = [(frame.captured_at - t.START).total_seconds() for frame in frames]
    assert seconds == pytest.approx([0.04 * i for i in range(12)], abs=0.001)


@pytest.mark.slow
def test_a_clip_at_its_own_pace_takes_as_long_as_it_was_filmed(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", [noisy(i) for i in range(25)])
    with closing(camera(clip)) as cam:
        first = read_until(cam, lambda frame, health: frame is not None)[-1]
        began = time.monotonic()
        rest = list(cam.frames())
    filmed = (rest[-1].captured_at - first.captured_at).total_seconds()
    assert time.monotonic() - began >= 0.5 * filmed  # unpaced it takes a twentieth


def test_a_file_that_is_no_video_is_refused_in_a_sentence(tmp_path: Path) -> None:
    text = tmp_path / "notes.mp4"
    text.write_text("not a video")
    with closing(camera(text)) as cam, pytest.raises(CameraUnavailable, match="no video"):
        list(cam.frames())


def test_a_file_with_no_picture_in_it_has_not_simply_ended(tmp_path: Path) -> None:
    (tmp_path / "text.jpg").write_text("no picture")
    with (
        closing(camera(tmp_path / "text.jpg")) as cam,
        pytest.raises(CameraUnavailable, match=r"text\.jpg holds no picture that can be opened"),
    ):
        read_until(cam, lambda frame, health: frame is not None)


def test_a_playlist_called_a_clip_reaches_no_network(tmp_path: Path) -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(0.2)
    port = listener.getsockname()[1]
    playlist = tmp_path / "clip.m3u8"
    playlist.write_text(f"#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:{port}/a.ts\n#EXT-X-ENDLIST\n")
    with closing(listener), closing(camera(playlist)) as cam:
        with pytest.raises(CameraUnavailable):
            list(cam.frames())
        with pytest.raises(TimeoutError):
            listener.accept()


def test_closing_leaves_no_process_and_no_shared_memory(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", [noisy(i) for i in range(50)])
    cam = camera(clip)
    read_until(cam, lambda frame, health: frame is not None)
    pid, name = cam.pid, cam._memory.name
    assert pid is not None
    cam.close()
    cam.close()
    assert not psutil.pid_exists(pid)
    with pytest.raises(FileNotFoundError):
        SharedMemory(name)
    with pytest.raises(CameraUnavailable, match="closed"):
        cam.read(0.1)


@posix
@pytest.mark.slow
def test_a_parent_that_is_killed_leaves_no_process_and_no_shared_memory(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", [noisy(i) for i in range(250)])
    script = (
        "import sys, time\n"
        "from rollbook.testing import START\n"
        "from rollbook.vision.addresses import parse_source\n"
        "from rollbook.vision.capture import CaptureCamera\n"
        "cam = CaptureCamera(parse_source(sys.argv[1]), camera_id='door', start=START)\n"
        "while cam.read(0.1) is None: pass\n"
        "print(cam.pid, cam._memory.name, flush=True)\n"
        "time.sleep(60)\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", script, str(clip)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with parent:
        assert parent.stdout is not None
        pid, name = parent.stdout.readline().split()
        parent.kill()
    until = time.monotonic() + 5
    while time.monotonic() < until and (psutil.pid_exists(int(pid)) or memory_exists(name)):
        time.sleep(0.05)
    assert not psutil.pid_exists(int(pid))
    assert not memory_exists(name)


def memory_exists(name: str) -> bool:
    return Path("/dev/shm", name.lstrip("/")).exists()


def test_a_capture_process_loads_neither_networks_nor_database() -> None:
    script = (
        "import sys, rollbook.vision.capture_child, av\n"
        "heavy = {'openvino', 'onnx', 'sqlalchemy', 'cv2', 'scipy', 'typer', 'pydantic', 'PIL'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stdout + done.stderr


def test_a_folder_gives_its_pictures_in_order_and_skips_what_is_none(tmp_path: Path) -> None:
    for index, name in enumerate(["b.png", "a.png", "c.png"]):
        cv2.imwrite(str(tmp_path / name), t.picture(40, 30, (index * 50, 0, 0)))
    (tmp_path / "d.jpg").write_bytes(b"")
    (tmp_path / "notes.txt").write_text("no picture")
    source = open_source(parse_source(str(tmp_path)), camera_id="folder", start=t.START)
    frames = list(source.frames())
    assert [int(frame.pixels[0, 0, 0]) for frame in frames] == [50, 0, 100]
    assert frames[1].captured_at - frames[0].captured_at == timedelta(milliseconds=200)
    assert source.health().state is CameraState.ENDED
    assert "1 could not be opened" in source.health().sentence
    with pytest.raises(StreamEnded):
        source.read(0.1)


def test_a_folder_without_pictures_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="no pictures"):
        FolderSource(tmp_path, camera_id="folder", start=t.START)


def test_a_folder_of_damaged_pictures_only_says_so(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_text("text")
    source = FolderSource(tmp_path, camera_id="folder", start=t.START)
    with pytest.raises(CameraUnavailable, match="None of the pictures"):
        list(source.frames())


def test_a_source_is_a_webcam_a_stream_a_clip_or_a_folder(tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    clip.touch()
    kinds = [
        parse_source(text).kind for text in ("0", "rtsp://10.0.0.5/x", str(clip), str(tmp_path))
    ]
    assert kinds == [SourceKind.WEBCAM, SourceKind.STREAM, SourceKind.CLIP, SourceKind.FOLDER]


@pytest.mark.parametrize("text", ["", "nowhere.mp4", "concat://a|b", "file:///etc/passwd"])
def test_what_is_no_source_is_refused_in_a_sentence(text: str) -> None:
    with pytest.raises(InvalidInput):
        parse_source(text)


@given(st.text(min_size=1, max_size=20))
def test_no_password_survives_in_what_is_shown(password: str) -> None:
    secret = "".join(f"{byte:02X}" for byte in password.encode("utf-8", "ignore")) + "Z"
    assert secret not in without_credentials(f"rtsp://{secret}:{secret}@10.0.0.5/live")
    assert secret not in without_credentials(f"http://10.0.0.5/v?user=a&password={secret}")
    assert secret not in without_credentials(f"rtsp://10.0.0.5/user=a_password={secret}_ch=1")
    assert secret not in repr(parse_source(f"rtsp://a:{secret}@10.0.0.5/live"))


@given(st.lists(st.floats(0, 1), min_size=1, max_size=40))
def test_waits_grow_to_their_limit_and_never_by_more_than_the_jitter(draws: list[float]) -> None:
    rules = CaptureRules()
    drawn = iter(draws)
    backoff = Backoff(rules, draw=lambda: next(drawn))
    for failures in range(len(draws)):
        plain = min(rules.longest_wait, rules.first_wait * 2**failures)
        assert abs(backoff.next() - plain) <= plain * rules.jitter + 1e-9
    backoff.reset()
    assert backoff.failures == 0


def test_only_pictures_that_show_nothing_are_dark() -> None:
    assert is_dark(t.picture(colour=(0, 0, 0)))
    assert not is_dark(t.picture(colour=(30, 30, 30)))
