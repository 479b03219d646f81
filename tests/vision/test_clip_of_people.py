"""A film of real people through networks, tracker and decisions."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from rollbook.bootstrap import open_engine, recogniser_parts
from rollbook.domain.gallery import Gallery
from rollbook.domain.identification import Identified, OperatingPoint, ProbeKind, Unidentified
from rollbook.domain.templates import Template, fuse
from rollbook.services.galleries import SessionGallery
from rollbook.services.recognise import Recogniser, RecogniserRules, TrackState
from rollbook.testing import START
from rollbook.vision.addresses import parse_source
from rollbook.vision.engine import Engine
from rollbook.vision.images import read_image
from rollbook.vision.sources import open_source

THRESHOLD, MARGIN = 0.42, 0.05  # fixed here, so that a new calibration changes no expectation
MIDDLE = range(25, 205)  # few people who come again later; left out for the time it takes
IN_THE_CLIP = {"obama", "alex_lacamoire"}


def enrolled(engine: Engine, folder: Path) -> SessionGallery:
    """Return a gallery of the folder's people, each by the mean of their pictures."""
    references: list[tuple[str, Template]] = []
    for person in sorted(folder.iterdir()):
        templates = [
            template
            for file in sorted(person.iterdir())
            for pixels in [read_image(file)]
            for template in engine.templates(pixels, engine.detect(pixels)[:1])
        ]
        references.append((person.name, fuse(templates)))
    point = OperatingPoint(THRESHOLD, MARGIN, ProbeKind.TRACK, engine.space, 0.001, 5, "test")
    gallery = Gallery.of(engine.space, references)
    return SessionGallery(gallery, {ProbeKind.TRACK: point}, frozenset(), 1, ())


@pytest.mark.model
@pytest.mark.faces
@pytest.mark.slow
def test_people_of_a_film_are_named_only_as_themselves_and_others_stay_unknown(
    faces_dir: Path, prepared_models: Path
) -> None:
    engine = open_engine(prepared_models)
    known = enrolled(engine, faces_dir / "face_recognition" / "knn_examples" / "train")
    recogniser = Recogniser(recogniser_parts(engine), known)
    clip = parse_source(str(faces_dir / "video" / "short_hamilton_clip.mp4"))
    named: dict[int, str] = {}
    unknown: set[int] = set()
    at_once: list[int] = []
    with closing(open_source(clip, camera_id="clip", start=START, every_frame=True)) as source:
        for frame in source.frames():
            if frame.sequence in MIDDLE:
                continue
            result = recogniser.process(frame)
            for view in result.tracks:
                match view.decision:
                    case Identified(subject_id=subject_id, frames=frames):
                        named[view.track_id] = subject_id
                        assert frames >= RecogniserRules().tracks.agreeing
                    case Unidentified():
                        unknown.add(view.track_id)
            shown = [v.subject_id for v in result.tracks if v.state is TrackState.IDENTIFIED]
            assert len(shown) == len(set(shown)), "one person cannot be in two places"
            at_once.append(len(result.tracks))
    assert "obama" in named.values()
    assert set(named.values()) <= IN_THE_CLIP
    assert len(unknown) >= 5
    assert frame.sequence == 274
    assert np.max(at_once) >= 5


@pytest.mark.model
def test_a_face_of_forty_pixels_is_found_within_a_second(prepared_models: Path) -> None:
    """The quick search would overlook it; the full one comes often enough."""
    import cv2

    from rollbook.domain.faces import Frame
    from rollbook.testing import picture
    from rollbook.vision.demo_clip import portrait

    engine = open_engine(prepared_models)
    recogniser = Recogniser(recogniser_parts(engine), enrolled_portrait(engine))
    face = portrait()
    width = engine.detect(face)[0].box.width
    side = round(512 * 40 / width)
    small = cv2.resize(face, (side, side), interpolation=cv2.INTER_AREA)
    states = []
    for index in range(10 + 30):  # a third of a second of an empty room, then one with somebody
        scene = picture(640, 480)
        if index >= 10:
            scene[100 : 100 + side, 200 + index : 200 + index + side] = small
        at = START + index * (RecogniserRules().full_search_every * 0.555)
        views = recogniser.process(Frame(scene, at, "door", index)).tracks
        states.append([view.state for view in views])
    assert states[:10] == [[]] * 10
    assert states[-1] == [TrackState.IDENTIFIED]


def enrolled_portrait(engine: Engine) -> SessionGallery:
    from rollbook.vision.demo_clip import portrait

    face = portrait()
    template = engine.templates(face, engine.detect(face)[:1])[0]
    point = OperatingPoint(THRESHOLD, MARGIN, ProbeKind.TRACK, engine.space, 0.001, 1, "test")
    gallery = Gallery.of(engine.space, [("portrait", template)])
    return SessionGallery(gallery, {ProbeKind.TRACK: point}, frozenset(), 1, ())
