"""`rollbook bench`: how fast this machine recognises, beside what it can do at all."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rollbook.cli import common
from rollbook.errors import ModelUnavailable
from rollbook.extras import how_to_add

if TYPE_CHECKING:
    from rollbook.domain.faces import Pixels
    from rollbook.vision.engine import Engine

SEARCHED = (100_000, 1_000_000)
STARTS = 3
START = (
    "import time; began = time.perf_counter(); import sys; from pathlib import Path; "
    "import numpy; import rollbook; engine = rollbook.open_engine(Path(sys.argv[1])); "
    "frame = numpy.zeros((480, 640, 3), numpy.uint8); engine.detect(frame); "
    "engine.embed_crops(numpy.zeros((1, 112, 112, 3), numpy.uint8)); "
    "print(time.perf_counter() - began)"
)


def bench(
    quick: Annotated[
        bool, typer.Option("--quick", help="Leave out the large gallery, streams and memory.")
    ] = False,
    as_json: common.JsonOption = False,
) -> None:
    """Measure the speed on this machine with a public-domain portrait and invented pictures."""
    with tempfile.TemporaryDirectory(prefix="rollbook-bench-") as folder:
        figures = dict(_figures(Path(folder), quick))
    if as_json:
        common.print_json(figures)
        return
    rows = [
        {"part": part, "figure": name.replace("_", " "), "value": value}
        for part, values in figures.items()
        for name, value in _flat(values)
    ]
    common.print_table(["part", "figure", "value"], rows, as_json=False, empty="")


def commands(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("bench")(bench)


def _figures(models: Path, quick: bool) -> Iterator[tuple[str, Any]]:
    from rollbook.bootstrap import open_engine
    from rollbook.evaluation import bench as measures
    from rollbook.vision.demo_clip import portrait

    steps = 7 if quick else 10
    with common.progress_bar("measuring") as update:
        face, engine = portrait(), open_engine(models)
        frame = measures.frame_of(face)
        yield "machine", measures.machine()
        update(1, steps)
        yield "frame", measures.frame_against_peer(engine, frame, _peer())
        update(2, steps)
        yield "embedder", measures.embedder_rate(engine, *_crop_and_cost(engine, frame))
        update(3, steps)
        yield "photograph", measures.group_photograph(engine, frame, measures.crowd(face))
        update(4, steps)
        yield "start", {"seconds": _start(models)}
        update(5, steps)
        yield f"search_{SEARCHED[0]}", measures.exact_search(SEARCHED[0])
        update(6, steps)
        if not quick:
            yield from _slow(engine, lambda step: update(6 + step, steps))


def _slow(engine: Engine, update: Callable[[int], None]) -> Iterator[tuple[str, Any]]:
    from rollbook.cli.bench_live import stream_figures, watch_memory
    from rollbook.evaluation.bench import exact_search

    yield f"search_{SEARCHED[1]}", exact_search(SEARCHED[1], rounds=5)
    update(1)
    yield "stream", asdict(stream_figures(engine))
    update(2)
    memory = watch_memory()
    yield "memory", asdict(memory) if memory else None
    update(3)


def _peer() -> Callable[[Pixels], int] | None:
    """Return face_recognition's own way with a picture, where its extra is installed."""
    try:
        from rollbook.vision.dlib_backend import FaceRecognitionPipeline

        return FaceRecognitionPipeline()
    except (ImportError, ModelUnavailable):
        common.warn(f"Without face_recognition beside it; to have it: {how_to_add('dlib')}")
        return None


def _crop_and_cost(engine: Engine, frame: Pixels) -> tuple[Pixels, float | None]:
    crop = engine.crops(frame, engine.detect(frame)[:1])[0]
    return crop, getattr(engine.embedder, "giga_macs", None)


def _start(models: Path) -> float:
    """Return the seconds from starting to import until the first frame is done, models cached."""
    seconds = []
    for _ in range(STARTS):
        done = subprocess.run(  # noqa: S603 - this interpreter and fixed arguments
            [sys.executable, "-c", START, str(models)], capture_output=True, text=True, check=True
        )
        seconds.append(float(done.stdout.strip().splitlines()[-1]))
    return statistics.median(seconds)


def _flat(values: object, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield (name, text) of each figure; those inside of others get both names."""
    if not isinstance(values, Mapping):
        yield prefix or "all", "cannot be told on this system" if values is None else str(values)
        return
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name} ")
        else:
            yield f"{prefix}{name}", f"{value:.3f}" if isinstance(value, float) else str(value)
