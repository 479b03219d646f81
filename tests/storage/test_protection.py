"""The site's transform: scores stay, two sites' templates are strangers', and it can be renewed."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders import SPACE, make_reference, make_subject
from rollbook.domain.templates import TemplateSpace, unit_rows
from rollbook.errors import DecryptionFailed
from rollbook.storage.database import Database
from rollbook.storage.protection import PLAIN, Transforms, haar_matrix, normal_numbers
from rollbook.storage.tables import samples

SECRET = bytes(range(32))
seeds = st.integers(0, 2**32 - 1)


def rows_of(seed: int, count: int, dimension: int = 128) -> npt.NDArray[np.float32]:
    """Return random unit rows (count, dimension)."""
    return unit_rows(np.random.default_rng(seed).normal(size=(count, dimension)))


@settings(deadline=None)  # the first turn of a size makes its matrix
@given(seeds, st.integers(1, 8), st.sampled_from([3, 64, 128, 512]))
def test_scores_stay_as_they_are(seed: int, count: int, dimension: int) -> None:
    space = TemplateSpace("any", "0123456789ab", dimension)
    kept, rows = Transforms({1: SECRET}), rows_of(seed, count, dimension)
    stored = kept.turn(rows, space)
    assert stored.dtype == np.float32 and stored.shape == rows.shape
    assert np.abs(stored @ stored.T - rows @ rows.T).max() < 1e-5
    assert np.abs(kept.turn_back(stored, space, 1) - rows).max() < 1e-6


def test_no_rows_stay_no_rows() -> None:
    kept, none = Transforms({1: SECRET}), np.zeros((0, 128), np.float32)
    assert kept.turn(none, SPACE).shape == (0, 128)
    assert kept.turn_back(none, SPACE, 1).shape == (0, 128)


def test_the_matrix_is_orthogonal_and_the_same_on_every_machine() -> None:
    seed = bytes(32)
    matrix = haar_matrix(seed, 128)
    assert np.abs(matrix @ matrix.T - np.eye(128)).max() < 1e-13
    assert np.abs(haar_matrix(seed, 4) - PINNED).max() < 1e-12


PINNED = np.array(
    [
        [-0.860824509197502, 0.248220565870883, -0.318272533068194, -0.309952108781299],
        [-0.045036559141325, -0.523975394905217, -0.72304449067646, 0.447915347333679],
        [0.483349103367671, 0.139604896605802, -0.546179022490575, -0.669755621483383],
        [-0.152730209779398, -0.802712158283618, 0.27856369933646, -0.504706785546205],
    ]
)


def test_the_normal_numbers_are_normal() -> None:
    numbers = np.sort(normal_numbers(b"seed", 100_000))
    assert abs(numbers.mean()) < 0.02 and abs(numbers.std() - 1) < 0.02
    quantiles = {0.0228: -2.0, 0.1587: -1.0, 0.5: 0.0, 0.8413: 1.0, 0.9772: 2.0}
    for part, expected in quantiles.items():
        assert abs(numbers[int(part * len(numbers))] - expected) < 0.05
    assert np.array_equal(normal_numbers(b"seed", 10), normal_numbers(b"seed", 100)[:10])


def test_directions_are_uniform() -> None:
    """An entry of a Haar matrix has mean 0 and variance 1/d; half of them are reflections."""
    matrices = [haar_matrix(bytes([n % 256, n // 256]), 5) for n in range(2000)]
    corner = np.array([matrix[0, 0] for matrix in matrices])
    assert abs(corner.mean()) < 0.04 and abs((corner**2).mean() - 1 / 5) < 0.02
    rotations = np.mean([np.linalg.det(matrix) > 0 for matrix in matrices])
    assert 0.45 < rotations < 0.55


def test_secret_number_and_space_each_make_another_transform() -> None:
    rows = rows_of(1, 200)
    other_space = TemplateSpace("sface", "ffffffffffff", 128)
    first = Transforms({1: SECRET}).turn(rows, SPACE)
    others = [
        Transforms({1: bytes(32)}).turn(rows, SPACE),
        Transforms({2: SECRET}).turn(rows, SPACE),
        Transforms({1: SECRET}).turn(rows, other_space),
    ]
    for other in others:
        scores = (first * other).sum(axis=1)
        assert abs(scores.mean()) < 0.05 and np.abs(scores).max() < 0.5


@given(st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=4))
def test_secrets_come_back_in_order(keys: list[bytes]) -> None:
    kept = Transforms({len(keys) - place: key for place, key in enumerate(keys)})
    again = Transforms.parse(kept.payload())
    assert list(again.secrets.items()) == list(kept.secrets.items())
    assert again.newest == len(keys)
    assert list(again.renewed().secrets)[:2] == [len(keys) + 1, len(keys)]
    assert list(again.without_older().secrets) == [len(keys)]


def test_a_key_of_earlier_versions_is_number_one() -> None:
    assert Transforms.parse(SECRET).secrets == {1: SECRET}
    for wrong in (b"", b"short", bytes(35), bytes(73)):
        with pytest.raises(DecryptionFailed):
            Transforms.parse(wrong)


def test_what_was_stored_before_is_read_as_it_is() -> None:
    rows = rows_of(3, 4)
    assert np.array_equal(Transforms({1: SECRET}).turn_back(rows, SPACE, PLAIN), rows)


def test_a_destroyed_transform_opens_nothing() -> None:
    with pytest.raises(DecryptionFailed, match="renewed"):
        Transforms({2: SECRET}).turn_back(rows_of(1, 1), SPACE, 1)


def test_rows_of_earlier_versions_are_read_and_then_renewed(database: Database) -> None:
    """A row without a transform, as version 0002 wrote it, lies under number 0."""
    ada = make_subject()
    reference = make_reference(ada.subject_id, 1)
    with database.uow() as uow:
        uow.subjects.add(ada)
        uow.references.add(reference)
        token = uow.vault.seal_for(
            ada.subject_id,
            reference.template.values.astype("<f4").tobytes(),
            purpose=f"template {SPACE} {reference.reference_id}",
        )
        uow.commit()
    with database.engine.begin() as connection:
        connection.execute(samples.update().values(template=token, transform=0))
    with database.uow() as uow:
        assert np.array_equal(
            uow.references.get(reference.reference_id).template.values, reference.template.values
        )
        assert uow.protection.outdated() == 1
        assert uow.protection.renew(10) == 1
        assert uow.protection.outdated() == 0
        uow.commit()
    with database.uow() as uow:
        again = uow.references.get(reference.reference_id).template.values
    assert np.abs(again - reference.template.values).max() < 1e-6


def test_the_number_of_a_transform_cannot_be_changed_in_its_column(database: Database) -> None:
    ada = make_subject()
    with database.uow() as uow:
        uow.subjects.add(ada)
        uow.references.add(make_reference(ada.subject_id, 1))
        uow.commit()
    with database.engine.begin() as connection:
        connection.execute(samples.update().values(transform=0))
    with database.uow() as uow, pytest.raises(DecryptionFailed):
        uow.references.of(ada.subject_id)


def test_turning_sixty_thousand_rows_takes_a_moment(tmp_path: Path) -> None:
    rows, kept = rows_of(7, 60_000), Transforms({1: SECRET})
    begun = time.perf_counter()
    kept.turn_back(kept.turn(rows, SPACE), SPACE, 1)
    assert time.perf_counter() - begun < 5
