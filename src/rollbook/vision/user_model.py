"""An ONNX embedder that the site brings, described by a TOML file.

    name = "our-arcface"       # letters, digits, - and _
    path = "model.onnx"        # beside this file, or absolute
    sha256 = "…"               # of the ONNX file
    size = 112                 # pixels a side of the upright crop
    colours = "rgb"            # or "bgr"
    mean = [127.5, 127.5, 127.5]
    scale = [127.5, 127.5, 127.5]   # the network gets (pixel - mean) / scale
    dimension = 512
    landmarks = [[38.3, 51.7], …]   # optional: right eye, left eye, nose, mouth corners

Templates of one person should lie near each other by their angle, as ArcFace-style networks are
trained to do.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from rollbook.domain.faces import Alignment, Pixels
from rollbook.domain.templates import TemplateSpace, unit_rows
from rollbook.errors import ConfigurationError, ModelContractError, ModelUnavailable
from rollbook.vision.align import ARCFACE_112
from rollbook.vision.inference import Network
from rollbook.vision.models import verify_checksum

MAX_BATCH = 16
Channels = tuple[float, float, float]
Positive = Annotated[float, Field(gt=0)]


class Description(BaseModel):
    """What the TOML file says."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[A-Za-z0-9_-]{1,40}$")
    path: Path
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    size: int = Field(default=112, ge=32, le=512)
    colours: Literal["rgb", "bgr"] = "rgb"
    mean: Channels = (127.5, 127.5, 127.5)
    scale: tuple[Positive, Positive, Positive] = (127.5, 127.5, 127.5)
    dimension: int = Field(ge=8, le=4096)
    landmarks: list[tuple[float, float]] | None = Field(default=None, min_length=5, max_length=5)

    @property
    def space(self) -> TemplateSpace:
        return TemplateSpace(self.name, self.sha256[:12], self.dimension)

    @property
    def alignment(self) -> Alignment:
        if self.landmarks is None:
            places = ARCFACE_112.landmarks * np.float32(self.size / ARCFACE_112.size)
            return Alignment(self.size, places)
        return Alignment(self.size, np.array(self.landmarks, dtype=np.float32))


def read_description(file: Path) -> Description:
    """Read the TOML file; a relative path of the network starts at its folder.

    Raises:
        ConfigurationError: the file cannot be read, or a value is not allowed; the text names it.
    """
    try:
        fields = tomllib.loads(file.read_text(encoding="utf-8"))
        described = Description.model_validate(fields)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(f"The model description {file} cannot be read: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        raise ConfigurationError(f"{file.name}: {name} cannot be used: {first['msg']}.") from error
    return described.model_copy(update={"path": file.parent / described.path})


class UserEmbedder:
    """Embeds upright crops with the network of a description."""

    def __init__(
        self, description: Path, cache: Path | None = None, *, threads: int | None = None
    ) -> None:
        """Check the file and open it.

        Raises:
            ConfigurationError: the description is not usable.
            ModelUnavailable: the network is missing, or its checksum is another.
            ModelContractError: it does not take such crops, or gives another dimension.
        """
        self._described = read_description(description)
        self.space = self._described.space
        self.alignment = self._described.alignment
        self._network = _open(self._described, cache, threads)
        self.embed(np.zeros((1, self.alignment.size, self.alignment.size, 3), dtype=np.uint8))

    def embed(self, crops: Pixels) -> npt.NDArray[np.float32]:
        """Return unit rows (n, dimension) for uint8 BGR crops (n, size, size, 3)."""
        rows = np.empty((len(crops), self.space.dimension), dtype=np.float32)
        for start in range(0, len(crops), MAX_BATCH):
            batch = crops[start : start + MAX_BATCH]
            found = self._network(batch)[0]
            if found.shape != (len(batch), self.space.dimension):
                raise ModelContractError(
                    f"{self._described.path.name} gives {found.shape} for {len(batch)} crops; its "
                    f"description says dimension = {self.space.dimension}."
                )
            rows[start : start + MAX_BATCH] = found
        return unit_rows(rows)


def _open(described: Description, cache: Path | None, threads: int | None) -> Network:
    if not described.path.is_file():
        raise ModelUnavailable(
            "The network %(path)s that the description names is missing.", path=described.path
        )
    verify_checksum(described.path, described.sha256)
    try:
        return Network(
            described.path.read_bytes(),
            (-1, described.size, described.size),
            rgb=described.colours == "rgb",
            mean=described.mean,
            scale=described.scale,
            cache=cache,
            threads=threads,
        )
    except RuntimeError as error:  # OpenVINO has no errors of its own
        raise ModelContractError(
            f"{described.path.name} cannot be opened as a network that takes pictures of "
            f"{described.size} x {described.size} in batches: {str(error).splitlines()[-1]}"
        ) from error
