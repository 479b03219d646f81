"""One camera in a process of its own, which can be killed when it hangs, and is started again."""

from __future__ import annotations

import json
import logging
import os
import queue
import random
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path
from typing import Any, TextIO, cast

import numpy as np

from rollbook.domain.cameras import CameraHealth, CameraState
from rollbook.domain.faces import Frame, Pixels
from rollbook.errors import CameraUnavailable, StreamEnded
from rollbook.vision.addresses import SourceAddress, SourceKind

log = logging.getLogger(__name__)

DARK_LEVEL = 12  # median of all channels, 0..255; also what an idle sensor's noise stays under
DARK_AFTER = 1.0  # seconds


@dataclass(frozen=True, slots=True)
class CaptureRules:
    """When a camera counts as lost, and how soon it is tried again. Times in seconds."""

    open_within: float = 20.0
    silent_for: float = 8.0
    grace: float = 2.0  # the capture process notices silence itself; after this it is hung
    first_wait: float = 0.5
    longest_wait: float = 30.0
    jitter: float = 0.2  # part by which a wait varies, so that cameras do not come all at once
    settled_after: float = 5.0  # after this long with pictures the waits begin small again
    max_side: int = 1920  # pixels; larger pictures are made smaller by the capture process


@dataclass(slots=True)
class Backoff:
    """Waits that double with each failure in a row."""

    rules: CaptureRules
    draw: Callable[[], float] = random.random  # 0..1
    failures: int = 0

    def next(self) -> float:
        """Return the seconds to wait after one more failure."""
        rules = self.rules
        plain = min(rules.longest_wait, rules.first_wait * 2.0 ** min(self.failures, 30))
        self.failures += 1
        return plain * (1 + rules.jitter * (2 * self.draw() - 1))

    def reset(self) -> None:
        self.failures = 0


class CaptureProcess:
    """One running capture process; see `capture_child` for what is said on its pipes."""

    def __init__(self, order: dict[str, Any]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "rollbook.vision.capture_child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # FFmpeg would write the whole address there
            env=_environment(),
            encoding="utf-8",
        )
        self._input = cast(TextIO, self._process.stdin)
        self._output = cast(TextIO, self._process.stdout)
        self._answers: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()
        self._say(json.dumps(order))

    @property
    def pid(self) -> int:
        return self._process.pid

    def ask(self) -> None:
        """Ask for the next picture."""
        self._say("next")

    def answer(self, timeout: float) -> dict[str, Any] | None:
        """Return the next answer; an end without a reason that was given is one, too.

        Raises:
            queue.Empty: nothing came in time.
        """
        return self._answers.get(timeout=max(0.0, timeout))

    def stop(self) -> None:
        """End the process, by force where it does not listen."""
        try:
            self._input.close()
            self._process.wait(0.5)
        except (OSError, subprocess.TimeoutExpired):
            self._process.kill()
            self._process.wait()
        self._listener.join(2.0)
        self._output.close()

    def _say(self, line: str) -> None:
        try:
            self._input.write(line + "\n")
            self._input.flush()
        except OSError:
            self._answers.put(None)  # it ended; the camera starts another one

    def _listen(self) -> None:
        try:
            for line in self._output:
                self._answers.put(json.loads(line))
        except ValueError:
            pass  # cut off in the middle of a line
        self._answers.put(None)


def _environment() -> dict[str, str]:
    """Return an environment in which a capture process finds Rollbook and stays small."""
    package_root = str(Path(__file__).resolve().parents[2])
    paths = [package_root, *filter(None, [os.environ.get("PYTHONPATH")])]
    small = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2"}
    # with its hardware transforms Windows takes half a minute to open a webcam
    soon = {"OPENCV_VIDEOIO_MSMF_ENABLE_HW_TRANSFORMS": "0"}
    return {**os.environ, **small, **soon, "PYTHONPATH": os.pathsep.join(paths)}


@dataclass(slots=True)
class _Figures:
    """What a camera counts."""

    frames: int = 0
    dropped: int = 0
    dropped_before: int = 0  # by capture processes that are gone
    reconnects: int = 0
    restarts: int = 0
    newest: float | None = None  # monotonic seconds
    size: tuple[int, int] | None = None
    dark_since: float | None = None


