"""Pictures from files: any usual format in, BGR pixels out, within a bounded memory."""

from __future__ import annotations

import io
import struct
import threading
import warnings
import zlib
from pathlib import Path
from typing import IO

import cv2
import numpy as np
import numpy.typing as npt
import pillow_heif
from PIL import Image

from rollbook.domain.faces import Pixels
from rollbook.errors import UnreadableImage

MAX_PIXELS = 52_000_000  # cameras sold as "50 megapixels" give up to 8192 x 6144
MAX_BYTES = 256 * 1024 * 1024  # an uncompressed picture of MAX_PIXELS, and some room
FORMATS = ("JPEG", "MPO", "PNG", "WEBP", "HEIF", "AVIF", "TIFF", "BMP", "GIF", "PPM")
PICTURE_SUFFIXES = frozenset(
    ".jpg .jpeg .jpe .jfif .png .webp .heic .heif .avif .tif .tiff .bmp .gif .ppm .pgm".split()
)
"""What folders are searched for, lower case; the content decides what a file is."""

WHITE = 255
STRIP_ROWS = 256
ORIENTATION_TAG = 0x0112
# Pillow's readers raise all of these on files that were made or damaged to confuse them.
DAMAGED = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    EOFError,
    RuntimeError,
    MemoryError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
)

_opening = threading.Lock()  # warning filters are global to the process


def read_image(source: Path | bytes, *, enough: int | None = None) -> Pixels:
    """Return a picture upright as uint8 (height, width, 3), BGR; of an animation the first frame.

    Transparent places become white, 16-bit values are scaled to 8. `enough` is the longest side in
    pixels that the caller has a use for: a picture at least twice as large comes reduced, though
    never below it, and costs less time and memory.
    The peak is about 8 bytes a pixel beside the file itself: 400 MB for 50 megapixels.

    Raises:
        UnreadableImage: no picture, a damaged one, or one of more than MAX_PIXELS.
    """
    name = source.name if isinstance(source, Path) else "The picture"
    pixels, orientation = _decoded(source, name, enough)  # Pillow's own copy is gone by now
    return _upright(_reduced(pixels, enough), orientation)


def _decoded(source: Path | bytes, name: str, enough: int | None) -> tuple[Pixels, int]:
    with _stream(source, name) as stream, _opened(stream, name) as image:
        _refuse_bomb(image.size, name)
        orientation = _orientation(image)
        if enough is not None and image.format in {"JPEG", "MPO"}:
            image.draft(None, _size_for(image.size, enough))
        try:
            image.load()
            return _to_bgr(image), orientation
        except DAMAGED as error:
            raise UnreadableImage(
                "%(name)s is damaged or incomplete. Copy it again from where it came from.",
                name=name,
            ) from error


def encode_jpeg(pixels: Pixels, quality: int = 90) -> bytes:
    """Return BGR pixels as a JPEG file, without any data about camera or place."""
    done, data = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not done:
        raise ValueError(f"cannot encode an image of {pixels.dtype} {pixels.shape}")
    return bytes(data)


def _stream(source: Path | bytes, name: str) -> IO[bytes]:
    try:
        size = source.stat().st_size if isinstance(source, Path) else len(source)
        if size == 0:
            raise UnreadableImage(
                "%(name)s is empty. Copy it again from where it came from.", name=name
            )
        if size > MAX_BYTES:
            raise UnreadableImage(
                "%(name)s is too large to open safely. Save it as JPEG.", name=name
            )
        return source.open("rb") if isinstance(source, Path) else io.BytesIO(source)
    except OSError as error:
        reason = error.strerror or "unknown reason"
        raise UnreadableImage(
            "%(name)s cannot be opened: %(reason)s.", name=name, reason=reason
        ) from error


