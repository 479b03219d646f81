from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from rollbook.domain.templates import unit_rows
from rollbook.errors import ModelUnavailable
from rollbook.vision.centre import Centre, load_centre, mean_of_people, to_json
from rollbook.vision.models import SFACE
from rollbook.vision.sface import SFaceEmbedder


def test_what_all_have_in_common_is_taken_out() -> None:
    shared = np.array([[1.0, 0.0, 0.0]])
    rows = unit_rows(shared + 0.5 * np.array([[0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]]))
    centre = mean_of_people(rows, np.array(["a", "b", "c", "d"]))
    left = centre.remove(rows)
    assert (rows @ rows.T).min() > 0.5
    np.testing.assert_allclose(left @ left.T, np.kron(np.eye(2), [[1, -1], [-1, 1]]), atol=1e-3)


def test_each_person_weighs_the_same_in_the_middle() -> None:
    rows = np.array([[1, 0], [1, 0], [1, 0], [0, 1]], np.float32)
    centre = mean_of_people(rows, np.array(["a", "a", "a", "b"]))
    assert centre.values.tolist() == [0.5, 0.5]
    assert centre.people == 2


def test_templates_with_another_centre_are_of_another_version() -> None:
    shipped = load_centre(SFACE)
    assert SFaceEmbedder.space.version == shipped.version(SFACE)
    moved = Centre(shipped.values + np.float32(0.001), shipped.people)
    assert moved.version(SFACE) != shipped.version(SFACE)


def test_a_centre_is_read_as_it_was_written() -> None:
    shipped = load_centre(SFACE)
    body = json.loads(to_json(shipped, "people"))
    assert np.array_equal(np.array(body["values"], np.float32), shipped.values)
    assert shipped.values.shape == (128,)


def test_a_missing_centre_is_a_sentence() -> None:
    with pytest.raises(ModelUnavailable, match="reinstall"):
        load_centre(replace(SFACE, name="none"))
