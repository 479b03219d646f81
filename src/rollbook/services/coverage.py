"""What a person's samples cover, and what would help to find them more surely."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from rollbook.domain.quality import POSES
from rollbook.domain.subjects import Reference

ENOUGH = 3  # samples; three instead of one cut the misses by five to eight times
DIM, BRIGHT = 85.0, 165.0  # mean luma of a crop
OLD = timedelta(days=730)  # faces change, those of children more
GOOD = 50  # quality, 0..100


class Light(StrEnum):
    DIM = "dim"
    MIDDLE = "middle"
    BRIGHT = "bright"


class Advice(StrEnum):
    """What to do next, the most useful first."""

    ADD_FIRST = "add the first picture"
    ADD_MORE = "add more pictures"
    ADD_FRONT = "add one from the front"
    ADD_SIDES = "add turned ones"
    OTHER_LIGHT = "add one in other light"
    BETTER = "add sharper ones"
    RENEW = "renew old ones"


@dataclass(frozen=True, slots=True)
class Coverage:
    """Which poses and which light the samples have."""

    poses: dict[str, int]  # every pose -> number of samples
    lights: dict[Light, int]  # of the samples with a crop
    advice: tuple[Advice, ...]


def coverage_of(
    samples: Sequence[Reference], lumas: Sequence[float | None], now: datetime
) -> Coverage:
    """Return the coverage; `lumas` are the mean lumas of the samples' crops, in the same order."""
    poses = {pose: sum(sample.pose == pose for sample in samples) for pose in POSES}
    known = [light_of(luma) for luma in lumas if luma is not None]
    lights = {light: known.count(light) for light in Light}
    return Coverage(poses, lights, tuple(_advice(samples, poses, known, now)))


def light_of(luma: float) -> Light:
    if luma < DIM:
        return Light.DIM
    return Light.BRIGHT if luma > BRIGHT else Light.MIDDLE


def _advice(
    samples: Sequence[Reference], poses: dict[str, int], lights: Sequence[Light], now: datetime
) -> list[Advice]:
    if not samples:
        return [Advice.ADD_FIRST]
    wanted = {
        Advice.ADD_FRONT: not poses["front"],
        Advice.ADD_MORE: len(samples) < ENOUGH,
        Advice.ADD_SIDES: not (poses["left"] and poses["right"]),
        Advice.OTHER_LIGHT: len(lights) >= ENOUGH and len(set(lights)) == 1,
        Advice.BETTER: max(sample.quality for sample in samples) < GOOD,
        Advice.RENEW: now - max(sample.added_at for sample in samples) > OLD,
    }
    return [advice for advice, true in wanted.items() if true]