def _opened(stream: IO[bytes], name: str) -> Image.Image:
    """Return the picture with only its header read; never print what Pillow warns of."""
    pillow_heif.register_heif_opener(thumbnails=False)
    Image.init()
    known = [kind for kind in FORMATS if kind in Image.OPEN]
    with _opening, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return Image.open(stream, formats=known)
        except Image.DecompressionBombError as error:
            raise _too_large(name) from error
        except DAMAGED as error:
            raise UnreadableImage(
                "%(name)s is not a picture that can be opened. Use JPEG, PNG or HEIC.", name=name
            ) from error


def _refuse_bomb(size: tuple[int, int], name: str) -> None:
    if size[0] * size[1] > MAX_PIXELS:
        raise _too_large(name)


def _too_large(name: str) -> UnreadableImage:
    return UnreadableImage(
        "%(name)s has too many pixels to open safely. Make it smaller than 50 megapixels.",
        name=name,
    )


def _orientation(image: Image.Image) -> int:
    """Return the EXIF orientation, 1..8; 1 where there is none or it makes no sense."""
    with _opening, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            value = image.getexif().get(ORIENTATION_TAG, 1)
        except DAMAGED:
            return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _size_for(size: tuple[int, int], enough: int) -> tuple[int, int]:
    """Return the size whose longest side is `enough`, in the picture's proportions."""
    factor = min(1.0, enough / max(size))
    return max(1, round(size[0] * factor)), max(1, round(size[1] * factor))


def _to_bgr(image: Image.Image) -> Pixels:
    """Convert strip by strip, so that never two full copies of the picture exist."""
    width, height = image.size
    _refuse_bomb(image.size, "The picture")  # HEIC may change its size while it is decoded
    scale = _deep_scale(image)
    pixels = np.empty((height, width, 3), dtype=np.uint8)
    for top in range(0, height, STRIP_ROWS):
        bottom = min(top + STRIP_ROWS, height)
        strip = image.crop((0, top, width, bottom))
        pixels[top:bottom] = _strip(strip, scale)
    return pixels


def _strip(strip: Image.Image, scale: float | None) -> npt.NDArray[np.uint8]:
    """Return one strip as BGR; its first dimension may be broadcast for grey."""
    if scale is not None:
        deep = np.asarray(strip, dtype=np.float64) * scale
        grey = np.clip(np.nan_to_num(deep).round(), 0, 255).astype(np.uint8)
        return np.repeat(grey[:, :, None], 3, axis=2)
    if strip.has_transparency_data:
        rgba = strip.convert("RGBA")
        paper = Image.new("RGBA", strip.size, (WHITE, WHITE, WHITE, WHITE))
        strip = Image.alpha_composite(paper, rgba)
    return np.asarray(strip.convert("RGB"), dtype=np.uint8)[:, :, ::-1]


def _deep_scale(image: Image.Image) -> float | None:
    """Return what brings grey values of more than 8 bits to 0..255, or None for 8 bits."""
    if image.mode.startswith("I;16"):
        return 255.0 / 65535.0
    if image.mode not in {"I", "F"}:
        return None
    lowest_highest = image.getextrema()
    highest = float(lowest_highest[1])  # type: ignore[arg-type]  # one band, so two numbers
    for full in (1.0, 255.0, 65535.0) if image.mode == "F" else (255.0, 65535.0, 2.0**31 - 1):
        if highest <= full:
            return 255.0 / full
    return 255.0 / highest


def _reduced(pixels: Pixels, enough: int | None) -> Pixels:
    """Shrink by a whole factor while the longest side stays at least `enough`."""
    height, width = pixels.shape[:2]
    factor = max(height, width) // enough if enough else 1
    if factor < 2:
        return pixels
    size = (max(1, width // factor), max(1, height // factor))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _upright(pixels: Pixels, orientation: int) -> Pixels:
    """Undo the turn that EXIF tells of."""
    if orientation in {5, 6, 7, 8}:
        pixels = cv2.transpose(pixels)  # type: ignore[assignment]
    mirror = {2: 1, 3: -1, 4: 0, 6: 1, 7: -1, 8: 0}.get(orientation)
    if mirror is not None:
        cv2.flip(pixels, mirror, dst=pixels)
    return pixels
