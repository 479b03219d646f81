"""What every embedder promises, tried on each that is installed and on the fake that ships."""

from __future__ import annotations

from importlib.metadata import entry_points
from pathlib import Path

import numpy as np
import pytest

from rollbook.domain.faces import Pixels
from rollbook.domain.gallery import Gallery
from rollbook.domain.ports import FaceEmbedder
from rollbook.domain.templates import Template, TemplateSpace, fuse
from rollbook.errors import ModelUnavailable, TemplateSpaceMismatch
from rollbook.testing import BLUE, GREEN, RED, ColourEmbedder
from rollbook.vision.align import align
from rollbook.vision.demo_clip import portrait
from rollbook.vision.registry import load_backend
from rollbook.vision.yunet import YuNetDetector

INSTALLED = sorted(entry_points(group="rollbook.embedders").names)


@pytest.fixture(scope="module", params=["fake", *INSTALLED])
def embedder(request: pytest.FixtureRequest, prepared_models: Path) -> FaceEmbedder:
    if request.param == "fake":
        return ColourEmbedder()
    try:
        return load_backend("embedders", request.param)(prepared_models)  # type: ignore[no-any-return]
    except ModelUnavailable as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def crops(embedder: FaceEmbedder, prepared_models: Path) -> Pixels:
    """Return three crops that differ: the portrait, darker, and turned round."""
    size = embedder.alignment.size
    if isinstance(embedder, ColourEmbedder):
        return np.stack([np.full((size, size, 3), c, np.uint8) for c in (RED, GREEN, BLUE)])
    image = portrait()
    (face,) = YuNetDetector(prepared_models).detect(image)
    crop = align(image, face.landmarks, embedder.alignment)
    return np.stack([crop, crop // 2, crop[:, ::-1]])


def test_a_space_names_its_embedder_and_version(embedder: FaceEmbedder) -> None:
    assert TemplateSpace.parse(str(embedder.space)) == embedder.space
    assert len(embedder.space.version) == 12


def test_an_alignment_lies_inside_of_the_crop(embedder: FaceEmbedder) -> None:
    places = embedder.alignment.landmarks
    assert places.shape == (5, 2)
    assert places.dtype == np.float32
    assert places.min() > 0
    assert places.max() < embedder.alignment.size


def test_no_crops_give_no_rows(embedder: FaceEmbedder) -> None:
    size = embedder.alignment.size
    rows = embedder.embed(np.empty((0, size, size, 3), np.uint8))
    assert rows.shape == (0, embedder.space.dimension)
    assert rows.dtype == np.float32


def test_rows_are_of_unit_length(embedder: FaceEmbedder, crops: Pixels) -> None:
    rows = embedder.embed(crops)
    assert rows.shape == (3, embedder.space.dimension)
    assert rows.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1.0, atol=1e-5)


@pytest.mark.parametrize("count", [1, 2, 17])
@pytest.mark.slow
def test_a_batch_gives_what_each_crop_gives_alone_in_order(
    embedder: FaceEmbedder, crops: Pixels, count: int
) -> None:
    batch = np.stack([crops[index % 3] for index in range(count)])
    alone = np.concatenate([embedder.embed(crops[index : index + 1]) for index in range(3)])
    expected = np.stack([alone[index % 3] for index in range(count)])
    np.testing.assert_allclose(embedder.embed(batch), expected, atol=2e-5)


def test_the_same_crops_give_the_same_rows_and_stay_unchanged(
    embedder: FaceEmbedder, crops: Pixels
) -> None:
    before = crops.copy()
    first = embedder.embed(crops)
    kept = first.copy()
    np.testing.assert_array_equal(embedder.embed(crops), first)
    embedder.embed(crops[::-1])
    np.testing.assert_array_equal(first, kept)  # not a view that the next call overwrites
    np.testing.assert_array_equal(crops, before)


def test_the_order_of_colours_matters(embedder: FaceEmbedder, crops: Pixels) -> None:
    turned = np.ascontiguousarray(crops[:1, :, :, ::-1])
    assert float(embedder.embed(crops[:1])[0] @ embedder.embed(turned)[0]) < 0.999


def test_one_person_scores_higher_than_noise(embedder: FaceEmbedder, crops: Pixels) -> None:
    noise = np.random.default_rng(0).integers(0, 255, crops[:1].shape, dtype=np.uint8)
    rows = embedder.embed(np.concatenate([crops[:1], np.clip(crops[:1], 6, 249), noise]))
    assert rows[0] @ rows[1] > rows[0] @ rows[2]


@pytest.mark.slow
def test_spaces_differ_and_are_never_compared(embedder: FaceEmbedder, crops: Pixels) -> None:
    others = [ColourEmbedder(), *(load_if_there(name) for name in INSTALLED)]
    own = Template(embedder.embed(crops[:1])[0], embedder.space)
    for other in others:
        if other is None or isinstance(other, type(embedder)):
            continue
        assert other.space != embedder.space
        foreign = Template(np.eye(1, other.space.dimension, dtype=np.float32)[0], other.space)
        with pytest.raises(TemplateSpaceMismatch):
            own.score(foreign)
        with pytest.raises(TemplateSpaceMismatch):
            fuse([own, foreign])
        with pytest.raises(TemplateSpaceMismatch):
            Gallery.of(embedder.space, [("somebody", own)]).search(foreign)


def load_if_there(name: str) -> FaceEmbedder | None:
    try:
        return load_backend("embedders", name)()  # type: ignore[no-any-return]
    except ModelUnavailable:
        return None
