"""Which scores mean what: the calibrations that ship with an embedder, and a site's own.

A calibration is a small JSON file named after its template space. Those that ship lie beside
this module; `rollbook evaluate calibrate` writes a site's own into `models/calibrations/` of the
home, and that one wins. An embedder without any names nobody.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from rollbook.domain.gallery import Cohort
from rollbook.domain.identification import Calibration, ProbeKind
from rollbook.domain.templates import TemplateSpace
from rollbook.errors import ModelUnavailable

FOLDER = "calibrations"


def load_calibrations(
    space: TemplateSpace, models_dir: Path | None = None
) -> dict[ProbeKind, Calibration]:
    """Return the calibration of each kind of probe; an empty dict when nobody made any.

    Raises:
        ModelUnavailable: the file is there and cannot be read.
    """
    own = models_dir / FOLDER / _file_name(space) if models_dir else None
    if own and own.is_file():
        return _parse(own.read_text(encoding="utf-8"), space, str(own))
    shipped = files("rollbook.vision") / FOLDER / _file_name(space)
    if not shipped.is_file():
        return {}
    return _parse(shipped.read_text(encoding="utf-8"), space, _file_name(space))


def save_calibrations(
    folder: Path,
    calibrations: Mapping[ProbeKind, Calibration],
    found_on: Mapping[str, Any],
    checks: Mapping[ProbeKind, list[dict[str, Any]]],
) -> Path:
    """Write the calibrations of one space into `folder`, with how they were found."""
    space = next(iter(calibrations.values())).space
    body = {
        "space": str(space),
        "found_on": dict(found_on),
        "kinds": {
            kind.value: _to_json(calibration, checks.get(kind, []))
            for kind, calibration in calibrations.items()
        },
    }
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / _file_name(space)
    text = json.dumps(body, indent=2, ensure_ascii=False)
    file.write_text(text + "\n", encoding="utf-8", newline="\n")
    return file


def _file_name(space: TemplateSpace) -> str:
    return f"{space.embedder}-{space.version}.json"


def _to_json(calibration: Calibration, checks: list[dict[str, Any]]) -> dict[str, Any]:
    cohort = calibration.cohort
    return {
        "coefficients": [round(value, 6) for value in calibration.coefficients],
        "valid": [round(value, 4) for value in calibration.valid],
        "margin": calibration.margin,
        "cohort": cohort
        and {
            "mean": round(cohort.mean, 5),
            "deviation": round(cohort.deviation, 5),
            "people": cohort.people,
        },
        "evidence": calibration.evidence,
        "checks": checks,
    }


def _parse(text: str, space: TemplateSpace, name: str) -> dict[ProbeKind, Calibration]:
    try:
        body = json.loads(text)
        if TemplateSpace.parse(body["space"]) != space:
            raise ValueError(f"it is for {body['space']}")
        return {
            ProbeKind(kind): _calibration(space, ProbeKind(kind), fields)
            for kind, fields in body["kinds"].items()
        }
    except (ValueError, KeyError, TypeError) as error:
        raise ModelUnavailable(
            "The calibration %(name)s cannot be used (%(error)s). Delete it, or make "
            "it anew with: rollbook evaluate calibrate",
            name=name,
            error=error,
        ) from error


def _calibration(space: TemplateSpace, kind: ProbeKind, fields: dict[str, Any]) -> Calibration:
    c0, c1, c2 = (float(value) for value in fields["coefficients"])
    low, high = (float(value) for value in fields["valid"])
    cohort = fields.get("cohort")
    return Calibration(
        space=space,
        kind=kind,
        coefficients=(c0, c1, c2),
        valid=(low, high),
        margin=float(fields["margin"]),
        evidence=str(fields["evidence"]),
        cohort=cohort
        and Cohort(float(cohort["mean"]), float(cohort["deviation"]), int(cohort["people"])),
    )