@dataclass(slots=True)
class _Attempt:
    """One capture process and what it did so far."""

    process: CaptureProcess
    began: float
    asked: float | None = None  # when the open request was sent; None when there is none
    first_frame: float | None = None


class CaptureCamera:
    """A webcam, stream or clip, read in a process of its own.

    Live sources (and clips at their own pace) drop pictures that nobody took; with `every_frame`
    a clip waits instead. Not safe for several threads; `health` may be called from any.
    """

    def __init__(
        self,
        source: SourceAddress,
        *,
        camera_id: str,
        start: datetime,
        every_frame: bool = False,
        rules: CaptureRules | None = None,
    ) -> None:
        """`start` is the instant of a clip's first picture; live pictures carry the clock's."""
        self._source = source
        self._camera_id = camera_id
        self._start = start
        self._every_frame = every_frame and source.kind is SourceKind.CLIP
        self._rules = rules or CaptureRules()
        self._backoff = Backoff(self._rules)
        self._memory = SharedMemory(create=True, size=3 * self._rules.max_side**2)
        self._attempt: _Attempt | None = None
        self._retry_at = time.monotonic()
        self._figures = _Figures()
        self._trouble: str | None = None
        self._final: CameraState | None = None
        self._release = weakref.finalize(self, _remove, self._memory)

    @property
    def camera_id(self) -> str:
        return self._camera_id

    @property
    def pid(self) -> int | None:
        """Process id of the running capture process, for watching over it."""
        return self._attempt.process.pid if self._attempt else None

    def read(self, timeout: float) -> Frame | None:
        """Return the next frame, or None when none came within `timeout` seconds.

        Raises:
            StreamEnded: the clip is over.
            CameraUnavailable: a clip cannot be read, or the camera was closed.
        """
        until = time.monotonic() + timeout
        while True:
            self._refuse_when_done()
            frame = self._try_once(until)
            if frame is not None or time.monotonic() >= until:
                return frame

    def frames(self) -> Iterator[Frame]:
        """Yield frames until the clip is over; for ever from a live source."""
        while True:
            try:
                frame = self.read(1.0)
            except StreamEnded:
                return
            if frame is not None:
                yield frame

    def health(self) -> CameraHealth:
        figures = self._figures
        state, sentence = self._condition()
        age = None if figures.newest is None else time.monotonic() - figures.newest
        dropped = figures.dropped_before + figures.dropped
        return CameraHealth(
            state,
            sentence,
            frames=figures.frames,
            dropped=dropped,
            reconnects=figures.reconnects,
            restarts=figures.restarts,
            age=age,
            size=figures.size,
        )

    def close(self) -> None:
        """End the capture process and give the shared memory back."""
        self._end_attempt()
        self._final = self._final or CameraState.CLOSED
        self._release()

    def _refuse_when_done(self) -> None:
        if self._final is CameraState.ENDED:
            raise StreamEnded("%(shown)s is over.", shown=self._source.shown)
        if self._final is not None:
            raise CameraUnavailable(self._trouble or f"{self._source.shown} was closed.")

    def _try_once(self, until: float) -> Frame | None:
        """Wait for one thing to happen: a retry that is due, a picture, an end, or silence."""
        if self._attempt is None:
            time.sleep(max(0.0, min(until, self._retry_at) - time.monotonic()))
            if time.monotonic() >= self._retry_at:
                self._begin_attempt()
            return None
        attempt = self._attempt
        if attempt.asked is None:
            attempt.process.ask()
            attempt.asked = time.monotonic()
        dead_at = self._dead_at(attempt)
        try:
            answer = attempt.process.answer(min(until, dead_at) - time.monotonic())
        except queue.Empty:
            if time.monotonic() >= dead_at:
                self._lose("sent no picture for too long and was disconnected.")
            return None
        return self._take(attempt, answer)

    def _dead_at(self, attempt: _Attempt) -> float:
        """Return when silence means that the capture process hangs."""
        if attempt.first_frame is None:
            return attempt.began + self._rules.open_within + self._rules.grace
        asked = attempt.asked if attempt.asked is not None else attempt.first_frame
        return asked + self._rules.silent_for + self._rules.grace

    def _take(self, attempt: _Attempt, answer: dict[str, Any] | None) -> Frame | None:
        if answer is None:
            self._lose("was read by a process that ended unexpectedly.")
            return None
        if "end" in answer:
            self._finish(str(answer["end"]))
            return None
        attempt.asked = None
        pixels = self._copy(int(answer["height"]), int(answer["width"]))
        return self._frame(attempt, answer, pixels)

    def _copy(self, height: int, width: int) -> Pixels:
        view: Pixels = np.ndarray((height, width, 3), np.uint8, self._memory.buf)
        return view.copy()

    def _frame(self, attempt: _Attempt, answer: dict[str, Any], pixels: Pixels) -> Frame:
        now, figures = time.monotonic(), self._figures
        if attempt.first_frame is None:
            attempt.first_frame = now
            figures.reconnects += figures.frames > 0
            log.info("camera %s gives pictures", self._camera_id)
        if now - attempt.first_frame >= self._rules.settled_after:
            self._backoff.reset()
        sequence, figures.frames = figures.frames, figures.frames + 1
        figures.dropped = int(answer["dropped"])
        figures.newest, figures.size = now, (pixels.shape[1], pixels.shape[0])
        figures.dark_since = (figures.dark_since or now) if is_dark(pixels) else None
        self._trouble = None
        return Frame(pixels, self._instant(float(answer["at"])), self._camera_id, sequence)

    def _instant(self, seconds: float) -> datetime:
        if self._source.kind is SourceKind.CLIP:
            return self._start + timedelta(seconds=seconds)
        return datetime.fromtimestamp(seconds, UTC)

    def _finish(self, reason: str) -> None:
        """The capture process has nothing more to give; an empty reason is a regular end."""
        if self._source.kind is not SourceKind.CLIP:
            self._lose(reason or "stopped sending.")
            return
        self._end_attempt()
        if self._figures.frames == 0:
            reason = reason or "holds no picture that can be opened."
        self._trouble = f"{self._source.shown} {reason}" if reason else None
        self._final = CameraState.LOST if reason else CameraState.ENDED

    def _lose(self, reason: str) -> None:
        self._end_attempt()
        wait = self._backoff.next()
        self._retry_at = time.monotonic() + wait
        self._trouble = f"{self._source.shown} {reason} It is tried again."
        log.info("camera %s is lost; next attempt in %.1f s", self._camera_id, wait)

    def _begin_attempt(self) -> None:
        rules = self._rules
        self._figures.restarts += self._trouble is not None
        process = CaptureProcess(
            {
                "kind": self._source.kind.value,
                "address": self._source.address,
                "memory": self._memory.name,
                "own_pace": not self._every_frame,
                "keep_all": self._every_frame,
                "open_within": rules.open_within,
                "silent_for": rules.silent_for,
                "max_side": rules.max_side,
            }
        )
        self._attempt = _Attempt(process, time.monotonic())

    def _end_attempt(self) -> None:
        if self._attempt is None:
            return
        self._attempt.process.stop()
        self._attempt = None
        self._figures.dropped_before += self._figures.dropped
        self._figures.dropped = 0
        self._figures.dark_since = None

    def _condition(self) -> tuple[CameraState, str]:
        figures, name = self._figures, self._source.shown
        if self._final is CameraState.ENDED:
            return CameraState.ENDED, f"{name} is over."
        if self._final is CameraState.CLOSED:
            return CameraState.CLOSED, f"{name} was closed."
        if self._trouble:
            return CameraState.LOST, self._trouble
        if figures.newest is None:
            return CameraState.STARTING, f"Waiting for the first picture of {name}."
        if figures.dark_since and time.monotonic() - figures.dark_since >= DARK_AFTER:
            return CameraState.DARK, (
                "The picture is black. Take the cover off the lens, or turn a light on."
            )
        return CameraState.WORKING, f"Pictures come from {name}."


def is_dark(pixels: Pixels) -> bool:
    """Return whether a picture shows nothing; a clock that the camera writes on it is nothing."""
    return bool(np.median(pixels[::8, ::8]) < DARK_LEVEL)


def _remove(memory: SharedMemory) -> None:
    memory.close()
    memory.unlink()
