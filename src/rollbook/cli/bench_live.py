"""What `rollbook bench` measures of live recognition: the speed of a stream, and memory.

Both use invented pictures of a public-domain portrait, so they run on any machine.
"""

from __future__ import annotations

import tempfile
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rollbook.bootstrap import App
    from rollbook.domain.faces import Frame
    from rollbook.evaluation.memory_bench import MemoryFigures
    from rollbook.evaluation.stream_bench import FrameCost, StreamFigures
    from rollbook.services.galleries import SessionGallery
    from rollbook.services.recognise import Recogniser
    from rollbook.vision.engine import Engine

RATE = 30  # frames a second of the invented clips


def stream_figures(engine: Engine, *, faces: int = 5, seconds: int = 20) -> StreamFigures:
    """Return how fast a stream of 640x480 is decoded, followed and recognised, end to end."""
    from rollbook.bootstrap import recogniser_parts
    from rollbook.evaluation.stream_bench import measure_stream
    from rollbook.services.recognise import Recogniser
    from rollbook.vision.addresses import parse_source
    from rollbook.vision.sources import open_source

    recogniser = Recogniser(recogniser_parts(engine), _gallery(engine))
    with tempfile.TemporaryDirectory(prefix="rollbook-bench-") as folder:
        clip = _clip(Path(folder), faces, seconds)
        start = datetime.now(UTC)
        source = open_source(
            parse_source(str(clip)), camera_id="bench", start=start, every_frame=True
        )
        with closing(source):
            return measure_stream(source, lambda frame: _cost(recogniser, frame), faces=faces)


def watch_memory(*, seconds: float = 10.0) -> MemoryFigures | None:
    """Return what `rollbook watch` holds while it follows five faces, all processes added up.

    None where the system does not tell shared memory apart.
    """
    from rollbook.bootstrap import build
    from rollbook.evaluation.memory_bench import measure_watch_memory
    from rollbook.settings import load_settings

    with tempfile.TemporaryDirectory(prefix="rollbook-bench-") as folder:
        home = Path(folder) / "home"
        app = build(load_settings(home), create=True)
        try:
            session_id = _open_session(app)
        finally:
            app.database.close()
        clip = _clip(Path(folder), 5, round(seconds) + 20)
        watch = ["--home", str(home), "watch", str(clip), "--session", session_id, "--json"]
        return measure_watch_memory(watch, seconds=seconds)


def _clip(folder: Path, faces: int, seconds: int) -> Path:
    from rollbook.evaluation.stream_bench import moving_pictures, write_clip
    from rollbook.vision.demo_clip import portrait

    clip = folder / "clip.mp4"
    write_clip(clip, moving_pictures(portrait(), faces, RATE * seconds, RATE), RATE)
    return clip


def _cost(recogniser: Recogniser, frame: Frame) -> FrameCost:
    from rollbook.evaluation.stream_bench import FrameCost
    from rollbook.services.recognise import TrackState

    result = recogniser.process(frame)
    named = sum(view.state is TrackState.IDENTIFIED for view in result.tracks)
    decided = sum(view.decision is not None for view in result.tracks)
    return FrameCost(named, result.embedded, decided)


def _gallery(engine: Engine) -> SessionGallery:
    """Return a gallery of the portrait alone, at a threshold of ordinary height."""
    from rollbook.domain.gallery import Gallery
    from rollbook.domain.identification import OperatingPoint, ProbeKind
    from rollbook.services.galleries import SessionGallery
    from rollbook.vision.demo_clip import portrait

    picture = portrait()
    template = engine.templates(picture, engine.detect(picture)[:1])[0]
    point = OperatingPoint(0.4, 0.05, ProbeKind.TRACK, engine.space, 0.001, 1, "bench")
    gallery = Gallery.of(engine.space, [("portrait", template)])
    return SessionGallery(gallery, {ProbeKind.TRACK: point}, frozenset(), 0, ())


def _open_session(app: App) -> str:
    """Enrol the portrait in a new home and open a session; return its id."""
    from rollbook.domain.subjects import Consent, Group, Membership, Reference, Subject, new_id
    from rollbook.vision.demo_clip import portrait

    picture, now = portrait(), app.clock.now()
    template = app.engine.templates(picture, app.engine.detect(picture)[:1])[0]
    group, person = Group(new_id(), "bench"), Subject(new_id(), "portrait")
    with app.uow() as uow:
        uow.groups.add(group)
        uow.subjects.add(person)
        uow.groups.join(Membership(group.group_id, person.subject_id, date(2020, 1, 1)))
        uow.consents.add(Consent(new_id(), person.subject_id, "bench", "bench", now))
        uow.references.add(
            Reference(new_id(), person.subject_id, template, 80, "front", "bench", now)
        )
        uow.commit()
    session = app.register.open_session(
        group.group_id, now, now + timedelta(hours=1), business_date=now.date()
    )
    return session.session_id
