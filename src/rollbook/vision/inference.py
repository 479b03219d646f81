"""The one place that opens network files: OpenVINO on the CPU, in float32."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]


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
        import openvino  # slow to import, and not needed by `--help` or by camera processes

        core = openvino.Core()
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
