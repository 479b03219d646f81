"""Rewrite a network file so that nothing is computed twice: fold constants and normalisation."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import helper, numpy_helper
from onnx.reference import ReferenceEvaluator

Constants = dict[str, npt.NDArray[Any]]


def prepare(network: bytes) -> bytes:
    """Return the same function with constants and batch normalisation folded, batch size free.

    Outputs differ from the original's only by float32 rounding.
    """
    model = onnx.load_from_string(network)
    constants = {item.name: numpy_helper.to_array(item) for item in model.graph.initializer}
    nodes = _fold_constants(model, constants)
    nodes = _drop_dropout(nodes)
    nodes = _fold_normalisation(nodes, constants, {o.name for o in model.graph.output})
    return _rebuild(model, nodes, constants).SerializeToString()


def _fold_constants(model: onnx.ModelProto, constants: Constants) -> list[onnx.NodeProto]:
    """Evaluate each node whose inputs are all constant; return the others."""
    kept = []
    for node in model.graph.node:
        if not all(name in constants or not name for name in node.input):
            kept.append(node)
            continue
        single = helper.make_model(
            helper.make_graph(
                [node],
                node.name or "folded",
                [],
                [onnx.ValueInfoProto(name=name) for name in node.output],
                [numpy_helper.from_array(constants[name], name) for name in node.input if name],
            ),
            opset_imports=model.opset_import,
            ir_version=model.ir_version,
        )
        for name, value in zip(node.output, ReferenceEvaluator(single).run(None, {}), strict=True):
            constants[name] = np.asarray(value)
    return kept


def _drop_dropout(nodes: list[onnx.NodeProto]) -> list[onnx.NodeProto]:
    """Dropout passes its input through at inference."""
    renamed = {node.output[0]: node.input[0] for node in nodes if node.op_type == "Dropout"}
    kept = [node for node in nodes if node.op_type != "Dropout"]
    for node in kept:
        for index, name in enumerate(node.input):
            node.input[index] = renamed.get(name, name)
    return kept


def _fold_normalisation(
    nodes: list[onnx.NodeProto], constants: Constants, outputs: set[str]
) -> list[onnx.NodeProto]:
    """Multiply each BatchNormalization into the Conv or Gemm that alone feeds it."""
    uses = Counter(name for node in nodes for name in node.input)
    producers = {name: node for node in nodes for name in node.output}
    kept: list[onnx.NodeProto] = []
    for node in nodes:
        before = producers.get(node.input[0]) if node.op_type == "BatchNormalization" else None
        foldable = (
            before is not None
            and before.op_type in {"Conv", "Gemm"}
            and before.input[1] in constants
            and uses[node.input[0]] == 1
            and node.input[0] not in outputs
        )
        if before is None or not foldable:
            kept.append(node)
            continue
        _multiply_into(before, node, constants)
        before.output[0] = node.output[0]
        producers[node.output[0]] = before
    return kept


def _multiply_into(layer: onnx.NodeProto, norm: onnx.NodeProto, constants: Constants) -> None:
    scale, shift, mean, variance = (
        constants[name].astype(np.float64) for name in list(norm.input)[1:5]
    )
    factor = scale / np.sqrt(variance + _attribute(norm, "epsilon", 1e-5))
    weight = constants[layer.input[1]].astype(np.float64)
    bias = constants[layer.input[2]] if len(layer.input) > 2 and layer.input[2] else 0.0
    # outputs are on axis 0, except in a Gemm whose weight is (inputs, outputs)
    transposed = layer.op_type == "Gemm" and not _attribute(layer, "transB", 0)
    shape = (1, -1) if transposed else (-1,) + (1,) * (weight.ndim - 1)
    names = f"{layer.output[0]}_folded_weight", f"{layer.output[0]}_folded_bias"
    constants[names[0]] = (weight * factor.reshape(shape)).astype(np.float32)
    constants[names[1]] = ((bias - mean) * factor + shift).astype(np.float32)
    del layer.input[1:]
    layer.input.extend(names)


def _attribute(node: onnx.NodeProto, name: str, default: float) -> float:
    for attribute in node.attribute:
        if attribute.name == name:
            return float(helper.get_attribute_value(attribute))
    return default


def _rebuild(
    model: onnx.ModelProto, nodes: list[onnx.NodeProto], constants: Constants
) -> onnx.ModelProto:
    used = {name for node in nodes for name in node.input}
    inputs = [item for item in model.graph.input if item.name not in constants]
    for value in [*inputs, *model.graph.output]:
        value.type.tensor_type.shape.dim[0].ClearField("dim_value")
        value.type.tensor_type.shape.dim[0].dim_param = "n"
    graph = helper.make_graph(
        nodes,
        model.graph.name,
        inputs,
        list(model.graph.output),
        [numpy_helper.from_array(constants[name], name) for name in sorted(used & set(constants))],
    )
    return helper.make_model(graph, opset_imports=model.opset_import, ir_version=model.ir_version)
