"""How fast the parts are, as ratios that hold from machine to machine."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from rollbook.domain.faces import DetectedFace, Pixels
from rollbook.domain.gallery import Gallery
from rollbook.domain.templates import TemplateSpace, unit_rows

Rows = npt.NDArray[np.float32]
Peer = Callable[[Pixels], int]
MATRIX = 1536  # rows and columns of the product that stands for what the machine can do
BATCHES = (1, 4, 8, 16)
PROBES = 16
HEAD = 300  # rows of the portrait that are used: dlib takes part of the suit for a face


class BenchEngine(Protocol):
    """The engine, with its steps apart."""

    @property
    def space(self) -> TemplateSpace: ...

    def detect(self, image: Pixels) -> list[DetectedFace]: ...

    def crops(self, image: Pixels, faces: list[DetectedFace]) -> Pixels: ...

    def embed(self, image: Pixels, faces: list[DetectedFace]) -> Rows: ...

    def embed_crops(self, crops: Pixels) -> Rows: ...


@dataclass(frozen=True, slots=True)
class Times:
    """How long one thing took, repeated; milliseconds."""

    best: float
    median: float

    @classmethod
    def of(cls, seconds: Sequence[float]) -> Times:
        return cls(1000 * min(seconds), 1000 * float(np.median(seconds)))


def interleaved(
    parts: dict[str, Callable[[], object]], rounds: int, warm_up: int = 1, turn: float = 0.25
) -> dict[str, Times]:
    """Run the parts in turn, so that whatever else the machine does meets all of them alike.

    Each turn lasts `turn` seconds or one call, and its first call does not count where there are
    several: what ran before has its own data in the caches, and threads that are still busy.
    """
    taken: dict[str, list[float]] = {name: [] for name in parts}
    for number in range(rounds + warm_up):
        for name, part in parts.items():
            seconds = _one_turn(part, turn)
            if number >= warm_up:
                taken[name] += seconds[1:] or seconds
    return {name: Times.of(seconds) for name, seconds in taken.items()}


def _one_turn(part: Callable[[], object], turn: float) -> list[float]:
    seconds: list[float] = []
    while not seconds or sum(seconds) < turn:
        started = time.perf_counter()
        part()
        seconds.append(time.perf_counter() - started)
    return seconds


def machine() -> dict[str, Any]:
    """Return the number of cores, the processor's name, and the versions that matter."""
    return {
        "cores": os.cpu_count() or 1,
        "cpu": _cpu_name(),
        "system": platform.platform(terse=True),
        "python": platform.python_version(),
        "numpy": np.__version__,
    }


def frame_against_peer(engine: BenchEngine, frame: Pixels, peer: Peer | None) -> dict[str, Any]:
    """Return the time from one 640x480 frame with one face to its template, and the peer's."""
    parts: dict[str, Callable[[], object]] = {
        "rollbook": lambda: engine.embed(frame, engine.detect(frame)),
        "detect": lambda: engine.detect(frame),
    }
    faces = engine.detect(frame)
    if peer is not None:
        parts["face_recognition"] = lambda: peer(frame)
    times = interleaved(parts, 8)
    result: dict[str, Any] = {
        "faces": len(faces),
        "milliseconds": times["rollbook"].median,
        "best_milliseconds": times["rollbook"].best,
        "detect_milliseconds": times["detect"].median,
    }
    if peer is not None:
        theirs = times["face_recognition"].median
        result |= {
            "face_recognition_faces": peer(frame),
            "face_recognition_milliseconds": theirs,
            "ratio": theirs / times["rollbook"].median,
            "ratio_of_best": times["face_recognition"].best / times["rollbook"].best,
        }
    return result


