"""From a picture to a sample: one face, good enough, upright, and its template."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from rollbook.domain.faces import REFUSAL_TEXT, DetectedFace, Pixels, Refusal
from rollbook.domain.ports import AttackDetector, QualityMeter
from rollbook.domain.quality import ENROLMENT_RULES, QualityRules, dominant_face, judge, pose_of
from rollbook.domain.subjects import Crop, EnrolmentRefused
from rollbook.domain.templates import TemplateSpace
from rollbook.errors import UnreadableImage
from rollbook.services.pictures import LocalPicture, PictureFile

ENOUGH = 1600  # pixels of a portrait's longest side that help
DETECTED_AT = 1024  # a portrait's face is found at this size; only otherwise is more looked at
UPRIGHT_SCORE = 0.905  # 98 of 100 upright faces score more, none of 600 turned ones did
TURN_GAIN = 0.02  # a turned picture must be better by so much

ReadImage = Callable[[Path | bytes], Pixels]
CutCrop = Callable[[Pixels, DetectedFace], Crop]


class FaceEngine(Protocol):
    """What enrolment needs of detector and embedder."""

    @property
    def space(self) -> TemplateSpace: ...

    def detect(self, image: Pixels) -> list[DetectedFace]: ...

    def detect_within(self, image: Pixels, max_side: int) -> list[DetectedFace]: ...

    def crops(self, image: Pixels, faces: list[DetectedFace]) -> Pixels: ...

    def embed_crops(self, crops: Pixels, *, mirrored: bool = False) -> npt.NDArray[np.float32]: ...


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """One picture that somebody gave."""

    what: str  # its name, for the person who enrols
    source: str  # equal for the same picture given twice
    pixels: Pixels


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """One face that may be enrolled."""

    what: str
    source: str
    aligned: Pixels  # uint8 (s, s, 3), as the embedder wants it
    quality: int
    pose: str
    crop: Crop | None


def open_picture(
    file: PictureFile | Path, what: str, read: ReadImage
) -> Picture | EnrolmentRefused:
    """Read one file; its source is the SHA-256 of its bytes."""
    file = LocalPicture(file) if isinstance(file, Path) else file
    try:
        content = file.content()
        pixels = read(content)
        if isinstance(content, bytes):
            return Picture(what, hashlib.sha256(content).hexdigest(), pixels)
        return Picture(what, file.digest(), pixels)
    except UnreadableImage as error:
        return EnrolmentRefused(what, Refusal.UNREADABLE.value, str(error))


def refused(what: str, refusal: Refusal) -> EnrolmentRefused:
    return EnrolmentRefused(what, refusal.value, REFUSAL_TEXT[refusal])


class PictureSampler(Protocol):
    """Makes samples and their templates, here or on threads elsewhere."""

    @property
    def space(self) -> TemplateSpace: ...

    def examine(self, picture: Picture) -> Sample | EnrolmentRefused: ...

    def embed(self, samples: Sequence[Sample]) -> npt.NDArray[np.float32]: ...


class Sampler:
    """Finds, checks and embeds the one face of each picture."""

    def __init__(
        self,
        engine: FaceEngine,
        meter: QualityMeter,
        cut_crop: CutCrop | None,
        *,
        rules: QualityRules = ENROLMENT_RULES,
        attacks: AttackDetector | None = None,
    ) -> None:
        """Without `cut_crop` no crops are kept."""
        self._engine = engine
        self._meter = meter
        self._cut_crop = cut_crop
        self._rules = rules
        self._attacks = attacks

    @property
    def space(self) -> TemplateSpace:
        return self._engine.space

    def examine(self, picture: Picture) -> Sample | EnrolmentRefused:
        """Return the sample of one picture, or why it cannot be one."""
        pixels, face = self._upright(picture.pixels)
        if isinstance(face, Refusal):
            return refused(picture.what, face)
        quality = judge(self._meter.measure(pixels, face), self._rules)
        if not quality.accepted:
            return refused(picture.what, quality.refusals[0])
        attack = self._attacks.assess(pixels, face) if self._attacks else None
        if attack is not None and attack.refused:
            return refused(picture.what, Refusal.PRESENTATION_ATTACK)
        return Sample(
            what=picture.what,
            source=picture.source,
            aligned=self._engine.crops(pixels, [face])[0],
            quality=quality.score,
            pose=pose_of(quality.measures),
            crop=self._cut_crop(pixels, face) if self._cut_crop else None,
        )

    def embed(self, samples: Sequence[Sample]) -> npt.NDArray[np.float32]:
        """Return unit rows (n, d), the mirrored crops averaged in; (0, d) for no samples."""
        if not samples:
            return np.empty((0, self.space.dimension), dtype=np.float32)
        return self._engine.embed_crops(np.stack([s.aligned for s in samples]), mirrored=True)

    def _upright(self, pixels: Pixels) -> tuple[Pixels, DetectedFace | Refusal]:
        """Return the picture turned so that its face stands upright, and that face.

        A detector finds faces that lie on their side or hang upside down as well, with less
        certainty and with landmarks in the wrong places; a template of them is worth nothing.
        """
        best, found = pixels, self._dominant(pixels)
        if found is Refusal.SEVERAL_FACES or _certainty(found) >= UPRIGHT_SCORE:
            return best, found
        needed = _certainty(found) + TURN_GAIN
        for quarters in (1, 3, 2):
            turned = np.ascontiguousarray(np.rot90(pixels, quarters))
            face = self._dominant(turned)
            if _certainty(face) >= needed:
                best, found, needed = turned, face, _certainty(face)
        return best, found

    def _dominant(self, pixels: Pixels) -> DetectedFace | Refusal:
        height, width = pixels.shape[:2]
        faces = self._engine.detect_within(pixels, DETECTED_AT) or self._engine.detect(pixels)
        return dominant_face(faces, (width, height))


def _certainty(found: DetectedFace | Refusal) -> float:
    return found.score if isinstance(found, DetectedFace) else 0.0
