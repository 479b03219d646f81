"""The one place that opens network files: OpenVINO on the CPU, in float32."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

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
    """One compiled network of a fixed or free input shape.

    Not safe for several threads at once; make one for each thread.
    """

    def __init__(
        self,
        onnx_bytes: bytes,
        input_shape: tuple[int, ...],
        *,
        cache: Path | None = None,
        threads: int | None = None,
    ) -> None:
        """Compile for `input_shape`; a dimension of -1 stays free."""
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
        model.reshape(list(input_shape))
        self._compiled = core.compile_model(model, "CPU", options)
        self._request = self._compiled.create_infer_request()
        self._outputs = len(self._compiled.outputs)

    def __call__(self, batch: Array) -> list[Array]:
        """Return the outputs in the network's order; copy what is to be kept past the next call."""
        self._request.infer([batch], share_inputs=True)
        return [self._request.get_output_tensor(i).data for i in range(self._outputs)]
