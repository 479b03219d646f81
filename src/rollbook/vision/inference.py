"""The one place that opens network files: OpenVINO on the CPU, in float32."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from rollbook.domain.faces import Pixels
from rollbook.errors import ConfigurationError

Array = npt.NDArray[np.float32]


def openvino_core() -> Any:
    """Return a new OpenVINO core; the only place that imports it.

    Importing `openvino` would report its use over the network through `openvino_telemetry`.
    Nothing leaves the machine, so that package is made impossible to import first; OpenVINO then
    falls back on its own stub. The import is here since it is slow and not needed by `--help` or
    by camera processes.
    """
    loaded = sys.modules.get("openvino_telemetry")
    if loaded is not None:
        raise ConfigurationError(
            "openvino_telemetry was imported before Rollbook and may report over the network. "
            "Import rollbook first, or uninstall openvino-telemetry."
        )
    sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]
    import openvino

    return openvino.Core()


class Network:
    """One compiled network that takes pictures.

    Colours and scale are changed inside of the network, so that pictures go in as they are.
    Not safe for several threads at once; make one for each thread.
    """

    def __init__(
        self,
        onnx_bytes: bytes,
        shape: tuple[int, int, int],
        *,
        rgb: bool = False,
        mean: tuple[float, float, float] | None = None,
        scale: tuple[float, float, float] | None = None,
        cache: Path | None = None,
        threads: int | None = None,
    ) -> None:
        """Compile for BGR pictures of `shape` (n, height, width); a dimension of -1 stays free.

        `rgb` turns the colours round for networks that want red first; then, a channel each in
        the network's order, `mean` is subtracted and the rest divided by `scale`.
        """
        core = openvino_core()
        # CPUs with bfloat16 would otherwise answer with other scores than the calibration's
        options: dict[str, object] = {
            "INFERENCE_PRECISION_HINT": "f32",
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_NUM_THREADS": threads or os.cpu_count() or 1,
        }
        if cache is not None and os.access(cache, os.W_OK):
            core.set_property({"CACHE_DIR": str(cache / "compiled")})
        model = core.read_model(model=onnx_bytes)
        count, height, width = shape
        model.reshape([count, 3, height, width])
        model = _taking_pictures(model, rgb, mean, scale)
        self._compiled = core.compile_model(model, "CPU", options)
        self._request = self._compiled.create_infer_request()
        self._outputs = len(self._compiled.outputs)

    def __call__(self, pictures: Pixels) -> list[Array]:
        """Return the outputs in the network's order for uint8 BGR (n, height, width, 3).

        They are overwritten by the next call; copy what is to be kept.
        """
        self._request.infer([np.ascontiguousarray(pictures)], share_inputs=True)
        return [self._request.get_output_tensor(i).data for i in range(self._outputs)]


def _taking_pictures(
    model: Any,
    rgb: bool,
    mean: tuple[float, float, float] | None,
    scale: tuple[float, float, float] | None,
) -> Any:
    """Put the change from uint8 BGR (n, h, w, 3) to the network's own input before it."""
    from openvino import Layout, Type
    from openvino.preprocess import ColorFormat, PrePostProcessor

    wrapped = PrePostProcessor(model)
    entry = wrapped.input()
    entry.tensor().set_element_type(Type.u8).set_layout(Layout("NHWC"))
    entry.tensor().set_color_format(ColorFormat.BGR)
    entry.model().set_layout(Layout("NCHW"))
    steps = entry.preprocess().convert_element_type(Type.f32)
    if rgb:
        steps.convert_color(ColorFormat.RGB)
    if mean:
        steps.mean(list(mean))
    if scale:
        steps.scale(list(scale))
    return wrapped.build()
