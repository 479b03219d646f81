"""The middle of all faces: what every template of an embedder has in common, and is taken out.

Faces fill only a part of the sphere that templates lie on, so that different people score above
zero by what all pictures share. Taking the mean of many people away and making the rest unit
length again leaves what tells people apart. The mean ships as a file, in `centres/`.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from importlib.resources import files
from typing import Protocol

import numpy as np
import numpy.typing as npt

from rollbook.domain.faces import Alignment, Pixels
from rollbook.domain.templates import TemplateSpace, unit_rows
from rollbook.errors import ModelUnavailable
from rollbook.vision.models import ModelFile

Rows = npt.NDArray[np.float32]
DIGITS = 5  # decimal places that are kept


@dataclass(frozen=True, slots=True, eq=False)
class Centre:
    """The mean template of many people, float32 (d,), and how many they were."""

    values: Rows
    people: int

    def remove(self, rows: Rows) -> Rows:
        """Return unit rows (n, d) for rows of any length, without the middle."""
        return unit_rows(unit_rows(rows) - self.values)

    def version(self, model: ModelFile) -> str:
        """Return what tells templates with this centre from those of the bare network."""
        text = f"{model.sha256} {[round(float(value), DIGITS) for value in self.values]}"
        return hashlib.sha256(text.encode()).hexdigest()[:12]


class HasRaw(Protocol):
    """An embedder that can leave its centre in."""

    @property
    def space(self) -> TemplateSpace: ...

    @property
    def alignment(self) -> Alignment: ...

    def raw(self, crops: Pixels) -> Rows: ...


class Uncentred:
    """An embedder as its network is, to find the centre with."""

    def __init__(self, embedder: HasRaw) -> None:
        self._embedder = embedder
        self.space = embedder.space
        self.alignment = embedder.alignment

    def embed(self, crops: Pixels) -> Rows:
        return self._embedder.raw(crops)


def mean_of_people(rows: Rows, people: npt.NDArray[np.str_]) -> Centre:
    """Return the mean in which each person weighs the same, from unit rows (n, d)."""
    names = sorted(set(people.tolist()))
    means = np.stack([rows[people == name].mean(axis=0) for name in names])
    return Centre(np.round(means.mean(axis=0), DIGITS).astype(np.float32), len(names))


def load_centre(model: ModelFile) -> Centre:
    """Return the centre that ships for this network.

    Raises:
        ModelUnavailable: the file is missing or damaged.
    """
    name = f"{model.name}-{model.version}.json"
    try:
        body = json.loads((files("rollbook.vision") / "centres" / name).read_text("utf-8"))
        return Centre(np.array(body["values"], dtype=np.float32), int(body["people"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelUnavailable(
            "The file %(name)s of Rollbook is damaged (%(error)s); reinstall it.",
            name=name,
            error=error,
        ) from error


def to_json(centre: Centre, source: str) -> str:
    """Return what `load_centre` reads."""
    values = [round(float(value), DIGITS) for value in centre.values]
    return json.dumps({"source": source, "people": centre.people, "values": values}) + "\n"
