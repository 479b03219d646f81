"""The program of a capture process: it decodes one source and hands on one picture when asked.

It is told on its standard input what to read (the first line, JSON), and then asked by one line
for each picture. It answers on its standard output, a JSON line each, after the picture's bytes
were put into shared memory. So nothing is ever written while somebody reads, and no lock can be
left behind by a process that was killed. The end of its input means that the parent is gone.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.shared_memory import SharedMemory
from typing import Any

import numpy as np

from rollbook.hardening import harden
from rollbook.vision.addresses import SourceKind
from rollbook.vision.grabbers import GrabError, GrabOptions, Picture, grab

QUEUE = 4  # pictures decoded ahead where each one counts


@dataclass(frozen=True, slots=True)
class Stamped:
    """A picture with its time: seconds on the clip's clock, or since 1970 for a live source."""

    picture: Picture
    pixels: Any  # rendered already where each one counts, else None
    seconds: float


class Slot:
    """Pictures between the thread that decodes and the one that hands on."""

    def __init__(self, *, keep_all: bool) -> None:
        self._room = QUEUE if keep_all else 1
        self._keep_all = keep_all
        self._pictures: deque[Stamped] = deque()
        self._changed = threading.Condition()
        self._end: str | None = None
        self.dropped = 0

    def put(self, item: Stamped) -> None:
        """Add a picture: wait for room where each one counts, else drop what nobody took."""
        with self._changed:
            while self._keep_all and len(self._pictures) >= self._room:
                self._changed.wait()
            while len(self._pictures) >= self._room:
                self._pictures.popleft()
                self.dropped += 1
            self._pictures.append(item)
            self._changed.notify_all()

    def finish(self, reason: str) -> None:
        """Say that nothing more comes; an empty reason is a regular end."""
        with self._changed:
            self._end = reason
            self._changed.notify_all()

    def take(self) -> Stamped | str:
        """Return the next picture, or the reason why there are no more."""
        with self._changed:
            while not self._pictures and self._end is None:
                self._changed.wait()
            item = self._pictures.popleft() if self._pictures else self._end or ""
            self._changed.notify_all()
            return item


def attach(name: str) -> SharedMemory:
    """Open the parent's shared memory, which stays the parent's to remove."""
    if sys.version_info >= (3, 13):
        return SharedMemory(name, track=False)
    # older versions would remove it when this process ends, or start a process to watch over it
    from multiprocessing import resource_tracker

    registered = resource_tracker.register
    resource_tracker.register = lambda *_: None
    try:
        return SharedMemory(name)
    finally:
        resource_tracker.register = registered


def _decode(order: dict[str, Any], slot: Slot) -> None:
    options = GrabOptions(order["open_within"], order["silent_for"], order["max_side"])
    pictures = grab(SourceKind(order["kind"]), order["address"], options)
    try:
        for item in _timed(pictures, own_pace=order["own_pace"], eager=order["keep_all"]):
            slot.put(item)
    except GrabError as error:
        slot.finish(str(error))
    except Exception as error:  # the top of a camera's loop: the parent says it and tries again
        slot.finish(f"cannot be read ({type(error).__name__}).")
    else:
        slot.finish("")


def _timed(pictures: Iterator[Picture], *, own_pace: bool, eager: bool) -> Iterator[Stamped]:
    """Stamp each picture; at its own pace a clip plays as fast as it was filmed."""
    began = time.monotonic()
    first: float | None = None
    for picture in pictures:
        if picture.seconds is None:
            seconds = time.time()
        else:
            first = picture.seconds if first is None else first
            seconds = picture.seconds - first
            if own_pace:
                time.sleep(max(0.0, began + seconds - time.monotonic()))
        yield Stamped(picture, picture.render() if eager else None, seconds)


def _hand_on(slot: Slot, asked: threading.Semaphore, memory: SharedMemory) -> None:
    """Answer each request with the next picture, until there are no more."""
    while True:
        asked.acquire()
        item = slot.take()
        if isinstance(item, str):
            _tell({"end": item})
            return
        pixels = item.pixels if item.pixels is not None else item.picture.render()
        height, width = pixels.shape[:2]
        target = np.ndarray((height, width, 3), np.uint8, memory.buf)
        target[:] = pixels
        del target  # the memory cannot be closed while somebody looks into it
        _tell({"width": width, "height": height, "at": item.seconds, "dropped": slot.dropped})


def _tell(message: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def main() -> None:
    harden()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which ends us
    order = json.loads(sys.stdin.readline())
    memory = attach(order["memory"])
    slot, asked = Slot(keep_all=order["keep_all"]), threading.Semaphore(0)
    threading.Thread(target=_decode, args=(order, slot), daemon=True).start()
    threading.Thread(target=_hand_on, args=(slot, asked, memory), daemon=True).start()
    while sys.stdin.readline():
        asked.release()
    os._exit(0)  # the parent is gone, or wants us gone: do not wait for a camera that hangs


if __name__ == "__main__":
    main()
