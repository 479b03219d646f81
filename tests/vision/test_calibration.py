from __future__ import annotations

import json
from pathlib import Path

import pytest

from rollbook.domain.gallery import Cohort
from rollbook.domain.identification import Calibration, ProbeKind
from rollbook.domain.templates import TemplateSpace
from rollbook.errors import ModelUnavailable
from rollbook.vision.calibration import FOLDER, load_calibrations, save_calibrations
from rollbook.vision.sface import SFaceEmbedder

OWN = TemplateSpace("own", "0123456789ab", 64)


def curve(kind: ProbeKind, space: TemplateSpace = OWN) -> Calibration:
    cohort = Cohort(0.01, 0.09, 120)
    return Calibration(space, kind, (0.1, -5.0, -14.0), (0.1, 0.4), 0.05, "own people", cohort)


def saved(folder: Path, space: TemplateSpace = OWN) -> Path:
    curves = {kind: curve(kind, space) for kind in ProbeKind}
    return save_calibrations(folder / FOLDER, curves, {"people": 120}, {})


def test_the_default_embedder_ships_with_a_calibration_of_each_kind() -> None:
    found = load_calibrations(SFaceEmbedder.space)
    assert set(found) == set(ProbeKind)
    for kind, calibration in found.items():
        assert (calibration.kind, calibration.space) == (kind, SFaceEmbedder.space)
        assert calibration.margin > 0
        assert calibration.cohort is not None
        assert "829 people" in calibration.evidence
        thresholds = [calibration.operating_point(0.001, size).threshold for size in (1, 30, 3000)]
        assert thresholds == sorted(thresholds)
        assert 0.2 < thresholds[0] < thresholds[-1] < 0.7


def test_the_shipped_calibration_names_nobody_and_says_how_it_was_found() -> None:
    import rollbook.vision

    folder = Path(rollbook.vision.__file__).parent / FOLDER
    for file in folder.glob("*.json"):
        body = json.loads(file.read_text(encoding="utf-8"))
        assert set(body["found_on"]) == {"source", "people", "pictures", "detector", "date", "how"}
        for kind in body["kinds"].values():
            for check in kind["checks"]:
                assert check["measured_fpir"] <= 2.5 * check["target_fpir"], check


def test_an_embedder_that_nobody_calibrated_has_none(tmp_path: Path) -> None:
    assert load_calibrations(OWN) == {}
    assert load_calibrations(OWN, tmp_path) == {}


def test_what_was_written_is_read_again(tmp_path: Path) -> None:
    saved(tmp_path)
    assert load_calibrations(OWN, tmp_path) == {kind: curve(kind) for kind in ProbeKind}


def test_the_sites_own_calibration_wins_over_the_shipped_one(tmp_path: Path) -> None:
    saved(tmp_path, SFaceEmbedder.space)
    found = load_calibrations(SFaceEmbedder.space, tmp_path)
    assert found[ProbeKind.SINGLE].evidence == "own people"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{",
        '{"space": "own-0123456789ab-64"}',
        '{"space": "other-0123456789ab-64", "kinds": {}}',
    ],
)
def test_a_damaged_calibration_is_a_sentence(tmp_path: Path, text: str) -> None:
    saved(tmp_path).write_text(text, encoding="utf-8")
    with pytest.raises(ModelUnavailable, match="rollbook evaluate calibrate"):
        load_calibrations(OWN, tmp_path)
