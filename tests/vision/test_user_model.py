from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from rollbook.errors import ConfigurationError, ModelContractError, ModelUnavailable
from rollbook.vision.calibration import load_calibrations
from rollbook.vision.user_model import UserEmbedder, read_description

SIZE, DIMENSION = 32, 8


def network(dimension: int = DIMENSION, rows: int | str = "n") -> bytes:
    """Return a small network: the mean of each channel, turned into a vector."""
    weight = np.random.default_rng(0).standard_normal((3, dimension)).astype(np.float32)
    graph = helper.make_graph(
        [
            helper.make_node("GlobalAveragePool", ["picture"], ["means"]),
            helper.make_node("Flatten", ["means"], ["flat"]),
            helper.make_node("MatMul", ["flat", "weight"], ["template"]),
        ],
        "small",
        [helper.make_tensor_value_info("picture", TensorProto.FLOAT, [rows, 3, SIZE, SIZE])],
        [helper.make_tensor_value_info("template", TensorProto.FLOAT, [rows, dimension])],
        [numpy_helper.from_array(weight, "weight")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return bytes(onnx.checker.check_model(model) or model.SerializeToString())


def described(folder: Path, content: bytes | None = None, **changed: object) -> Path:
    """Write a network and its description; `changed` replaces or adds lines."""
    content = network() if content is None else content
    (folder / "own.onnx").write_bytes(content)
    fields: dict[str, object] = {
        "name": "own",
        "path": "own.onnx",
        "sha256": hashlib.sha256(content).hexdigest(),
        "size": SIZE,
        "colours": "rgb",
        "mean": [127.5, 127.5, 127.5],
        "scale": [128.0, 128.0, 128.0],
        "dimension": DIMENSION,
        **changed,
    }
    lines = (f"{key} = {_toml(value)}" for key, value in fields.items() if value is not None)
    file = folder / "own.toml"
    file.write_text("\n".join(lines), encoding="utf-8")
    return file


def _toml(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value)


def crops(count: int = 3) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 255, (count, SIZE, SIZE, 3), dtype=np.uint8)


@pytest.mark.parametrize("rows", ["n", 1])
def test_a_described_network_embeds_whole_batches(tmp_path: Path, rows: int | str) -> None:
    content = network(rows=rows)
    embedder = UserEmbedder(described(tmp_path, content))
    assert embedder.space.embedder == "own"
    assert embedder.space.version == hashlib.sha256(content).hexdigest()[:12]
    found = embedder.embed(crops(20))
    assert found.shape == (20, DIMENSION)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(found[7:8], embedder.embed(crops(20)[7:8]), atol=1e-5)


def test_colours_mean_and_scale_are_those_of_the_description(tmp_path: Path) -> None:
    weight = np.random.default_rng(0).standard_normal((3, DIMENSION)).astype(np.float32)
    for colours, order in (("rgb", [2, 1, 0]), ("bgr", [0, 1, 2])):
        file = described(tmp_path, colours=colours, mean=[10.0, 20.0, 30.0], scale=[2.0, 4.0, 8.0])
        means = crops()[..., order].reshape(3, -1, 3).mean(axis=1)
        expected = ((means - [10, 20, 30]) / [2, 4, 8]) @ weight
        expected /= np.linalg.norm(expected, axis=1, keepdims=True)
        np.testing.assert_allclose(UserEmbedder(file).embed(crops()), expected, atol=1e-4)


def test_landmarks_fit_the_size_unless_they_are_given(tmp_path: Path) -> None:
    usual = read_description(described(tmp_path)).alignment
    assert usual.size == SIZE
    assert 0 < usual.landmarks.min() < usual.landmarks.max() < SIZE
    given = [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [7.0, 8.0], [9.0, 10.0]]
    assert (
        read_description(described(tmp_path, landmarks=given)).alignment.landmarks.tolist() == given
    )


def test_a_site_must_calibrate_its_own_network_before_it_names_anybody(tmp_path: Path) -> None:
    assert load_calibrations(UserEmbedder(described(tmp_path)).space, tmp_path) == {}


def test_another_file_than_the_described_one_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="SHA-256"):
        UserEmbedder(described(tmp_path, sha256="0" * 64))
    file = described(tmp_path)
    (tmp_path / "own.onnx").unlink()
    with pytest.raises(ModelUnavailable, match="missing"):
        UserEmbedder(file)


def test_another_dimension_than_the_described_one_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelContractError, match="dimension = 9"):
        UserEmbedder(described(tmp_path, dimension=9))


def test_a_file_that_is_no_network_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelContractError, match="cannot be opened"):
        UserEmbedder(described(tmp_path, b"not a network"))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"name": "../../etc"}, "name"),
        ({"sha256": "abc"}, "sha256"),
        ({"size": 0}, "size"),
        ({"colours": "hsv"}, "colours"),
        ({"scale": [0.0, 1.0, 1.0]}, "scale"),
        ({"dimension": None}, "dimension"),
        ({"threshold": 0.5}, "threshold"),
        ({"landmarks": [[1.0, 2.0]]}, "landmarks"),
    ],
)
def test_a_description_that_makes_no_sense_names_the_line(
    tmp_path: Path, changed: dict[str, object], said: str
) -> None:
    with pytest.raises(ConfigurationError, match=said):
        read_description(described(tmp_path, **changed))


@pytest.mark.parametrize("content", [b"\xff\xfe", b"name = ", None])
def test_a_description_that_cannot_be_read_is_a_sentence(
    tmp_path: Path, content: bytes | None
) -> None:
    file = tmp_path / "own.toml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ConfigurationError, match="cannot be read"):
        read_description(file)
