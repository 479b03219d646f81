"""Turns templates by a secret of the site, so that those of two sites cannot be compared.

A stored template is Q · t, with Q drawn from all orthogonal matrices alike (Haar). Comparison
scores are dot products, which Q leaves as they are; against another site's Q' they are those of
strangers. Q follows from a secret, a number and the template space, so that it can be renewed
without anybody's face (ISO/IEC 24745: unlinkable and renewable). It does not make a template
irreversible: whoever has the secret turns it back. Confidentiality comes from sealing.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from rollbook.domain.templates import TemplateSpace
from rollbook.errors import DecryptionFailed

SECRET = 32  # bytes
NUMBER = 4  # bytes of a transform's number before its secret
PLAIN = 0  # number of templates that are not turned: rows of earlier versions
LABEL = b"rollbook template transform 1\0"

Rows = npt.NDArray[np.float32]
Matrix = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Transforms:
    """The site's secrets by number, the newest first."""

    secrets: Mapping[int, bytes] = field(repr=False)

    @classmethod
    def parse(cls, payload: bytes) -> Transforms:
        """Return what `payload` wrote; 32 bytes alone are the secret of number 1.

        Raises:
            DecryptionFailed: it is neither.
        """
        if len(payload) == SECRET:
            return cls({1: payload})
        width = NUMBER + SECRET
        if not payload or len(payload) % width:
            raise DecryptionFailed("The key of the templates' transform is damaged.")
        parts = [payload[at : at + width] for at in range(0, len(payload), width)]
        return cls({int.from_bytes(part[:NUMBER]): part[NUMBER:] for part in parts})

    def payload(self) -> bytes:
        return b"".join(number.to_bytes(NUMBER) + key for number, key in self.secrets.items())

    @property
    def newest(self) -> int:
        """The number that templates are written with."""
        return next(iter(self.secrets))

    @property
    def renewing(self) -> bool:
        """Whether templates of an older number may still be there."""
        return len(self.secrets) > 1

    def renewed(self) -> Transforms:
        """Return the same with a new secret before the others."""
        return Transforms({self.newest + 1: secrets.token_bytes(SECRET), **self.secrets})

    def without_older(self) -> Transforms:
        return Transforms({self.newest: self.secrets[self.newest]})

    def turn(self, rows: Rows, space: TemplateSpace) -> Rows:
        """Return plain rows (n, d) as they are stored under the newest number, float32 (n, d)."""
        turned: Rows = (rows @ self._matrix(self.newest, space).T).astype(np.float32)
        return turned

    def turn_back(self, stored: Rows, space: TemplateSpace, number: int) -> Rows:
        """Return the plain rows (n, d) of those that were stored under this number.

        Raises:
            DecryptionFailed: the secret of this number was destroyed.
        """
        if number == PLAIN:
            return stored
        plain: Rows = (stored @ self._matrix(number, space)).astype(np.float32)
        return plain

    def _matrix(self, number: int, space: TemplateSpace) -> Matrix:
        secret = self.secrets.get(number)
        if secret is None:
            raise DecryptionFailed(
                "A template was stored under a transform of the site that was renewed since; it "
                "cannot be used any more."
            )
        info = LABEL + number.to_bytes(NUMBER) + str(space).encode()
        return haar_matrix(hmac.digest(secret, info, "sha256"), space.dimension)


@lru_cache(maxsize=4)
def haar_matrix(seed: bytes, dimension: int) -> Matrix:
    """Return an orthogonal matrix, float64 (d, d), the same for the same seed on every machine.

    The QR decomposition, a product of Householder reflections, of a matrix of normal numbers is
    Haar-distributed once the diagonal of R is made positive (Mezzadri 2007). It is unique then:
    machines differ in the last bits of float64, far below what a float32 template holds.
    """
    normal = normal_numbers(seed, dimension * dimension).reshape(dimension, dimension)
    q, r = np.linalg.qr(normal)
    signs = np.where(np.diag(r) < 0, -1.0, 1.0)
    matrix: Matrix = (q * signs).astype(np.float64)
    matrix.setflags(write=False)
    return matrix


def normal_numbers(seed: bytes, count: int) -> npt.NDArray[np.float64]:
    """Return independent standard normal numbers, float64 (count,), from SHAKE-256 of the seed.

    Marsaglia's polar method: exact, and which pairs it keeps is decided without rounding that
    could differ between machines.
    """
    pairs = count // 2 + 1
    while True:
        u, v = _uniform(seed, 2 * pairs).reshape(-1, 2).T
        length = u * u + v * v
        kept = length < 1
        if 2 * np.count_nonzero(kept) >= count:
            break
        pairs *= 2  # a longer digest begins like the shorter one
    factor = np.sqrt(-2 * np.log(length[kept]) / length[kept])
    both = np.stack([u[kept] * factor, v[kept] * factor], axis=1)
    return np.asarray(both.reshape(-1)[:count], dtype=np.float64)


def _uniform(seed: bytes, count: int) -> npt.NDArray[np.float64]:
    """Return numbers between -1 and 1, never 0, each of 52 random bits."""
    bits = np.frombuffer(hashlib.shake_256(seed).digest(8 * count), dtype="<u8") >> np.uint64(12)
    return (bits.astype(np.float64) + 0.5) * 2.0**-51 - 1.0
