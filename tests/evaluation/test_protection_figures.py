"""What the site's transform does to real templates. Prints the figures of `docs/measurements.md`.

pytest -s -m slow tests/evaluation/test_protection_figures.py
"""

from __future__ import annotations

import secrets
import time
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

import rollbook
from rollbook.domain.templates import unit_rows
from rollbook.evaluation.acquire import central_face
from rollbook.storage.protection import Transforms
from rollbook.vision.images import read_image

pytestmark = [pytest.mark.slow, pytest.mark.faces, pytest.mark.model]

PEOPLE = 150  # of LFW with two pictures or more
Rows = npt.NDArray[np.float32]


@pytest.fixture(scope="module")
def pairs(faces_dir: Path, prepared_models: Path) -> tuple[Rows, Rows, rollbook.Engine]:
    """Return two templates each of different people, (n, d) and (n, d)."""
    engine = rollbook.open_engine(prepared_models)
    folders = sorted(one for one in (faces_dir / "lfw").iterdir() if one.is_dir())
    several = [found for one in folders if len(found := sorted(one.glob("*.jpg"))[:2]) == 2]
    rows = []
    for files in several[:PEOPLE]:
        for file in files:
            pixels = read_image(file)
            face = central_face(pixels, engine.detect(pixels))
            assert face is not None, file
            rows.append(engine.embed(pixels, [face])[0])
    return np.stack(rows[::2]), np.stack(rows[1::2]), engine


def told(name: str, scores: npt.NDArray[np.floating]) -> None:
    quantiles = np.quantile(scores, [0.01, 0.99])
    print(
        f"{name}: n {scores.size}, mean {scores.mean():.4f}, deviation {scores.std():.4f}, "
        f"1 % {quantiles[0]:.3f}, 99 % {quantiles[1]:.3f}, highest {scores.max():.3f}"
    )


def between(first: Rows, second: Rows) -> npt.NDArray[np.floating]:
    """Return the scores of different people, (n * (n - 1),)."""
    scores = first @ second.T
    return scores[~np.eye(len(scores), dtype=bool)]


def test_two_sites_and_two_transforms_are_strangers(
    pairs: tuple[Rows, Rows, rollbook.Engine],
) -> None:
    first, second, engine = pairs
    space = engine.space
    here, there = (Transforms({1: secrets.token_bytes(32)}) for _ in range(2))
    renewed = here.renewed().without_older()
    plain = (first * second).sum(axis=1)
    told("mated, plain", plain)
    told("non-mated, plain", between(first, second))
    stored = here.turn(first, space), here.turn(second, space)
    own = (stored[0] * stored[1]).sum(axis=1)
    print(f"largest change of a score: {np.abs(own - plain).max():.2e}")
    assert np.abs(own - plain).max() < 1e-5
    assert np.abs(stored[0] @ stored[1].T - first @ second.T).max() < 1e-5
    strangers = float(np.quantile(between(first, second), 0.999))
    for name, other in (("another site", there), ("renewed", renewed)):
        # the very same picture at both, which plainly scores 1
        same = (stored[0] * other.turn(first, space)).sum(axis=1)
        mated = (stored[0] * other.turn(second, space)).sum(axis=1)
        told(f"same picture, {name}", same)
        told(f"mated, {name}", mated)
        told(f"non-mated, {name}", between(stored[0], other.turn(second, space)))
        assert abs(same.mean()) < 0.03 and abs(mated.mean()) < 0.03
        assert same.max() < max(strangers, 0.42) and mated.max() < max(strangers, 0.42)
        # who tries to link them is as often right as one who guesses
        best = (stored[0] @ other.turn(first, space).T).argmax(axis=1)
        right = int((best == np.arange(len(best))).sum())
        print(f"linked rightly by the best score, {name}: {right} of {len(best)}")
        assert right <= 6


def test_the_time_for_sixty_thousand_rows(pairs: tuple[Rows, Rows, rollbook.Engine]) -> None:
    space = pairs[2].space
    rows = unit_rows(np.random.default_rng(0).normal(size=(60_000, space.dimension)))
    kept = Transforms({1: secrets.token_bytes(32)})
    begun = time.perf_counter()
    kept.turn(rows[:1], space)
    made = time.perf_counter()
    stored = kept.turn(rows, space)
    turned = time.perf_counter()
    kept.turn_back(stored, space, 1)
    back = time.perf_counter()
    print(
        f"matrix {made - begun:.3f} s, 60,000 rows turned in {turned - made:.3f} s, "
        f"back in {back - turned:.3f} s"
    )
    assert back - begun < 5