def embedder_rate(engine: BenchEngine, crop: Pixels, giga_macs: float | None) -> dict[str, Any]:
    """Return crops a second for several batch sizes, and the part of the matrix-product rate.

    `giga_macs` is what one crop costs; every crop that is computed counts. A multiplication and
    an addition are two operations.
    """
    one = np.random.default_rng(0).standard_normal((MATRIX, MATRIX), dtype=np.float32)
    out = np.empty_like(one)
    batches = {size: np.ascontiguousarray(np.repeat(crop[None], size, axis=0)) for size in BATCHES}
    parts: dict[str, Callable[[], object]] = {"matrix": lambda: np.matmul(one, one, out=out)}
    for size, batch in batches.items():
        parts[str(size)] = lambda batch=batch: engine.embed_crops(batch)  # type: ignore[misc]
    times = interleaved(parts, 6)
    gflops = 2 * MATRIX**3 / (1e6 * times["matrix"].median)
    result: dict[str, Any] = {"matrix_product_gflops": gflops, "batches": {}}
    for size in BATCHES:
        milliseconds = times[str(size)].median / size
        row = {"milliseconds_a_crop": milliseconds}
        if giga_macs:
            row["gflops"] = 2000 * giga_macs / milliseconds
            row["part_of_matrix_product"] = row["gflops"] / gflops
        result["batches"][str(size)] = row
    if giga_macs:
        parts_of = [row["part_of_matrix_product"] for row in result["batches"].values()]
        result["best_part"] = max(parts_of)
    return result


def group_photograph(engine: BenchEngine, frame: Pixels, group: Pixels) -> dict[str, Any]:
    """Return what a photograph of many faces costs beside the frame with one."""
    count = len(engine.detect(group))
    times = interleaved(
        {
            "one": lambda: engine.embed(frame, engine.detect(frame)),
            "group": lambda: engine.embed(group, engine.detect(group)),
        },
        5,
    )
    return {
        "faces": count,
        "size": f"{group.shape[1]}x{group.shape[0]}",
        "milliseconds": times["group"].median,
        "times_one_face": times["group"].median / times["one"].median,
    }


def exact_search(size: int, rounds: int = 9) -> dict[str, Any]:
    """Return the time a probe in a gallery of invented templates, beside comparing with all."""
    rng = np.random.default_rng(size)
    space = TemplateSpace("bench", "000000000000", 128)
    templates = unit_rows(rng.standard_normal((size, 128), dtype=np.float32))
    probes = unit_rows(rng.standard_normal((PROBES, 128), dtype=np.float32))
    gallery = Gallery(space, (str(number) for number in range(size)), templates)
    times = interleaved(
        {
            "single": lambda: gallery.search_many(probes[:1]),
            "single_naive": lambda: _compare_with_all(templates, probes[:1]),
            "batch": lambda: gallery.search_many(probes),
            "batch_naive": lambda: _compare_with_all(templates, probes),
        },
        rounds,
    )
    found = [[c.subject_id for c in row] for row in gallery.search_many(probes)]
    brute = [[str(i) for i in row] for row in _compare_with_all(templates, probes)]
    return {
        "templates": size,
        "milliseconds_a_probe": times["single"].median,
        "naive_milliseconds_a_probe": times["single_naive"].median,
        "milliseconds_a_probe_in_16": times["batch"].median / PROBES,
        "naive_milliseconds_a_probe_in_16": times["batch_naive"].median / PROBES,
        "same_answer": found == brute,
    }


def crowd(portrait: Pixels, columns: int = 6, rows: int = 5, side: int = 256) -> Pixels:
    """Return a picture of `columns` x `rows` times the portrait, each of `side` pixels."""
    step = max(1, portrait.shape[0] // side)
    small = portrait[::step, ::step][:side, :side]
    return np.ascontiguousarray(np.tile(small, (rows, columns, 1)))


def frame_of(portrait: Pixels, width: int = 640, height: int = 480) -> Pixels:
    """Return a frame with the portrait's head and shoulders, grey around them."""
    frame = np.full((height, width, 3), 96, dtype=np.uint8)
    part = portrait[:HEAD, :width]
    left = (width - part.shape[1]) // 2
    frame[: part.shape[0], left : left + part.shape[1]] = part
    return frame


def _compare_with_all(templates: Rows, probes: Rows) -> list[list[int]]:
    scores = probes @ templates.T
    return [np.argsort(-row, kind="stable")[:5].tolist() for row in scores]


def _cpu_name() -> str:
    """Return what the system calls the processor."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
