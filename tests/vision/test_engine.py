"""The fixed interface of the engine, on a public-domain portrait."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import rollbook
from rollbook.vision.engine import Engine

data = pytest.importorskip("skimage.data", reason="needs scikit-image, of rollbook[demo]")
pytestmark = pytest.mark.model


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    return rollbook.open_engine(tmp_path_factory.mktemp("home") / "models")


@pytest.fixture(scope="module")
def portrait() -> np.ndarray:
    return np.ascontiguousarray(data.astronaut()[..., ::-1])


def test_the_portrait_has_one_face_where_it_is(engine: Engine, portrait: np.ndarray) -> None:
    (face,) = engine.detect(portrait)
    assert 150 < face.box.left < 200 and 250 < face.box.right < 290
    assert 40 < face.box.top < 90 and 150 < face.box.bottom < 200
    assert face.landmarks[0, 0] < face.landmarks[1, 0], "the subject's right eye is on the left"
    assert face.score > 0.8


def test_templates_are_unit_rows_in_the_order_of_the_faces(
    engine: Engine, portrait: np.ndarray
) -> None:
    pair = np.hstack([portrait, portrait[:, ::-1]])
    faces = engine.detect(pair)
    rows = engine.embed(pair, faces)
    assert rows.shape == (2, 128) and rows.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
    turned = engine.embed(pair, faces[::-1])
    np.testing.assert_allclose(rows, turned[::-1], atol=1e-4)


def test_no_faces_give_no_rows(engine: Engine, portrait: np.ndarray) -> None:
    rows = engine.embed(portrait, [])
    assert rows.shape == (0, 128) and rows.dtype == np.float32
    assert engine.detect(np.zeros((480, 640, 3), np.uint8)) == []


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 500, 3), (33, 7, 3), (40, 2000, 3)])
def test_odd_sizes_are_no_error(engine: Engine, shape: tuple[int, ...]) -> None:
    assert engine.detect(np.full(shape, 127, np.uint8)) == []


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((10, 10), np.uint8),
        np.zeros((10, 10, 4), np.uint8),
        np.zeros((10, 10, 3), np.float32),
    ],
)
def test_an_image_of_another_kind_is_refused(engine: Engine, image: np.ndarray) -> None:
    with pytest.raises(ValueError, match="uint8"):
        engine.detect(image)


@pytest.mark.parametrize("scale", [0.3, 0.5, 2.0])
def test_the_same_face_at_another_size_stays_the_same(
    engine: Engine, portrait: np.ndarray, scale: float
) -> None:
    import cv2

    resized = cv2.resize(portrait, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    (face,) = engine.detect(resized)
    score = engine.embed(resized, [face]) @ engine.embed(portrait, engine.detect(portrait)).T
    assert score.item() > 0.8


@pytest.mark.slow
def test_opening_a_second_time_needs_no_preparation(tmp_path: Path) -> None:
    rollbook.open_engine(tmp_path / "models")
    before = sorted(file.name for file in (tmp_path / "models").glob("*.onnx"))
    rollbook.open_engine(tmp_path / "models")
    assert sorted(file.name for file in (tmp_path / "models").glob("*.onnx")) == before
